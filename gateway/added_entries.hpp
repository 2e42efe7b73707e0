#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/async.hpp"
#include "gateway/configuration.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "retry/words.hpp"

namespace headgate::gateway {

/// What is kept beside an entry that a person added to a vocabulary.
struct EntryNote {
    std::string value;
    std::string who;
    std::string why;  // may be ""
    std::string at;   // RFC 3339
};
[[nodiscard]] std::string text_of(const EntryNote& note);
/// Nothing when it was not written here.
[[nodiscard]] std::optional<EntryNote> read_note(std::string_view about);

/// Why an added entry does not count.
struct Unused {
    std::string why;
    bool said_by_file = false;  // which says the same
};
/// Nothing when it counts.
[[nodiscard]] std::optional<Unused> unused(const Configuration& configuration, const retry::StoredEntry& entry,
                                           const EntryNote& note);

/// Reads what people added to vocabularies: it counts from here on, where the files do not say otherwise. Entries that
/// do not count, and that no file says as well, are a note of /readyz. Fails as a Redis command does, and then
/// everything stays as it was.
Task<void> read_entries(net::Redis& redis, const Configuration& configuration, observability::Health& health);

}  // namespace headgate::gateway
