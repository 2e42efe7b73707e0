#include "gateway/tools/suggest.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/ascii.hpp"
#include "gateway/tools/name_words.hpp"
#include "gateway/tools/sample_tree.hpp"
#include "gateway/tools/source_match.hpp"

namespace headgate::gateway {

namespace {

using mapping::Shape;
using mapping::Vocabulary;

/// Names as a comment, in lines of a readable length.
std::string listed(const std::string& title, const std::vector<std::string>& names)
{
    constexpr std::size_t widest = 110;
    std::string text = "#   " + title + ":";
    std::size_t width = text.size();
    for (const auto& name : names) {
        if (width + name.size() + 2 > widest) {
            text += "\n#    ";
            width = 5;
        }
        text += " " + name;
        width += name.size() + 2;
        if (&name != &names.back())
            text += ",";
    }
    return text + (names.empty() ? " none\n" : "\n");
}

class Draft {
public:
    Draft(const mapping::CanonicalType& type, const mapping::Vocabularies& vocabularies)
        : type_(type),
          vocabularies_(vocabularies)
    {}

    std::string write(const SampleNode& root, const Samples& samples)
    {
        const SampleNode* start = &root;
        if (samples.document.empty() && root.members.size() == 1 && root.members.front().is_object &&
            !root.members.front().is_list) {
            start = &root.members.front();
            wrapper_ = start->step();
        }
        const Shape::Member* currency = type_.shape.find("currency");
        if (currency != nullptr)
            if (const auto found = best_source(*start, *currency, {&type_.shape, {}}, type_.name);
                found && found->score >= sure)
                currency_ = found->path;
        fields(*start, {&type_.shape, {}}, 2);

        std::string out = "# A draft by headgate, of " + samples.from +
                          ".\n"
                          "# What stands as a value is likely, not certain: check it. `# perhaps: ` marks what is "
                          "doubtful; remove the\n"
                          "# mark to take it. The file does not load until every TODO is done.\n";
        if (!wrapper_.empty())
            out += "# `.` is " + wrapper_ + ": say `document: " + wrapper_ + "` in connector.yaml.\n";
        if (!samples.document.empty())
            out += "# `.` is the connector's `document: " + samples.document + "`.\n";
        out += "transaction: " + type_.name + "\n";
        if (root.is_list)
            out += "each: .  # the samples are lists\n";
        out += "# TODO entity: what stays in order, and the identity of the thing" + identity(*start) + "\n";
        out += version(*start);
        if (!currency_.empty())
            out += "let:\n  currency: " + currency_ + "\n";
        std::vector<std::string> unused;
        not_used(*start, "", unused);
        out += "fields:\n" + text_ + "\n# Not placed:\n";
        out += listed("fields without a source", empty_);
        out += listed("members of the samples that nothing takes", unused);
        return out;
    }

private:
    /// What is below an object or list of another draft, which goes on with what it wrote.
    Draft(const Draft& outer, std::string place)
        : type_(outer.type_),
          vocabularies_(outer.vocabularies_),
          place_(std::move(place)),
          taken_(outer.taken_)
    {}

    /// How far a draft has come, to take back what turns out to hold nothing.
    struct Before {
        std::size_t text;
        std::size_t empty;
        std::size_t taken;
    };
    [[nodiscard]] Before here() const { return {text_.size(), empty_.size(), taken_->size()}; }
    void back_to(const Before& before)
    {
        text_.resize(before.text);
        empty_.resize(before.empty);
        for (; taken_->size() > before.taken; taken_->pop_back())
            taken_->back()->used = false;
    }

    void take(const SampleNode& node)
    {
        if (!std::exchange(node.used, true))
            taken_->push_back(&node);
    }

    void line(std::size_t indent, const std::string& text) { text_.append(indent, ' ').append(text).append("\n"); }

    struct Named {
        const SampleNode* node = nullptr;
        std::string path;
        double score = 0;
    };

