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
/// The type of what is delivered there, and to a vendor's API: no canonical one.
inline constexpr std::string_view events_type = "events";
inline constexpr std::size_t most_items = 100'000;

/// Whether the event is taken apart or fetched instead of mapped: its topic says so, and it is no item or fetched
/// itself. `api_missing` (permanent) when it has to be fetched, and the channel has no API.
[[nodiscard]] Result<bool> unfolds(const Event& event, const Decoded& decoded);

/// The items that an expression finds in a document, as a list of their own. `split_wrong` (permanent) when it is no
/// list, `limit_items` beyond `most_items`.
[[nodiscard]] Result<Document> items_of(const mapping::Expression& split, const mapping::MappingContext& context,
                                        std::string& text, std::string_view key = "split");

/// What is delivered: to the door the event's items, to the API what is to be fetched. The same event gives the same,
/// so a second sending finds everything accepted.
[[nodiscard]] Result<Routed> unfold(const Event& event, const Decoded& decoded);

/// What arrives of it: envelopes without ids, for `identify`. An item that names neither topic nor key has its
/// parent's, and its place behind the key.
[[nodiscard]] Result<std::vector<Envelope>> unfolded(const Channel& channel, std::string_view transaction);

/// What is to be fetched for an event, as it was delivered.
struct ToFetch {
    Envelope event;    // what comes of it, as yet without what is fetched: its body is the event's document
    std::string path;  // from the API's URL on
    const Fetch* how = nullptr;
};
/// `not_fetched` (permanent) when the topic does not fetch any more.
[[nodiscard]] Result<ToFetch> to_fetch(const Channel& channel, std::string_view transaction);

}  // namespace headgate::gateway
