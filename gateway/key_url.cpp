#include "gateway/key_url.hpp"

#include <boost/url/parse.hpp>

namespace headgate::gateway {

std::optional<KeyUrl> key_url(const std::string& text)
{
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->has_userinfo() || url->encoded_host().empty())
        return std::nullopt;
    const bool tls = url->scheme() == "https";
    if (!tls && url->scheme() != "http")
        return std::nullopt;
    KeyUrl made{{tls, std::string(url->host_address()), tls ? std::uint16_t{443} : std::uint16_t{80}},
                std::string(url->encoded_target())};
    if (url->has_port() && url->port_number() != 0)
        made.origin.port = url->port_number();
    if (!made.target.starts_with('/'))
        made.target = "/" + made.target;
    return made;
}

}  // namespace headgate::gateway