    /// What the thing may be known by: an id or number of its own before any other. Where another fits, it is not the
    /// id of the event that tells of it.
    void named(const SampleNode& scope, const std::string& path, const Words& parent, double distance,
               Named& best) const  // NOLINT(misc-no-recursion)
    {
        const bool tells = is_event(scope);
        for (const auto& member : scope.members) {
            Words words = words_of(member.name);
            words.insert(parent.begin(), parent.end());
            if (member.is_object && !member.is_list && distance < 2)
                named(member, path + member.step(), words, distance + 1, best);
            double score = words.contains("id")          ? 3
                           : words.contains("number")    ? 2
                           : words.contains("reference") ? 1
                                                         : 0;
            if (!member.is_scalar() || score == 0)
                continue;
            const Words type = words_of(type_.name);
            const bool own = std::ranges::any_of(type, [&](const auto& word) { return words.contains(word); });
            const bool of_others = std::ranges::any_of(words, [&](const std::string& word) {
                return word != "id" && word != "number" && word != "reference" && !type.contains(word);
            });
            score += (own ? words.contains("id") ? 10 : 0.5 : 0) - (of_others || tells ? 3 : 0) - distance;
            if (best.node == nullptr || score > best.score)
                best = {&member, path + member.step(), score};
        }
    }

    /// Something that happened and an object it happened to.
    static bool is_event(const SampleNode& node)
    {
        const auto names = [](const SampleNode& member, std::string_view word) {
            return member.is_scalar() && words_of(member.name).contains(word);
        };
        return std::ranges::any_of(node.members, [](const auto& member) { return member.is_object; }) &&
               std::ranges::any_of(node.members, [&](const auto& member) {
                   return names(member, "event") || names(member, "topic") || names(member, "type");
               });
    }

    std::string identity(const SampleNode& start) const
    {
        Named best;
        named(start, "", {}, 0, best);
        if (best.node == nullptr)
            return "";
        best.node->used = true;
        return "; perhaps KIND/{" + best.path + "}";
    }

    /// What tells a newer telling from an older one; it is proposed, and so it is not among what nothing takes.
    static std::string perhaps_version(const SampleNode& member, const char* behind)
    {
        member.used = true;
        return "# perhaps: version: " + member.step() + behind + "\n";
    }

    std::string version(const SampleNode& start) const
    {
        for (const auto& member : start.members)
            if (member.is_scalar() && words_of(member.name).contains("changed") && member.all_seen(reads_as_instant))
                return perhaps_version(member, " | timestamp");
        for (const auto& member : start.members)
            if (const auto words = words_of(member.name);
                member.is_scalar() && (words.contains("revision") || words.contains("version")))
                return perhaps_version(member, "");
        return "";
    }

    /// The expression that makes the field of the source; a word in capitals stands for what would have to be invented.
    std::string expression(const Shape& shape, const SampleNode& node, const std::string& path, bool& certain) const
    {
        using enum Shape::Kind;
        const bool number = node.scalars.contains(NodeKind::number);
        switch (shape.kind) {
        case time:
            if (!node.all_seen(reads_as_date)) {
                certain = false;
                return path + " | from_unix";
            }
            certain = certain && node.all_seen(reads_as_instant);  // else the channel must name a zone
            return path + " | timestamp";
        case date: return path + " | date";
        case integer: return number ? path : path + " | integer";
        case decimal: return number ? path + " | string" : path;
        case money:
        case unit_price: {
            // Whole numbers are minor units as likely as not, and taken for the other they are wrong by a hundred.
            const bool whole = node.all_seen(reads_as_integer);
            certain = certain && !currency_.empty() && !whole;
            return path +
                   (whole                 ? " | minor("
                    : shape.kind == money ? " | money("
                                          : " | price(") +
                   (currency_.empty() ? "CURRENCY" : "$currency") + ")";
        }
        case quantity: certain = false; return path + " | quantity(UNIT)";
        case text: break;
        default: return path;
        }
        if (!shape.words.empty())
            return of_words(shape, node, path, certain);
        return number ? path + " | string" : path;
    }

