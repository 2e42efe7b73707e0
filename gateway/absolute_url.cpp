#include "gateway/absolute_url.hpp"

#include <boost/url/parse.hpp>

#include "gateway/systems/http_plan.hpp"

namespace headgate::gateway {

std::optional<AbsoluteUrl> absolute_url(const std::string& text)
{
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->has_userinfo() || url->encoded_host().empty() ||
        (url->scheme() != "https" && url->scheme() != "http"))
        return std::nullopt;
    AbsoluteUrl made{*origin_of(text), std::string(url->encoded_target())};
    if (!made.target.starts_with('/'))
        made.target = "/" + made.target;
    return made;
}

}  // namespace headgate::gateway
