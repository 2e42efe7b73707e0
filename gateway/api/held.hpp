#pragma once

#include <expected>
#include <string>

#include "core/async.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"
#include "net/http/message.hpp"
#include "retry/delivery.hpp"

namespace headgate::gateway::api {

/// The held delivery that a call names, which has no parameters; one that the caller may not see is not held.
asio::awaitable<std::expected<retry::DeliveryId, net::Response>> hold_of(const Means& with, const Call& call);

/// Nothing of that name is held (any more).
[[nodiscard]] net::Response no_hold(const Means& with, const retry::DeliveryId& id);

}  // namespace headgate::gateway::api
