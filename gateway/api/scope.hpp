#pragma once

#include <string>

#include "core/async.hpp"
#include "core/ids.hpp"
#include "gateway/access.hpp"
#include "gateway/api/means.hpp"
#include "retry/delivery.hpp"
#include "retry/letter.hpp"

namespace headgate::gateway::api {

// What a caller whose token is limited may see. Of one that is not, nothing is asked and all is true. Each fails as
// Redis or history does.

/// Which channel an event came by; "" when nobody knows the event.
Task<std::string> channel_of(const Means& with, EventId event);
/// A dead letter, by its channel, type and queue.
Task<bool> may_see(const Means& with, const Caller& caller, const retry::Letter& letter);
/// A held delivery; one that is held no more is nobody's whose token is limited.
Task<bool> may_see_hold(const Means& with, const Caller& caller, retry::DeliveryId id);
/// An event, by its channel; where the token is limited to types or queues, by what of it waits there for a person.
Task<bool> may_see(const Means& with, const Caller& caller, EventId event);

}  // namespace headgate::gateway::api
