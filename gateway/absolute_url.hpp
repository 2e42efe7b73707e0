#pragma once

#include <optional>
#include <string>

#include "net/http/call.hpp"

namespace headgate::gateway {

/// A URL as a call needs it.
struct AbsoluteUrl {
    net::HttpOrigin origin;
    std::string target;  // path and query
};

/// Nothing when the text is no URL of http or https with a host, or has a login in it.
[[nodiscard]] std::optional<AbsoluteUrl> absolute_url(const std::string& text);

}  // namespace headgate::gateway
