#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decimal.hpp"
#include "core/problem.hpp"
#include "core/result.hpp"
#include "mapping/added_entries.hpp"
#include "mapping/missed_word.hpp"

namespace headgate::mapping {

/// One rule of a table that `classify` reads: the first whose words stand in the text, and none of `without`, gives its
/// code.
struct KeywordRule {
    std::string id;
    std::string code;
    Decimal confidence{1};
    std::vector<std::string> any;      // normalised: " too small ", " defect"
    std::vector<std::string> without;  // the same
};

/// One table. `unmapped` says where a missing entry leads when the call names no default. The event becomes a letter by
/// all of `dead`, `park` and `hold`; one that parks goes back to work by itself once the entry is there.
struct Vocabulary {
    enum class Kind : std::uint8_t {
        words,    // a vendor's word to ours: `lookup`, `lookup_back`
        rules,    // what people write to a code: `classify`
        factors,  // a unit to another: `convert`
    };
    enum class Unmapped : std::uint8_t { dead, park, hold, use_default };
    using Words = std::map<std::string, std::string, std::less<>>;
    using Factors = std::map<std::string, std::map<std::string, Decimal, std::less<>>, std::less<>>;  // from, to
    struct Conversion {
        const Decimal* factor;
        bool back;  // it says how many of the first unit one of the second is
    };
    struct InFile {
        std::string word;  // of a factor it may be the other direction's
        std::string value;
    };

    std::string name;
    std::string file;
    std::string version;  // as the file says; may be empty
    Kind kind = Kind::words;
    Unmapped unmapped = Unmapped::dead;
    std::string fallback;  // for use_default
    Words entries;
    std::map<std::string, Words, std::less<>> overlays;  // a channel's own entries
    std::map<std::string, std::string, std::less<>> overlay_files;
    std::vector<KeywordRule> rules;
    Factors factors;
    std::map<std::string, Factors, std::less<>> item_factors;
    std::shared_ptr<const AddedEntries> added;  // what the files do not say; null outside of `Vocabularies`

    /// The entry of a word, the channel's own first; null when there is none.
    [[nodiscard]] const std::string* find(std::string_view word, std::string_view channel) const;
    /// The first word, in the order of words, that means `code` for the channel.
    [[nodiscard]] const std::string* find_back(std::string_view code, std::string_view channel) const;
    /// The rule that a text fulfils first; null when it fulfils none. `looked_at` grows by the bytes that were read.
    [[nodiscard]] const KeywordRule* classify(std::string_view text, std::uint64_t& looked_at) const;
    /// How many `to` one `from` is, or the other way round: of the item itself first, then of all; of each the file
    /// before what was added, and of each of those the direction that was asked for first.
    [[nodiscard]] std::optional<Conversion> conversion(std::string_view from, std::string_view to,
                                                       std::string_view item) const;
    /// Whether what was missed by an event of the channel leads somewhere now: to an entry, or to a default.
    [[nodiscard]] bool has(const MissedWord& missed, std::string_view channel) const;
    /// Tells these rules from others.
    [[nodiscard]] std::string rules_digest() const;
    /// What the table's own file says of a word that may be added; nothing when it says nothing.
    [[nodiscard]] std::optional<InFile> in_file(std::string_view word) const;
    /// Whether a file that says this says the same.
    [[nodiscard]] bool agrees(const InFile& said, std::string_view word, std::string_view value) const;
};

/// Whether a person may add this to the table: an entry of its kind, which its file has not. `bad_entry`,
/// `no_entries`, `entry_in_file`.
[[nodiscard]] Result<void> check_entry(const Vocabulary& table, std::string_view word, std::string_view value);
/// The units and the item (may be "") of a factor's word; nothing when it is none.
struct FactorWord {
    std::string_view from, to, item;
};
[[nodiscard]] std::optional<FactorWord> factor_word(std::string_view word);

/// The tables of one configuration generation: `<dir>/<name>.yaml`, and `<dir>/<channel>/<name>.yaml` with entries of
/// one channel, which lie over those of the table. Immutable once loaded but for `added`; reading may overlap. The
/// files are described in docs/mapping.md.
class Vocabularies {
public:
    /// Adds every *.yaml of a folder; a table named before is replaced as a whole and keeps its overlays.
    std::expected<void, Problems> load(const std::string& dir);
    void add(Vocabulary table);
    [[nodiscard]] const Vocabulary* find(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> names(Vocabulary::Kind kind) const;
    /// What is no mistake and worth a look: tables that replaced others.
    [[nodiscard]] const Problems& notes() const { return notes_; }
    /// What people add while Headgate runs, of all tables.
    [[nodiscard]] AddedEntries& added() const { return *added_; }
    /// The channels that overlays were given for, each with its folder.
    [[nodiscard]] const std::map<std::string, std::string>& overlaid() const { return overlaid_; }

private:
    std::map<std::string, Vocabulary, std::less<>> tables_;
    std::map<std::string, std::string> overlaid_;
    std::shared_ptr<AddedEntries> added_ = std::make_shared<AddedEntries>();
    Problems notes_;
};

}  // namespace headgate::mapping
