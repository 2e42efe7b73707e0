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
/// Where it failed and what it is about, as `where` of `l:` keeps it: the place in the document, the one in the
/// configuration, and type, entity and order number of the transaction, a line each; then its fields, name=value.
[[nodiscard]] std::string where_of(const Letter& letter);

/// See telling.lua; `as` is a state or an outcome. The telling must live as long as the arguments.
void encode(const Telling& telling, std::string_view as, Arguments& out);
[[nodiscard]] std::size_t size_of(const Telling& telling);

[[nodiscard]] std::optional<DeliveryId> delivery_of(std::string_view raw);
/// From names that stand one after another, each behind the byte of its partition; nothing when they are none.
[[nodiscard]] std::optional<std::vector<DeliveryAt>> named_deliveries(std::string_view raw);
[[nodiscard]] std::optional<Ended> ended_of(std::string_view letter);

}  // namespace headgate::retry
