#pragma once

#include <optional>

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// The answer to a vendor's question whether somebody is at a channel's URL; nothing when the request is none. It is
/// asked before there is anything signed, so it stores nothing and tells nothing but what the connector says. 401
/// `challenge_refused`, 429 `rate_exceeded`.
[[nodiscard]] std::optional<Intake<net::Response>> challenge(const net::Request& request, const Channel& channel);

}  // namespace headgate::gateway
