#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/envelope.hpp"
#include "gateway/configuration.hpp"

namespace headgate::gateway {

/// The day (UTC) that the vendor says an item is of, which a poll has brought: a header that no request can set.
inline constexpr std::string_view poll_day_header = "headgate-poll-day";

/// Which poll has brought an event, and of which day it is; nothing of others.
[[nodiscard]] inline std::optional<std::pair<std::string, std::string>> polled(const Envelope& envelope)
{
    constexpr std::string_view by_poll = "poll ";
    if (!envelope.intake.starts_with(by_poll))
        return std::nullopt;
    std::pair<std::string, std::string> found(envelope.intake.substr(by_poll.size()), "");
    for (const auto& [name, value] : envelope.headers)
        if (name == poll_day_header)
            found.second = value;
    return found;
}

/// Whether what is applied of this event is what a webhook should have brought.
[[nodiscard]] inline bool was_missed(const Channel& channel, const Envelope& envelope)
{
    const auto by = polled(envelope);
    if (!by || !channel.connector->config.signature.given())
        return false;
    const auto poll = channel.connector->polls.find(by->first);
    return poll != channel.connector->polls.end() && poll->second.config.webhook;
}

}  // namespace headgate::gateway
