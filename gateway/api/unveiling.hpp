#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/route.hpp"

namespace headgate::gateway::api {

/// What of a query asks to see what is personal, `reveal` and `why`, and the rest of it.
struct Unveiling {
    bool asked = false;
    bool reveal = false;
    bool readable = true;  // `reveal` is true or false
    std::string why;
    std::string rest;
};

[[nodiscard]] Unveiling unveiling_of(std::string_view query);

/// Why that may not be: 403 `role_wanted` for who is no operator, 400 `why_missing` or `bad_query`.
[[nodiscard]] std::optional<net::Response> refusal(const Unveiling& unveiling, const Route& route,
                                                   const Caller& caller);

}  // namespace headgate::gateway::api
