#pragma once

#include <algorithm>
#include <string_view>

namespace headgate::gateway {

/// What people name channels, systems, queues and tokens: it stands in keys, paths and URLs.
[[nodiscard]] inline bool is_name(std::string_view text)
{
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    });
}

/// Names of DATA/secrets that are Headgate's own: a channel of that name would share its generated secret with them.
[[nodiscard]] inline bool is_reserved(std::string_view name)
{
    return name == "admin-token" || name == "redis";
}

}  // namespace headgate::gateway
