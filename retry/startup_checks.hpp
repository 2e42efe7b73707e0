#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"

namespace headgate::retry {

enum class Durability : std::uint8_t {
    strict,   // appendfsync always
    relaxed,  // appendfsync everysec (always is fine too): up to a second of what was answered can be lost
};

/// A setting without which Redis does not keep what Headgate promises.
struct StartupFinding {
    std::string name;     // what a configuration waives it by: `unchecked: [maxmemory]`
    std::string text;     // what is and what should be
    bool advice = false;  // a risk that is told and no reason to refuse
};

/// Names: version, appendonly, appendfsync, no-appendfsync-on-rewrite, maxmemory, maxmemory-policy,
/// auto-aof-rewrite-min-size, and as advice aof-load-truncated. A setting that cannot be read (CONFIG forbidden) is a
/// finding by its name too. Empty: all is well. Fails as a Redis command does.
Task<std::vector<StartupFinding>> check_redis(net::Redis& redis, Durability durability);

}  // namespace headgate::retry
