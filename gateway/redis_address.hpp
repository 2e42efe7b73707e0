#pragma once

#include <string>

#include "core/result.hpp"
#include "net/redis/connection.hpp"

namespace headgate::gateway {

/// `redis://[user@]host[:port][/db]` or `unix:/path`; `bad_redis_url` otherwise. A password in the URL is refused: it
/// is a secret and has its own key.
Result<net::RedisAddress> parse_redis_url(std::string_view url);

}  // namespace headgate::gateway
