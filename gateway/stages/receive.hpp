#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// What the intake may still take on.
struct IntakeState {
    bool redis_connected = true;
};

/// Whether a channel takes anything now: 429 rate_exceeded, 503 channel_closed, redis_unavailable.
Intake<void> admits(const Channel& channel, RateLimiter& listener_rate, const IntakeState& state);

/// Finds the channel of `POST /hooks/<channel>` and whether it takes events now: 404 unknown_channel,
/// 405 method_not_allowed, 429 rate_exceeded, 503 channel_closed, backlog_full, redis_unavailable.
/// `channel`: the one at the request's path, or null.
Intake<Received> receive(net::Request& request, const Channel* channel, RateLimiter& listener_rate,
                         const IntakeState& state);

}  // namespace headgate::gateway
