#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/hash.hpp"
#include "core/ids.hpp"

namespace headgate::gateway {

/// What people name: an event, or one of its deliveries.
struct LetterId {
    EventId event;
    std::optional<Hash16> delivery;  // retry::DeliveryId::half
};

/// "EVENT", or "EVENT.HALF" of one of its deliveries.
[[nodiscard]] std::string letter_text(const EventId& event, const std::optional<Hash16>& delivery);
/// Back from it; nothing for what is none.
[[nodiscard]] std::optional<LetterId> parse_letter(std::string_view text);

}  // namespace headgate::gateway
