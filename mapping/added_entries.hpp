#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"

namespace headgate::mapping {

/// An entry that a person gave a running Headgate.
struct AddedEntry {
    std::string vocabulary;
    std::string word;   // of factors: "CS EA", or "CS EA ITEM" for one item
    std::string value;  // of factors: a number above zero
};

/// What people added to vocabularies while Headgate runs; it counts where the files say nothing. Calls may overlap, and
/// what was found stays where it is for as long as this object lives.
class AddedEntries {
public:
    /// These and no others from here on. `changes`: how many have been made, ever.
    void replace(const std::vector<AddedEntry>& entries, std::uint64_t changes);
    /// Whether there is one: nearly never, so whoever would make a word to ask for asks this first.
    [[nodiscard]] bool any() const { return any_.load(std::memory_order_acquire); }
    [[nodiscard]] std::uint64_t changes() const { return changes_.load(std::memory_order_relaxed); }

    [[nodiscard]] const std::string* find(std::string_view vocabulary, std::string_view word) const;
    /// The words that mean `code`, in the order of words.
    [[nodiscard]] std::vector<const std::string*> find_back(std::string_view vocabulary, std::string_view code) const;
    [[nodiscard]] const Decimal* factor(std::string_view vocabulary, std::string_view word) const;

private:
    struct Texts {
        const std::string* word;
        const std::string* value;
        const Decimal* factor;  // null when the value is no number
    };
    using Table = std::map<std::string_view, Texts>;

    [[nodiscard]] const Texts* texts(std::string_view vocabulary, std::string_view word) const;

    mutable std::mutex mutex_;
    std::map<std::string, Table, std::less<>> tables_;
    std::set<std::string> kept_;  // whoever maps may hold one
    std::map<std::string, Decimal> kept_factors_;
    std::atomic<bool> any_{false};
    std::atomic<std::uint64_t> changes_{0};
};

}  // namespace headgate::mapping
