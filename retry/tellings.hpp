#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retry/batcher.hpp"
#include "retry/delivery.hpp"

namespace headgate::retry {

// What the scripts of deliveries are told and what they answer; for the sources of this folder.

/// Milliseconds since 1970; 0 for what is before.
[[nodiscard]] std::string milliseconds(Millis at);
/// Document and configuration in one text, as `l:` keeps it.
[[nodiscard]] std::string text_of(const Where& where);

/// See telling.lua; `as` is a state or an outcome. The telling must live as long as the arguments.
void encode(const Telling& telling, std::string_view as, Arguments& out);
[[nodiscard]] std::size_t size_of(const Telling& telling);

[[nodiscard]] std::optional<DeliveryId> delivery_of(std::string_view raw);
/// From names that stand one after another, each behind the byte of its partition; nothing when they are none.
[[nodiscard]] std::optional<std::vector<DeliveryAt>> named_deliveries(std::string_view raw);
[[nodiscard]] std::optional<Ended> ended_of(std::string_view letter);

}  // namespace headgate::retry
