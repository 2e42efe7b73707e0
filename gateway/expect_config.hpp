#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/config/schema.hpp"

namespace headgate::gateway {

/// How often a channel should be heard of, and when: silence beyond it is told.
struct ExpectConfig {
    config::Duration every{std::chrono::hours(1)};
    std::string from = "00:00";  // HH:MM in the channel's zone; later than `to`: over midnight
    std::string to = "24:00";
    std::vector<std::string> days;  // mon, tue, … on which it begins; empty: all
    void describe(config::Schema& schema);

    /// When what is open now has opened; nothing: it is closed. Epoch: it is always open.
    [[nodiscard]] std::optional<std::chrono::system_clock::time_point> open_since(
        std::chrono::system_clock::time_point now, std::string_view zone) const;
};

}  // namespace headgate::gateway
