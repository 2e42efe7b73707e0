#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"

namespace headgate::retry {

/// The stored envelopes of events, in the order asked; nothing where Redis has none. They come in several answers where
/// they are large, so that each keeps Redis's deadline. Fails as a Redis command does; may be repeated.
Task<std::vector<std::optional<std::string>>> envelopes(net::Redis& redis, std::vector<EventId> events);

}  // namespace headgate::retry
