#include "mapping/vocabularies.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/hash.hpp"
#include "core/utf8.hpp"
#include "mapping/fold.hpp"
#include "mapping/folder.hpp"
#include "mapping/yaml_file.hpp"

namespace headgate::mapping {

namespace {

/// Words with one space around each: what is written with other marks between them reads the same.
std::string normalised(std::string_view text)
{
    std::string made = " ";
    const std::string fold = folded(text);
    const auto space = [&made] {
        if (made.back() != ' ')
            made += ' ';
    };
    for (std::size_t i = 0; i < fold.size(); ++i) {
        const char letter = fold[i];
        const std::string_view rest = std::string_view(fold).substr(i);
        if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'))
            made += letter;
        else if (static_cast<unsigned char>(letter) < 0x80)
            space();
        else if (rest.starts_with("\xC2") || rest.starts_with("\xE2\x80"))  // Latin-1's marks, dashes, curly quotes
            space(), i += rest.starts_with("\xC2") ? 1 : 2;
        else
            made += letter;
    }
    space();
    return made;
}

/// std::string_view::find takes the product of both sizes at worst; this one their sum.
bool stands_in(std::string_view text, std::string_view part)
{
    return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

const Decimal* factor_in(const Vocabulary::Factors& some, std::string_view from, std::string_view to)
{
    const auto unit = some.find(from);
    if (unit == some.end())
        return nullptr;
    const auto found = unit->second.find(to);
    return found == unit->second.end() ? nullptr : &found->second;
}

/// As `factor_word` reads it.
std::string word_of_factor(std::string_view from, std::string_view to, std::string_view item)
{
    auto word = std::string(from).append(" ").append(to);
    if (!item.empty())
        word.append(" ").append(item);
    return word;
}

/// Reads one file into a table.
class VocabularyReader {
public:
    VocabularyReader(const YamlFile& file, Vocabulary& table, Problems& problems)
        : file_(file),
          table_(table),
          problems_(problems)
    {}

    /// An overlay has `entries` and nothing else.
    void read(bool overlay)
    {
        if (!file_.root().IsMap())
            return wrong(file_.root(), "wrong_value", "a vocabulary is a mapping with `entries`, `rules` or `factors`");
        int kinds = 0;
        for (const auto& entry : file_.root()) {
            const std::string key = entry.first.Scalar();
            if (overlay && key != "entries") {
                wrong(entry.first, "unknown_key", "what a channel lays over a vocabulary has no `" + key + "`",
                      "entries");
            } else if (key == "entries") {
                ++kinds;
                words(entry.second);
            } else if (key == "rules") {
                ++kinds;
                table_.kind = Vocabulary::Kind::rules;
                rules(entry.second);
            } else if (key == "factors") {
                ++kinds;
                table_.kind = Vocabulary::Kind::factors;
                factors(entry.second, table_.factors);
            } else if (key == "items") {
                items(entry.second);
            } else if (key == "unmapped") {
                unmapped(entry.second);
            } else if (key == "version" && entry.second.IsScalar()) {
                table_.version = entry.second.Scalar();
            } else {
                wrong(entry.first, "unknown_key", "a vocabulary has no `" + key + "`",
                      "version, unmapped, and one of entries, rules and factors (with items)");
            }
        }
        if (kinds > 1)
            wrong(file_.root(), "wrong_value", "a vocabulary has one of `entries`, `rules` and `factors`");
        if (!table_.item_factors.empty() && table_.kind != Vocabulary::Kind::factors)
            wrong(file_.root(), "wrong_value", "`items` refines `factors`, and here are none");
    }

private:
    void wrong(const YAML::Node& node, std::string code, std::string message, std::string hint = {})
    {
        problems_.push_back(file_.problem(node, std::move(code), std::move(message), std::move(hint)));
    }

    void unmapped(const YAML::Node& node)
    {
        using enum Vocabulary::Unmapped;
        if (node.IsMap() && node.size() == 1 && node["default"] && node["default"].IsScalar()) {
            table_.unmapped = use_default;
            table_.fallback = node["default"].Scalar();
            return;
        }
        for (const auto& [word, way] : {std::pair{"dead", dead}, {"park", park}, {"hold", hold}}) {
            if (node.IsScalar() && node.Scalar() == word) {
                table_.unmapped = way;
                return;
            }
        }
        wrong(node, "wrong_value", "`unmapped` says where a missing entry leads",
              "dead, park, hold or {default: word}");
    }

    void words(const YAML::Node& node)
    {
        if (!node.IsMap())
            return wrong(node, "wrong_value", "`entries` holds a word to a word");
        for (const auto& word : node) {
            if (!word.first.IsScalar() || !word.second.IsScalar())
                wrong(word.first, "wrong_value", "an entry is a word to a word");
            else
                table_.entries[word.first.Scalar()] = word.second.Scalar();
        }
    }

    void rules(const YAML::Node& node)
    {
        if (!node.IsSequence())
            return wrong(node, "wrong_value", "`rules` is a list; the first that holds decides");
        for (const auto& rule : node) {
            if (!rule.IsMap() || !rule["code"] || !rule["code"].IsScalar() || !rule["any"]) {
                wrong(rule, "wrong_value", "a rule has a `code` and the words it is known by in `any`",
                      "{ id: small, code: size_fit, any: [too small], confidence: 0.9 }");
                continue;
            }
            KeywordRule made;
            made.code = rule["code"].Scalar();
            made.id = made.code;
            for (const auto& entry : rule) {
                const std::string key = entry.first.Scalar();
                if (key == "any")
                    made.any = phrases(entry.second);
                else if (key == "without")
                    made.without = phrases(entry.second);
                else if (key == "id" && entry.second.IsScalar())
                    made.id = entry.second.Scalar();
                else if (key == "confidence")
                    made.confidence = confidence(entry.second);
                else if (key != "code")
                    wrong(entry.first, "unknown_key", "a rule has no `" + key + "`",
                          "id, code, any, without, confidence");
            }
            if (std::ranges::find(table_.rules, made.id, &KeywordRule::id) != table_.rules.end())
                wrong(rule, "same_name", "two rules are called `" + made.id + "`", "give one an `id:`");
            table_.rules.push_back(std::move(made));
        }
    }

    std::vector<std::string> phrases(const YAML::Node& node)
    {
        std::vector<std::string> made;
        if (!node.IsSequence() || node.size() == 0)
            wrong(node, "wrong_value", "a list of words is asked here", "[too small, runs small, defect*]");
        else
            for (const auto& phrase : node) {
                const std::string text = phrase.IsScalar() ? phrase.Scalar() : "";
                std::string words = normalised(text);
                if (words.size() < 3)
                    wrong(phrase, "wrong_value", "a letter or a digit is asked here");
                if (text.ends_with('*'))
                    words.pop_back();
                made.push_back(std::move(words));
            }
        return made;
    }

    Decimal confidence(const YAML::Node& node)
    {
        const auto number = node.IsScalar() ? Decimal::parse(node.Scalar()) : std::nullopt;
        if (number && !number->is_negative() && *number <= Decimal(1))
            return *number;
        wrong(node, "wrong_value", "`confidence` is a number from 0 to 1");
        return Decimal(1);
    }

    void factors(const YAML::Node& node, Vocabulary::Factors& factors)
    {
        if (!node.IsMap())
            return wrong(node, "wrong_value", "`factors` says how many of another unit one is: {DZN: {EA: 12}}");
        for (const auto& from : node) {
            if (!from.second.IsMap()) {
                wrong(from.first, "wrong_value", "a unit is so many of another: {EA: 12}");
                continue;
            }
            for (const auto& to : from.second) {
                const auto number = to.second.IsScalar() ? Decimal::parse(to.second.Scalar()) : std::nullopt;
                if (!number || number->is_negative() || number->is_zero())
                    wrong(to.first, "wrong_value", "a factor is a number above zero");
                else
                    factors[from.first.Scalar()][to.first.Scalar()] = *number;
            }
        }
    }

    void items(const YAML::Node& node)
    {
        if (!node.IsMap())
            return wrong(node, "wrong_value", "`items` holds the factors of single items: {SKU-1: {CS: {EA: 24}}}");
        for (const auto& item : node)
            factors(item.second, table_.item_factors[item.first.Scalar()]);
    }

    const YamlFile& file_;
    Vocabulary& table_;
    Problems& problems_;
};

std::optional<Vocabulary> read_table(const std::string& path, bool overlay, Problems& problems, Problems& notes)
{
    const auto file = YamlFile::read(path, problems);
    if (!file)
        return std::nullopt;
    Vocabulary table;
    table.name = std::filesystem::path(path).stem();
    table.file = path;
    VocabularyReader(*file, table, problems).read(overlay);
    if (table.unmapped == Vocabulary::Unmapped::park)
        for (const auto& word : file->root()["entries"])
            if (word.first.IsScalar() && word.first.Scalar().size() > MissedWord::most_bytes)
                notes.push_back(file->problem(word.first, "long_word",
                                              "this word has more than " + std::to_string(MissedWord::most_bytes) +
                                                  " bytes: what came before it was here does not go back by itself",
                                              "`headgate dlq replay`"));
    return table;
}

}  // namespace

const std::string* Vocabulary::find(std::string_view word, std::string_view channel) const
{
    if (!overlays.empty())
        if (const auto own = overlays.find(channel); own != overlays.end())
            if (const auto found = own->second.find(word); found != own->second.end())
                return &found->second;
    if (const auto found = entries.find(word); found != entries.end())
        return &found->second;
    return added ? added->find(name, word) : nullptr;
}

const std::string* Vocabulary::find_back(std::string_view code, std::string_view channel) const
{
    const auto own = overlays.find(channel);
    const auto means = [code](const auto& entry) { return entry.second == code; };
    if (own != overlays.end())
        if (const auto found = std::ranges::find_if(own->second, means); found != own->second.end())
            return &found->first;
    const auto found = std::ranges::find_if(entries, [&](const auto& entry) {
        return means(entry) && (own == overlays.end() || !own->second.contains(entry.first));
    });
    if (found != entries.end())
        return &found->first;
    if (added)
        for (const std::string* word : added->find_back(name, code))
            if (!entries.contains(*word) && (own == overlays.end() || !own->second.contains(*word)))
                return word;
    return nullptr;
}

const KeywordRule* Vocabulary::classify(std::string_view text, std::uint64_t& looked_at) const
{
    const std::string words = normalised(text);
    looked_at += text.size();
    const auto has = [&](const std::string& phrase) {
        looked_at += words.size();
        return stands_in(words, phrase);
    };
    for (const KeywordRule& rule : rules)
        if (std::ranges::any_of(rule.any, has) && std::ranges::none_of(rule.without, has))
            return &rule;
    return nullptr;
}

std::optional<Vocabulary::Conversion> Vocabulary::conversion(std::string_view from, std::string_view to,
                                                             std::string_view item) const
{
    const auto either = [&](auto one_way) -> std::optional<Conversion> {
        if (const Decimal* found = one_way(from, to))
            return Conversion{found, false};
        if (const Decimal* found = one_way(to, from))
            return Conversion{found, true};
        return std::nullopt;
    };
    const auto in_files = [&](const Factors& some) {
        return either([&](std::string_view one, std::string_view other) { return factor_in(some, one, other); });
    };
    const auto in_added = [&](std::string_view of) {
        return either([&](std::string_view one, std::string_view other) {
            return added && added->any() ? added->factor(name, word_of_factor(one, other, of)) : nullptr;
        });
    };
    if (!item.empty()) {
        if (const auto own = item_factors.find(item); own != item_factors.end())
            if (const auto found = in_files(own->second))
                return found;
        if (const auto found = in_added(item))
            return found;
    }
    if (const auto found = in_files(factors))
        return found;
    return in_added({});
}

std::optional<FactorWord> factor_word(std::string_view word)
{
    constexpr std::size_t longest_unit = 8;
    const auto from = word.find(' ');
    if (from == std::string_view::npos)
        return std::nullopt;
    const auto to = std::min(word.find(' ', from + 1), word.size());
    FactorWord made{word.substr(0, from), word.substr(from + 1, to - from - 1),
                    to == word.size() ? std::string_view{} : word.substr(to + 1)};
    const auto is_unit = [](std::string_view unit) { return !unit.empty() && unit.size() <= longest_unit; };
    if (!is_unit(made.from) || !is_unit(made.to) || made.from == made.to || (to != word.size() && made.item.empty()))
        return std::nullopt;
    return made;
}

std::string Vocabulary::rules_digest() const
{
    std::string all;
    const auto add = [&all](std::string_view text) {
        all.append(std::to_string(text.size())).append(":").append(text);
    };
    for (const KeywordRule& rule : rules) {
        add(rule.id);
        add(rule.code);
        for (const auto* phrases : {&rule.any, &rule.without}) {
            add(std::to_string(phrases->size()));
            for (const std::string& phrase : *phrases)
                add(phrase);
        }
    }
    return to_hex(hash16({all}));
}

bool Vocabulary::has(const MissedWord& missed, std::string_view channel) const
{
    if (unmapped == Unmapped::use_default)
        return true;
    switch (missed.asked) {
    case MissedWord::Asked::word: return kind == Kind::words && find(missed.word, channel) != nullptr;
    case MissedWord::Asked::code: return kind == Kind::words && find_back(missed.word, channel) != nullptr;
    case MissedWord::Asked::text: return kind == Kind::rules && rules_digest() != missed.word;
    case MissedWord::Asked::factor: {
        const auto units = factor_word(missed.word);
        return kind == Kind::factors && units && conversion(units->from, units->to, units->item).has_value();
    }
    }
    std::unreachable();
}

std::optional<Vocabulary::InFile> Vocabulary::in_file(std::string_view word) const
{
    if (kind == Kind::words) {
        const auto found = entries.find(word);
        return found == entries.end() ? std::nullopt : std::optional(InFile{found->first, found->second});
    }
    const auto units = kind == Kind::factors ? factor_word(word) : std::nullopt;
    if (!units)
        return std::nullopt;
    const auto own = item_factors.find(units->item);
    if (!units->item.empty() && own == item_factors.end())
        return std::nullopt;
    const Factors& some = units->item.empty() ? factors : own->second;
    for (const auto& [from, to] : {std::pair{units->from, units->to}, {units->to, units->from}})
        if (const Decimal* found = factor_in(some, from, to))
            return InFile{word_of_factor(from, to, units->item), found->text()};
    return std::nullopt;
}

bool Vocabulary::agrees(const InFile& said, std::string_view word, std::string_view value) const
{
    if (kind != Kind::factors)
        return said.value == value;
    const auto theirs = Decimal::parse(said.value);
    const auto ours = Decimal::parse(value);
    if (!theirs || !ours)
        return false;
    if (said.word == word)
        return *theirs == *ours;
    const auto there_and_back = theirs->times(*ours);
    return there_and_back && *there_and_back == Decimal(1);
}

Result<void> check_entry(const Vocabulary& table, std::string_view word, std::string_view value)
{
    const auto wrong = [](std::string detail) { return fail(FailureClass::permanent, "bad_entry", std::move(detail)); };
    if (table.kind == Vocabulary::Kind::rules)
        return fail(FailureClass::permanent, "no_entries",
                    "the vocabulary `" + table.name + "` has rules, and no entries: add a rule to " + table.file +
                        " and restart; what waits for it goes on then");
    for (const auto& [what, part] : {std::pair{"word", word}, std::pair{"value", value}}) {
        if (part.empty())
            return wrong(std::string("the ") + what + " is empty");
        if (part.size() > MissedWord::most_bytes)
            return wrong(std::string("the ") + what + " is longer than " + std::to_string(MissedWord::most_bytes) +
                         " bytes");
        if (part.find('\0') != std::string_view::npos || !is_utf8(part))
            return wrong(std::string("the ") + what + " is no text: it has a NUL in it, or is no UTF-8");
    }
    if (table.kind == Vocabulary::Kind::factors) {
        if (!factor_word(word))
            return wrong(
                "the word of a factor is two units, and an item behind them when it is of that item alone: "
                "`CS EA`, `CS EA ABC-1`");
        const auto number = Decimal::parse(value);
        if (!number || number->is_negative() || number->is_zero())
            return wrong(
                "the value of a factor is a number above zero: how many of the second unit one of the first "
                "is");
    }
    if (const auto said = table.in_file(word))
        return fail(FailureClass::permanent, "entry_in_file",
                    "the vocabulary `" + table.name + "` has " +
                        (said->word == word ? "this word" : "`" + said->word + "`") + " in its file, where it is `" +
                        said->value + "`: change it in " + table.file + " and restart");
    return {};
}

std::expected<void, Problems> Vocabularies::load(const std::string& dir)
{
    Problems problems;
    std::vector<std::string> channels;
    for (const std::string& path : files_of(dir, ".yaml", problems, &channels)) {
        auto table = read_table(path, false, problems, notes_);
        if (!table)
            continue;
        if (const Vocabulary* known = find(table->name); known != nullptr && !known->file.empty())
            notes_.push_back(
                {path, 0, 0, "vocabulary_replaced",
                 "it takes the place of " + known->file + (known->version.empty() ? "" : ", version " + known->version),
                 "entries of one channel alone stand in a folder of its name"});
        add(std::move(*table));
    }
    for (const std::string& folder : channels) {
        const std::string channel = std::filesystem::path(folder).filename();
        overlaid_.emplace(channel, folder);
        for (const std::string& path : files_of(folder, ".yaml", problems)) {
            auto table = read_table(path, true, problems, notes_);
            if (!table)
                continue;
            const auto below = tables_.find(table->name);
            if (below == tables_.end() || below->second.kind != Vocabulary::Kind::words)
                problems.push_back(
                    {path, 0, 0, "unknown_vocabulary",
                     "it lies over the vocabulary `" + table->name + "`, and there is none of that name with `entries`",
                     ""});
            else {
                for (auto& [word, code] : table->entries)
                    below->second.overlays[channel].insert_or_assign(word, std::move(code));
                below->second.overlay_files.insert_or_assign(channel, path);
            }
        }
    }
    if (!problems.empty())
        return std::unexpected(std::move(problems));
    return {};
}

void Vocabularies::add(Vocabulary table)
{
    Vocabulary& place = tables_[table.name];
    table.added = added_;
    auto overlays = std::move(place.overlays);
    auto overlay_files = std::move(place.overlay_files);
    place = std::move(table);
    if (place.overlays.empty()) {
        place.overlays = std::move(overlays);
        place.overlay_files = std::move(overlay_files);
    }
}

const Vocabulary* Vocabularies::find(std::string_view name) const
{
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Vocabularies::names(Vocabulary::Kind kind) const
{
    std::vector<std::string_view> names;
    for (const auto& [name, table] : tables_)
        if (table.kind == kind)
            names.push_back(name);
    return names;
}

}  // namespace headgate::mapping
