#pragma once

#include <optional>
#include <string>

#include "net/http/call.hpp"

namespace headgate::gateway {

struct KeyUrl {
    net::HttpOrigin origin;
    std::string target;
};

/// Where a key is asked for; nothing when the text is no URL of http or https, or has a login in it.
[[nodiscard]] std::optional<KeyUrl> key_url(const std::string& text);

}  // namespace headgate::gateway
