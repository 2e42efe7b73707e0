#include <algorithm>
#include <iterator>
#include <string>

#include "mapping/functions.hpp"

namespace headgate::mapping {

namespace {

/// Applies a change to a number, or to the amount of money.
template <class Change>
bool change_number(Call& call, Change change, Value& out)
{
    if (call.subject.kind == Kind::money) {
        const auto amount = change(call.subject.number);
        if (!amount)
            return call.fail("number_overflow", "the exact result has more than 38 digits");
        out = call.subject;
        out.number = *amount;
        return true;
    }
    Decimal number;
    return call.number(number) && give_number(call, change(number), out);
}

bool apply_integer(Call& call, Value& out)
{
    Decimal number;
    if (!call.number(number))
        return false;
    if (!number.is_integer())
        return fail(call.run, call.expr.site, "wrong_kind", "is a number with decimals where a whole one is asked",
                    &call.subject, call.subject_expr().source);
    out = number_value(number.normalized());
    return true;
}

/// How a locale writes numbers: what groups digits and what stands before decimals.
struct NumberStyle {
    std::string_view locale;
    std::string_view groups;
    char decimal;
};
constexpr NumberStyle styles[] = {
    {"en", ",", '.'}, {"de", ".", ','}, {"es", ".", ','}, {"it", ".", ','}, {"nl", ".", ','}, {"pt", ".", ','},
    {"fr", " ", ','}, {"pl", " ", ','}, {"cs", " ", ','}, {"sv", " ", ','}, {"ch", "'", '.'},
};

bool apply_number(Call& call, Value& out)
{
    const NumberStyle* style = nullptr;
    if (call.count == 1) {
        std::string_view locale;
        if (!call.text_arg(0, locale))
            return false;
        style = std::ranges::find(styles, locale, &NumberStyle::locale);
        if (style == std::end(styles))
            return call.fail("wrong_argument",
                             "names a locale that is not known; there are en de es it nl pt fr pl cs sv ch");
    }
    // A locale is about texts; a number that was only copied keeps its source text.
    if (style == nullptr || call.subject.kind == Kind::number) {
        Decimal number;
        if (!call.number(number))
            return false;
        out = call.subject.kind == Kind::number ? call.subject : number_value(number);
        return true;
    }
    std::string_view text;
    if (!call.text(text))
        return false;
    std::string plain;
    std::size_t since_group = 4;  // digits since the last group mark; 4: there was none
    std::size_t leading = 0;      // digits before the first one: 1.234 has one, 1234.567 is no German number
    bool zero = false;            // the first of them
    bool decimals = false;
    bool odd = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == style->decimal && !decimals) {
            odd = odd || (since_group != 4 && since_group != 3);
            decimals = true;
            plain += '.';
        } else if (text.substr(i).starts_with(style->groups) && !decimals) {
            odd = odd || (since_group != 4 ? since_group != 3 : leading == 0 || leading > 3 || zero);
            since_group = 0;
        } else {
            plain += text[i];
            if (since_group == 4 && !decimals && text[i] != '-')
                zero = ++leading == 1 ? text[i] == '0' : zero;
            if (!decimals && since_group < 4 && ++since_group > 3)
                odd = true;
        }
    }
    odd = odd || (!decimals && since_group != 4 && since_group != 3);
    const auto parsed = Decimal::parse(plain);
    if (odd || (!parsed && !Decimal::has_shape(plain)))
        return fail(call.run, call.expr.site, "wrong_kind", "is a text that reads as no number of this locale",
                    &call.subject, call.subject_expr().source);
    return give_number(call, parsed, out);
}

bool apply_implied(Call& call, Value& out)
{
    Decimal number;
    std::int64_t places = 0;
    if (!call.number(number) || !call.int_arg(0, 0, 18, places))
        return false;
    if (number.scale() != 0)
        return fail(call.run, call.expr.site, "wrong_kind", "has a decimal point where its decimals are implied",
                    &call.subject, call.subject_expr().source);
    std::string tenth(static_cast<std::size_t>(places), '0');
    const Decimal unit = places == 0 ? Decimal(1) : *Decimal::parse("0." + tenth.replace(tenth.size() - 1, 1, "1"));
    return give_number(call, number.times(unit), out);
}

bool apply_abs(Call& call, Value& out)
{
    return change_number(call, [](const Decimal& number) { return std::optional(number.magnitude()); }, out);
}

bool apply_negate(Call& call, Value& out)
{
    return change_number(call, [](const Decimal& number) { return std::optional(number.negated()); }, out);
}

bool apply_round(Call& call, Value& out)
{
    std::int64_t places = 0;
    if (call.count > 0 && !call.int_arg(0, 0, 18, places))
        return false;
    return change_number(
        call, [&](const Decimal& number) { return std::optional(number.rounded(static_cast<int>(places))); }, out);
}

bool apply_divide(Call& call, Value& out)
{
    Decimal by;
    std::int64_t places = 0;
    if (!to_number(call.run, call.expr, call.arg_expr(0), call.args[0], by) || !call.int_arg(1, 0, 18, places))
        return false;
    if (by.is_zero())
        return call.fail("divide_by_zero", "divides by zero");
    const bool done =
        change_number(call, [&](const Decimal& number) { return number.divided(by, static_cast<int>(places)); }, out);
    out.posted = false;
    return done;
}

constexpr Function number_table[] = {
    {"integer", 0, 0, apply_integer}, {"number", 0, 1, apply_number}, {"implied", 1, 1, apply_implied},
    {"abs", 0, 0, apply_abs},         {"negate", 0, 0, apply_negate}, {"round", 0, 1, apply_round},
    {"divide", 2, 2, apply_divide},
};

}  // namespace

std::span<const Function> number_functions()
{
    return number_table;
}

}  // namespace headgate::mapping
