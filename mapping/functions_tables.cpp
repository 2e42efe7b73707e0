#include <string>

#include "core/utf8.hpp"
#include "mapping/functions.hpp"
#include "mapping/unmapped_words.hpp"

namespace headgate::mapping {

namespace {

using enum Function::Kind;

constexpr std::string_view conversions = "uom_conversion";

std::string_view asks(Vocabulary::Kind kind)
{
    switch (kind) {
    case Vocabulary::Kind::words: return "a vocabulary with `entries`";
    case Vocabulary::Kind::rules: return "a vocabulary with `rules`";
    case Vocabulary::Kind::factors: return "a vocabulary with `factors`";
    }
    return "";
}

bool argument(Call& call, std::size_t i, std::string_view& out)
{
    if (!evaluate(call.arg_expr(i), call.run, call.args[i]))
        return false;
    if (call.args[i].is_null())
        return fail_null_argument(call.run, call.expr, i + 1);
    return call.text_arg(i, out);
}

/// The vocabulary of a call: found at load, or now by a computed name.
const Vocabulary* vocabulary_of(Call& call, Vocabulary::Kind kind)
{
    if (call.expr.table != nullptr)
        return static_cast<const Vocabulary*>(call.expr.table);
    std::string_view name;
    if (!argument(call, 0, name))
        return nullptr;
    const Vocabulary* found = call.run.vocabularies == nullptr ? nullptr : call.run.vocabularies->find(name);
    if (found != nullptr && found->kind == kind)
        return found;
    fail(call.run, call.expr, "unknown_vocabulary",
         found == nullptr ? "names a vocabulary that the configuration does not have"
                          : "asks for " + std::string(asks(kind)) + ", and `" + found->name + "` has none");
    return nullptr;
}

void count(const Call& call, const Vocabulary& table, std::string_view word)
{
    if (call.run.context.unmapped != nullptr && !call.run.has_failed)
        call.run.context.unmapped->add(table.name, word);
}

/// What is to be waited for; a word that is none (too long, no text) is not.
void note_missed(const Call& call, const Vocabulary& table, MissedWord::Asked asked, std::string_view word)
{
    auto* missed = call.run.context.missed;
    if (missed == nullptr || call.run.has_failed)
        return;
    missed->reset();
    if (table.unmapped == Vocabulary::Unmapped::park && !word.empty() && word.size() <= MissedWord::most_bytes &&
        word.find('\0') == std::string_view::npos && is_utf8(word))
        *missed = MissedWord{table.name, asked, std::string(word)};
}

bool fail_unmapped(Call& call, const Vocabulary& table, std::string message)
{
    message.append(" the vocabulary `").append(table.name).append("`");
    if (!table.version.empty())
        message.append(" (version ").append(table.version).append(")");
    const auto* missed = call.run.context.missed;
    if (missed != nullptr && missed->has_value())  // what is made again, and a word that is none, is for a person
        message += ", which asks to park what it does not know";
    else if (table.unmapped == Vocabulary::Unmapped::hold)
        message += ", which asks to hold what it does not know";
    return fail(call.run, call.expr.site, "unmapped", message, &call.subject, call.subject_expr().source);
}

/// Where a word leads that the table does not have: the call's default, the table's, or nowhere.
bool unmapped(Call& call, const Vocabulary& table, MissedWord::Asked asked, std::string_view word, Value& out)
{
    const bool is_text = asked == MissedWord::Asked::text;
    count(call, table, is_text ? std::string_view{} : word);
    if (call.count < 2 && table.unmapped != Vocabulary::Unmapped::use_default) {
        note_missed(call, table, asked, is_text ? std::string_view(table.rules_digest()) : word);
        return fail_unmapped(call, table, "has no entry in");
    }
    call.run.warn(call.expr.site, "default_taken", table.name);
    if (call.count == 2)
        return evaluate(call.arg_expr(1), call.run, out);
    out = text_value(table.fallback);
    return true;
}

bool subject_text(Call& call, std::string_view& out)
{
    return evaluate(call.subject_expr(), call.run, call.subject) && (call.subject.is_null() || call.text(out));
}

bool apply_lookup(Call& call, Value& out)
{
    std::string_view word;
    if (!subject_text(call, word))
        return false;
    out = {};
    if (call.subject.is_null())
        return true;
    const Vocabulary* table = vocabulary_of(call, Vocabulary::Kind::words);
    if (table == nullptr)
        return false;
    const std::string* found = table->find(word, call.run.context.channel_name);
    if (found == nullptr)
        return unmapped(call, *table, MissedWord::Asked::word, word, out);
    out = text_value(*found);
    return true;
}

bool apply_lookup_back(Call& call, Value& out)
{
    std::string_view code;
    if (!subject_text(call, code))
        return false;
    out = {};
    if (call.subject.is_null())
        return true;
    const Vocabulary* table = vocabulary_of(call, Vocabulary::Kind::words);
    if (table == nullptr)
        return false;
    call.run.count_nodes(table->entries.size());
    const std::string* found = table->find_back(code, call.run.context.channel_name);
    if (found == nullptr)
        return unmapped(call, *table, MissedWord::Asked::code, code, out);
    out = text_value(*found);
    return true;
}

Value classified(Run& run, const Value& code, const Decimal& confidence, std::string_view rule)
{
    auto* members = run.make<Member>(3);
    members[0] = {"code", code};
    members[1] = {"confidence", number_value(confidence)};
    members[2] = {"rule", rule.empty() ? Value{} : text_value(rule)};
    return object_value({members, 3});
}

/// What people write is not listed: the vocabulary is counted, and that is all.
bool apply_classify(Call& call, Value& out)
{
    std::string_view text;
    if (!subject_text(call, text))
        return false;
    out = {};
    if (call.subject.is_null())
        return true;
    const Vocabulary* table = vocabulary_of(call, Vocabulary::Kind::rules);
    if (table == nullptr)
        return false;
    std::uint64_t looked_at = 0;
    const KeywordRule* rule = table->classify(text, looked_at);
    call.run.count_bytes(looked_at);
    if (rule != nullptr) {
        out = classified(call.run, text_value(rule->code), rule->confidence, rule->id);
        return true;
    }
    Value code;
    if (!unmapped(call, *table, MissedWord::Asked::text, {}, code))
        return false;
    out = code.is_null() ? Value{} : classified(call.run, code, Decimal{}, {});
    return true;
}

/// convert(unit) | convert(unit, item): the other way round where the table says how many of this unit the other is.
bool apply_convert(Call& call, Value& out)
{
    if (!evaluate(call.subject_expr(), call.run, call.subject))
        return false;
    out = {};
    if (call.subject.is_null())
        return true;
    if (call.subject.kind != Kind::quantity)
        return call.fail_subject("a quantity");
    std::string_view unit;
    std::string_view item;
    if (!argument(call, 0, unit))
        return false;
    if (call.count == 2 && !evaluate(call.arg_expr(1), call.run, call.args[1]))
        return false;
    if (call.count == 2 && !call.args[1].is_null() && !call.text_arg(1, item))
        return false;
    if (unit.empty() || unit.size() > 8)
        return call.fail("wrong_argument", "names no unit of measure");
    out = call.subject;
    out.node = no_node;
    if (call.subject.text == unit)
        return true;

    const Vocabulary* table = call.run.vocabularies == nullptr ? nullptr : call.run.vocabularies->find(conversions);
    if (table == nullptr || table->kind != Vocabulary::Kind::factors)
        return call.fail("unknown_vocabulary", "asks for the vocabulary `uom_conversion`, which is not there");
    constexpr int places = 6;  // what a quantity may have
    std::optional<Decimal> value;
    if (const auto found = table->conversion(call.subject.text, unit, item); found && found->back) {
        value = call.subject.number.divided(*found->factor, places);
        if (value && value->times(*found->factor) != call.subject.number)
            return call.fail("qty_invalid", "is no whole number of that unit, to 6 decimals");
    } else if (found) {
        value = call.subject.number.times(*found->factor);
    } else {
        auto word = std::string(call.subject.text).append(" ").append(unit);
        count(call, *table, word);
        if (!item.empty())
            word.append(" ").append(item);
        note_missed(call, *table, MissedWord::Asked::factor, word);
        return fail_unmapped(call, *table, "is in a unit without a factor in");
    }
    if (!value)
        return call.fail("number_overflow", "the exact result has more than 38 digits");
    if (value->normalized().scale() > places)
        return call.fail("qty_invalid", "has more than 6 decimals in that unit");
    out.number = value->normalized();
    out.text = call.run.own_text(unit).text;
    return true;
}

/// xref(kind, system) | xref(kind, system, default)
bool apply_xref(Call& call, Value& out)
{
    std::string_view id;
    std::string_view kind;
    std::string_view system;
    if (!subject_text(call, id))
        return false;
    out = {};
    if (call.subject.is_null())
        return true;
    if (!argument(call, 0, kind) || !argument(call, 1, system))
        return false;
    const CrossReferences* references = call.run.context.references;
    if (const auto found = references == nullptr ? std::nullopt : references->find(kind, id, system)) {
        call.run.count_bytes(found->size());
        out = call.run.own_text(*found);
        return true;
    }
    if (call.count == 3)
        return evaluate(call.arg_expr(2), call.run, out);
    call.fail("reference_missing", "has no cross-reference at the system yet");
    call.run.failure.failure_class = FailureClass::dependency;
    return false;
}

constexpr Function tables_table[] = {
    {"lookup", 1, 2, apply_lookup, special, nullptr, Vocabulary::Kind::words},
    {"lookup_back", 1, 2, apply_lookup_back, special, nullptr, Vocabulary::Kind::words},
    {"classify", 1, 2, apply_classify, special, nullptr, Vocabulary::Kind::rules},
    {"convert", 1, 2, apply_convert, special, nullptr, Vocabulary::Kind::factors},
    {"xref", 2, 3, apply_xref, special, nullptr, std::nullopt, true},
};

}  // namespace

std::span<const Function> table_functions()
{
    return tables_table;
}

}  // namespace headgate::mapping
