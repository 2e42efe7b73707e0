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
            return bad("unix: is followed by an absolute path");
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
        return bad("the password does not stand in the URL; give it as `password: env:NAME`");
    address.host = parsed->host_address();
    address.username = parsed->user();
    if (parsed->has_port())
        address.port = parsed->port_number();
    if (const std::string path = parsed->path(); path.size() > 1) {
        const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), address.db);
        if (error != std::errc{} || end != path.data() + path.size() || address.db < 0)
            return bad("what follows the host is the number of a database");
    }
    return address;
}

}  // namespace headgate::gateway
