#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.hpp"

namespace headgate {

/// How order matters for a canonical type: `latest` is full state (newer passes, an older one is stale),
/// `sequence` is patches (a dead one blocks its lane), `free` is facts with their own id.
enum class Order : std::uint8_t { latest, sequence, free };
inline constexpr std::array<std::pair<std::string_view, Order>, 3> order_names{
    {{"latest", Order::latest}, {"sequence", Order::sequence}, {"free", Order::free}}};
[[nodiscard]] constexpr std::string_view name_of(Order order)
{
    return order_names[static_cast<std::size_t>(order)].first;
}
[[nodiscard]] constexpr std::optional<Order> order_of(std::string_view name)
{
    for (const auto& [known, order] : order_names)
        if (known == name)
            return order;
    return std::nullopt;
}

/// Which of two tellings of one fact is newer. `none` means the mapping gave no version: arrival orders.
struct Version {
    enum class Kind : std::uint8_t { none, integer, time, text, once };
    Kind kind = Kind::none;
    std::string text;  // integer: shortest digits; time: RFC 3339 UTC with nine fractional digits; text: as given
};

/// What is no failure and worth knowing about a transaction: a default was taken, a local time was doubtful. Names
/// places, never values.
struct Warning {
    std::string code;        // stable and documented: "default_taken"
    std::string path;        // the output field: "lines[0].state"
    std::string config;      // file:line:column
    std::string vocabulary;  // the table, when it is about one
    bool operator==(const Warning&) const = default;
};

/// What must be there before a transaction can be applied: a fact of this type about this entity, and with the entity
/// for its id.
struct Parent {
    std::string type;    // "sales_order"
    std::string family;  // of the type
    std::string entity;
    bool operator==(const Parent&) const = default;
};

/// A canonical ERP transaction as mapped from a document: what is applied at a system.
struct Transaction {
    std::string type;    // "sales_order"
    std::string family;  // types that share a guard; default: the type
    Order order = Order::latest;
    Slot slot;
    std::string entity;  // what stays in order: "order/450789469"
    std::string id;      // which fact about it; default: the entity
    Version version;
    std::vector<Parent> parents{};    // `depends_on`
    bool overtakes = false;           // older ones about the entity that were never sent are needless now
    std::string json;                 // the fields, deterministic to the byte, money as exact text
    std::vector<Warning> warnings{};  // in output order; at most a hundred are kept
};

}  // namespace headgate
