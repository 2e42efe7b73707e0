#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/document.hpp"
#include "core/result.hpp"
#include "gateway/stages/types.hpp"
#include "mapping/context.hpp"
#include "mapping/expression.hpp"

namespace headgate::gateway {

/// The system that events of several are delivered to: Headgate's own door. No configured system has its name.
inline constexpr std::string_view door_name = "intake";
inline constexpr std::size_t most_items = 100'000;

/// Whether the event is taken apart instead of mapped: its topic says `split`, and it is no item itself.
[[nodiscard]] bool unfolds(const Event& event, const Topic& topic);

/// The items that an expression finds in a document, as a list of their own. `split_wrong` (permanent) when it is no
/// list, `limit_items` beyond `most_items`.
[[nodiscard]] Result<Document> items_of(const mapping::Expression& split, const mapping::MappingContext& context,
                                        std::string& text);

/// What is delivered to the door: the event's items. The same event gives the same, so a second sending finds
/// everything accepted.
[[nodiscard]] Result<Routed> unfold(const Event& event, const Decoded& decoded);

/// What arrives of it: envelopes without ids, for `identify`. An item that names neither topic nor key has its
/// parent's, and its place behind the key.
[[nodiscard]] Result<std::vector<Envelope>> unfolded(const Channel& channel, std::string_view transaction);

}  // namespace headgate::gateway
