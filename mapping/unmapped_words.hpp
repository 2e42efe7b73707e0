#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::mapping {

/// What vocabularies had no entry for, since the process began: a count for each table, and the words themselves, which
/// are vendors' codes. Bounded, whatever senders write: a thousand words a table, 64 bytes a word and a mark where it
/// was cut; what is beyond is counted as `others`. Calls may overlap.
class UnmappedWords {
public:
    static constexpr std::size_t most_words = 1'000;
    static constexpr std::size_t most_bytes = 64;
    /// A word as it is listed: one that is longer is cut, and ends in `…`.
    [[nodiscard]] static std::string listed(std::string_view word);

    /// One more. Without a word it is counted only: what people wrote is not listed.
    void add(std::string_view vocabulary, std::string_view word = {});

    struct Table {
        std::string vocabulary;
        std::uint64_t total = 0;
        std::uint64_t others = 0;                                  // of the total, those without a word below
        std::vector<std::pair<std::string, std::uint64_t>> words;  // the most frequent first
    };
    /// Every table that missed a word, by name.
    [[nodiscard]] std::vector<Table> list() const;
    /// The same without the words.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> totals() const;

private:
    struct Counts {
        std::uint64_t total = 0;
        std::uint64_t others = 0;
        std::map<std::string, std::uint64_t, std::less<>> words;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Counts, std::less<>> tables_;  // as many as the configuration has
};

}  // namespace headgate::mapping
