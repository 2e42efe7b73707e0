#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/hash.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

// Letters that wait for an entry of a vocabulary, and the entries that people add. All of this fails as a Redis command
// does and may be repeated.

/// A word that letters wait for.
struct AwaitedWords {
    struct Word {
        Hash16 key{};
        std::string what;
        std::uint64_t waiting = 0;  // letters
    };
    std::vector<Word> words;
    std::string next;  // "" at the end
};
/// A page of them, in no order; what changes meanwhile may come twice or not at all.
Task<AwaitedWords> awaited_words(net::Redis& redis, std::string cursor = {});
/// What is waited for under this name; nothing when nobody waits (any more).
Task<std::optional<std::string>> awaited_word(net::Redis& redis, Hash16 key);

/// A letter that waits for a word.
struct WaitingLetter {
    EventId event;
    std::uint64_t seq = 0;  // origin seq
    std::string channel;
    std::uint32_t round = 0;
};
inline constexpr std::size_t waiting_at_a_time = 64;
/// Those of one word behind this seq, oldest first, at most `waiting_at_a_time`; fewer: that is all there are.
Task<std::vector<WaitingLetter>> letters_waiting(net::Redis& redis, const Scripts& scripts, Hash16 key,
                                                 std::uint64_t after);

/// An entry that a person added to a vocabulary.
struct StoredEntry {
    std::string vocabulary;
    std::string word;
    std::string about;          // its value, who and why; opaque here
    std::uint64_t changes = 0;  // how many there had been when it was added, itself included
};
struct StoredEntries {
    std::vector<StoredEntry> entries;
    std::uint64_t changes = 0;  // at least so many are in `entries`
};
Task<StoredEntries> stored_entries(net::Redis& redis);
/// How often entries were added or taken back, ever.
Task<std::uint64_t> entry_changes(net::Redis& redis);

struct EntryWritten {
    std::uint64_t changes = 0;          // with this one
    std::optional<std::string> before;  // what was said about it
};
/// A later word replaces an earlier one; `about` "": taken back.
Task<EntryWritten> write_entry(net::Redis& redis, const Scripts& scripts, StoredEntry entry);

}  // namespace headgate::retry