    /// A closed list of words: as they are, in lower case, or by a vocabulary that has all that were seen.
    std::string of_words(const Shape& shape, const SampleNode& node, const std::string& path, bool& certain) const
    {
        const auto is_word = [&](const std::string& text) {
            return std::ranges::find(shape.words, text) != shape.words.end();
        };
        if (std::ranges::all_of(node.seen, is_word))
            return path;
        if (std::ranges::all_of(node.seen, [&](const auto& text) { return is_word(lower(text)); }))
            return path + " | lower";
        if (std::ranges::all_of(node.seen, [&](const auto& text) { return is_word(upper(text)); }))
            return path + " | upper";
        for (const auto name : vocabularies_.names(Vocabulary::Kind::words)) {
            const auto* table = vocabularies_.find(name);
            const bool knows =
                std::ranges::all_of(node.seen, [&](const auto& text) { return table->entries.contains(text); });
            const bool gives =
                std::ranges::all_of(table->entries, [&](const auto& entry) { return is_word(entry.second); });
            if (knows && gives) {
                certain = false;  // another vendor's words may be spelled the same
                return path + " | lookup(\"" + std::string(name) + "\")";
            }
        }
        certain = false;
        return path + " | lookup(TABLE)";
    }

    void fields(const SampleNode& scope, const Around& around, std::size_t indent)  // NOLINT(misc-no-recursion)
    {
        for (const auto& member : around.siblings->members)
            field(member, scope, around, indent);
    }

    void field(const Shape::Member& member, const SampleNode& scope, const Around& around,
               std::size_t indent)  // NOLINT(misc-no-recursion)
    {
        const std::string before = place_;
        place_ += (place_.empty() ? "" : ".") + member.name;
        if (currency_.empty() || member.name != "currency" || indent > 2)
            one(member, scope, around, indent);
        else
            mark_currency(scope, member, around), line(indent, "currency: = $currency");
        place_ = before;
    }

    void mark_currency(const SampleNode& scope, const Shape::Member& member, const Around& around) const
    {
        if (const auto found = best_source(scope, member, around, type_.name))
            found->node->used = true;
    }

    void one(const Shape::Member& member, const SampleNode& scope, const Around& around,
             std::size_t indent)  // NOLINT(misc-no-recursion)
    {
        const auto found = best_source(scope, member, around, type_.name);
        if (member.shape.kind == Shape::Kind::object && !member.shape.members.empty())
            return object(member, scope, found, indent);
        if (member.shape.kind == Shape::Kind::list && found && found->score >= likely)
            return list(member, *found, indent);
        if (!found)
            return nothing(member, indent);
        const Candidate& candidate = *found;
        // What another object has already is doubtful in one that the samples do not have.
        bool certain = candidate.score >= sure && (around.inside || !candidate.node->used);
        const std::string made = expression(member.shape, *candidate.node, prefix_ + candidate.path, certain);
        take(*candidate.node);
        if (certain)
            return line(indent, member.name + ": " + made);
        line(indent, std::string(member.required ? "# TODO perhaps: " : "# perhaps: ") + member.name + ": " + made);
    }

    void nothing(const Shape::Member& member, std::size_t indent)
    {
        empty_.push_back(place_);
        if (member.required)
            line(indent, "# TODO " + member.name + ": required, and no member of the samples looks like it");
    }

    void object(const Shape::Member& member, const SampleNode& scope, const std::optional<Candidate>& found,
                std::size_t indent)  // NOLINT(misc-no-recursion)
    {
        // Members of an object the samples have; else those of the scope that say so themselves.
        const bool own = found && found->score >= likely;
        const Before before = here();
        if (own) {
            block(member, *found, indent);
            return;
        }
        line(indent, member.name + ":");
        const std::size_t body = text_.size();
        fields(scope, {&member.shape, words_of(member.name), false}, indent + 2);
        if (has_value(body))
            return;
        const bool stays = member.required || (member.name == "totals" && proposes(body));
        if (!stays || text_.size() == body) {
            back_to(before);
            nothing(member, indent);
        } else {
            // What may be in it stays, as comments below its key.
            text_.insert(before.text + indent,
                         std::string(member.required ? "# TODO " : "# ") + (proposes(body) ? "perhaps: " : ""));
        }
    }

    /// An object whose source is an object of the samples: paths start there.
    void block(const Shape::Member& member, const Candidate& found, std::size_t indent)
    {
        if (found.score < sure && found.node->used)  // doubtful, and another object has it
            return nothing(member, indent);
        const Before before = here();
        take(*found.node);
        line(indent, member.name + ":");
        const std::size_t body = text_.size();
        Draft inside(*this, place_);
        inside.currency_ = currency_;
        inside.prefix_ = prefix_ + found.path;
        inside.fields(*found.node, {&member.shape, words_of(member.name)}, indent + 2);
        text_ += inside.text_;
        empty_.insert(empty_.end(), inside.empty_.begin(), inside.empty_.end());
        take_or_leave(member, found, before, body, indent);
    }

