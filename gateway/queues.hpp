#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/schema.hpp"

namespace headgate::gateway {

/// Where dead letters, held deliveries and work items wait for people.
struct QueueConfig {
    /// What it takes: whatever fits all of the lists that are given.
    struct Takes {
        std::vector<std::string> types;
        std::vector<std::string> channels;
        std::vector<std::string> systems;
        std::vector<std::string> codes;
        void describe(config::Schema& schema);
    };
    std::string name = "default";
    std::string where;
    std::string owner;  // an address that people know; empty: nobody was named
    std::vector<std::string> roles{"operator"};
    config::Duration sla{std::chrono::days(1)};  // by then somebody has looked
    Takes takes;
    void describe(config::Schema& schema);
};

/// What waits, as far as it is known: an event that was not mapped has no system, and one that was not read no type.
struct WaitsFor {
    std::string_view code;
    std::string_view channel;
    std::string_view type;
    std::string_view system;
};

/// The first queue that takes it, else the one called `default`; where none is configured, one that nobody owns.
[[nodiscard]] const QueueConfig& queue_of(const std::vector<QueueConfig>& queues, const WaitsFor& what);

}  // namespace headgate::gateway
