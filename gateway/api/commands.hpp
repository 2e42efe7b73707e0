#pragma once

#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"

namespace headgate::gateway::api {

/// Many commands in one round trip: their replies, in order; or the first failure of any.
Task<std::vector<net::Reply>> together(net::Redis& redis, std::vector<std::vector<std::string>> commands);

}  // namespace headgate::gateway::api
