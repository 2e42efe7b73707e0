#pragma once

#include <cstdint>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// The accept sequence (hg:seq), raised to `at_least` first. Fails as a Redis command does.
Task<std::uint64_t> accept_sequence(net::Redis& redis, const Scripts& scripts, std::uint64_t at_least);

}  // namespace headgate::retry
