#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/schema.hpp"
#include "gateway/access.hpp"
#include "gateway/queues.hpp"
#include "mapping/expression.hpp"

namespace headgate::gateway {

/// Deliveries that are not sent before somebody has approved them.
struct HoldConfig {
    struct Approve {
        /// What becomes of it when nobody has decided in time.
        enum class Else : std::uint8_t { escalate, reject };
        Role role = Role::approver;
        std::string queue = "default";
        bool four_eyes = false;                  // never by who has put its event back to work
        std::optional<config::Duration> within;  // default: the queue's `sla`
        Else otherwise = Else::escalate;
        void describe(config::Schema& schema);
    };
    std::string where;
    std::string id;
    std::vector<std::string> types;
    std::vector<std::string> channels;
    std::vector<std::string> systems;
    config::PlacedText when;  // about the transaction
    Approve approve;
    void describe(config::Schema& schema);
};

/// The same with its condition compiled.
struct HoldRule {
    HoldConfig config;
    mapping::Expression when;

    /// Whether it asks about such a delivery at all.
    [[nodiscard]] bool concerns(const WaitsFor& what) const;
};

}  // namespace headgate::gateway