    /// What was written of an object or list: as it is when that is sure, as a comment when it is not or when all in it
    /// is doubtful; nothing when there is nothing in it.
    void take_or_leave(const Shape::Member& member, const Candidate& found, const Before& before, std::size_t body,
                       std::size_t indent)
    {
        const bool value = has_value(body);
        if (!value && !proposes(body)) {
            back_to(before);
            return nothing(member, indent);
        }
        if (value && found.score >= sure)
            return;
        const std::string mark = member.required ? "# TODO perhaps: " : "# perhaps: ";
        const std::size_t below = text_.find('\n', before.text) + 1;
        text_.insert(before.text + indent, mark);
        if (!value && below == body)  // comments they are already
            return;
        std::string marked;
        for (std::size_t at = below + mark.size(); at < text_.size();) {
            const auto end = text_.find('\n', at) + 1;
            marked += std::string(indent, ' ') + "# " + text_.substr(at + indent, end - at - indent);
            at = end;
        }
        text_.replace(below + mark.size(), std::string::npos, marked);
    }

    void list(const Shape::Member& member, const Candidate& found, std::size_t indent)
    {
        if (found.node->used)  // another list is made of it
            return nothing(member, indent);
        const Before before = here();
        take(*found.node);
        if (member.shape.item.empty() || member.shape.item.front().kind != Shape::Kind::object) {
            line(indent, (found.score >= sure ? "" : "# perhaps: ") + member.name + ": " + prefix_ + found.path);
            return;
        }
        line(indent, member.name + ":");
        line(indent + 2, "each: " + prefix_ + found.path);
        line(indent + 2, "fields:");
        const std::size_t body = text_.size();
        Draft inside(*this, place_ + "[]");
        inside.currency_ = currency_.empty() ? "" : "$currency";
        inside.fields(*found.node, {&member.shape.item.front(), words_of(member.name)}, indent + 4);
        text_ += inside.text_;
        empty_.insert(empty_.end(), inside.empty_.begin(), inside.empty_.end());
        take_or_leave(member, found, before, body, indent);
    }

    /// Whether what was written behind `from` has a source that may be right.
    [[nodiscard]] bool proposes(std::size_t from) const { return text_.find("perhaps: ", from) != std::string::npos; }

    /// Whether what was written behind `from` has more than comments.
    [[nodiscard]] bool has_value(std::size_t from) const
    {
        for (std::size_t at = from; at < text_.size();) {
            const auto end = std::min(text_.find('\n', at), text_.size());
            const auto first = text_.find_first_not_of(' ', at);
            if (first < end && text_[first] != '#')
                return true;
            at = end + 1;
        }
        return false;
    }

    void not_used(const SampleNode& node, const std::string& path,
                  std::vector<std::string>& names) const  // NOLINT(misc-no-recursion)
    {
        for (const auto& member : node.members) {
            const std::string at = path + member.step() + (member.is_list ? "[]" : "");
            if (!member.members.empty() && (member.used || holds_used(member)))
                not_used(member, at, names);
            else if (!member.used)
                names.push_back(at);
        }
    }

    static bool holds_used(const SampleNode& node)  // NOLINT(misc-no-recursion)
    {
        return std::ranges::any_of(node.members,
                                   [](const SampleNode& member) { return member.used || holds_used(member); });
    }

    const mapping::CanonicalType& type_;
    const mapping::Vocabularies& vocabularies_;
    std::string wrapper_;
    std::string currency_;
    std::string place_;
    std::string prefix_;  // the way from `.` to the scope
    std::string text_;
    std::vector<std::string> empty_;
    std::shared_ptr<std::vector<const SampleNode*>> taken_ = std::make_shared<std::vector<const SampleNode*>>();
};

}  // namespace

std::string suggested_mapping(const mapping::CanonicalType& type, const mapping::Vocabularies& vocabularies,
                              const Samples& samples)
{
    const SampleNode root = tree_of(samples.documents, samples.starts);
    return Draft(type, vocabularies).write(root, samples);
}

}  // namespace headgate::gateway
