#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"

namespace headgate::retry {

/// What commands answer that are asked in one write, in their order, a number or the text of one; 0 where there is none
/// and where a key is of another type. For the sources
/// of this folder. Fails as a Redis command does.
Task<std::vector<std::int64_t>> integers(net::Redis& redis, std::vector<std::vector<std::string>> commands);

}  // namespace headgate::retry
