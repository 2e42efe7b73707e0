#include "gateway/redis_address.hpp"

#include <charconv>

#include <boost/url/parse.hpp>

namespace headgate::gateway {

Result<net::RedisAddress> parse_redis_url(std::string_view url)
{
    const auto bad = [](std::string detail) {
        return fail(FailureClass::permanent, "bad_redis_url", std::move(detail));
    };
    net::RedisAddress address;
    if (url.starts_with("unix:")) {
        address.unix_path = url.substr(5);
        if (address.unix_path.empty() || address.unix_path.front() != '/')
            return bad("unix: is followed by an absolute path, as in unix:/run/redis.sock");
        if (address.unix_path.find_first_of("?#") != std::string::npos)
            return bad("behind unix: stands a path and nothing else; a database cannot be chosen there");
        return address;
    }
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->host().empty())
        return bad("`redis.url` is redis://host:port/db or unix:/path");
    if (parsed->scheme() == "rediss")
        return fail(FailureClass::permanent, "not_yet", "rediss:// (TLS to Redis) is not in this version");
    if (parsed->scheme() != "redis")
        return bad("`redis.url` is redis://host:port/db or unix:/path");
    if (parsed->has_password())
        return bad("the password does not stand in `redis.url`; give it as `password: env:NAME`");
    address.host = parsed->host_address();
    address.username = parsed->user();
    if (parsed->has_port()) {
        const std::string port = parsed->port();
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
        if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
            return bad("the port in `redis.url` is a number from 1 to 65535");
    }
    if (parsed->has_query() || parsed->has_fragment())
        return bad("`redis.url` ends with the number of the database; what follows ? or # would not be read");
    if (const std::string path = parsed->path(); path.size() > 1) {
        const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), address.db);
        if (error != std::errc{} || end != path.data() + path.size() || address.db < 0)
            return bad("what follows the host in `redis.url` is the number of a database, as in redis://host:6379/0");
    }
    return address;
}

}  // namespace headgate::gateway
