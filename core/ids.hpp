#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/hash.hpp"

namespace headgate {

/// The name of an accepted event: a UUIDv7 (RFC 9562 §5.7), so names sort by the millisecond they were made.
class EventId {
public:
    EventId() = default;
    /// A new id for this instant; never the same twice. Calls may overlap.
    static EventId make(std::chrono::system_clock::time_point now);
    /// The first there could be of this millisecond: those made before sort in front of it.
    static EventId first_at(std::chrono::system_clock::time_point instant);
    /// The canonical 36-character form, in either case; nothing otherwise.
    static std::optional<EventId> parse(std::string_view text);

    [[nodiscard]] std::string text() const;
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    auto operator<=>(const EventId&) const = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// A share of the work: 0..63, fixed by source and order key for the life of the data.
inline constexpr int partition_count = 64;
using Partition = std::uint8_t;
[[nodiscard]] Partition partition_of(std::string_view source, std::string_view order_key);

/// Where a transaction stands in its event: the mapping's name and the place of the `each` item ("" without one).
struct Slot {
    std::string mapping;
    std::string place;
    auto operator<=>(const Slot&) const = default;
    [[nodiscard]] std::string text() const { return place.empty() ? mapping : mapping + "#" + place; }
};

/// What every system gets as idempotency key and stamp. Made of no mapped value, so a mended mapping never posts
/// twice. `nonce` is empty but for a replay that asks to be a new thing.
class EffectKey {
public:
    EffectKey() = default;
    EffectKey(std::string_view source, std::string_view topic, std::string_view idempotency_key, const Slot& slot,
              std::string_view system, std::string_view nonce = {});
    [[nodiscard]] std::string text() const { return to_hex(bytes_); }
    [[nodiscard]] const Digest& bytes() const { return bytes_; }
    auto operator<=>(const EffectKey&) const = default;

private:
    Digest bytes_{};
};

}  // namespace headgate

template <>
struct std::hash<headgate::EventId> {
    std::size_t operator()(const headgate::EventId& id) const noexcept
    {
        std::size_t value = 0;
        for (std::size_t i = 8; i < 16; ++i)
            value = value << 8U | id.bytes()[i];
        return value;
    }
};
