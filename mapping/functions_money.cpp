#include "core/currency.hpp"
#include "mapping/functions.hpp"

namespace headgate::mapping {

namespace {

bool give_money(const Decimal& amount, std::string_view currency, bool posted, Value& out)
{
    out = number_value(amount);
    out.kind = Kind::money;
    out.text = currency;
    out.posted = posted;
    return true;
}

/// The currency argument and its decimals; for money, the currency must be its own.
bool currency_arg(Call& call, std::string_view& currency, int& decimals)
{
    if (!call.text_arg(0, currency))
        return false;
    const auto known = currency_decimals(currency);
    if (!known)
        return fail(call.run, call.expr.site, "unknown_currency",
                    "is no currency of ISO 4217 that a document may carry", &call.args[0], call.arg_expr(0).source);
    decimals = *known;
    if (call.subject.kind == Kind::money && call.subject.text != currency)
        return call.fail("currency_mix", "is money of one currency where another is named");
    return true;
}

bool amount_of(Call& call, Decimal& amount)
{
    if (call.subject.kind != Kind::money)
        return call.number(amount);
    amount = call.subject.number;
    return true;
}

bool rounding_arg(Call& call, Rounding& rounding)
{
    std::string_view word;
    if (!call.text_arg(1, word))
        return false;
    if (word == "half_up")
        rounding = Rounding::half_up;
    else if (word == "half_even")
        rounding = Rounding::half_even;
    else if (word == "down")
        rounding = Rounding::down;
    else
        return call.fail("wrong_argument", "names no rounding: there are half_up, half_even and down");
    return true;
}

bool apply_money(Call& call, Value& out)
{
    std::string_view currency;
    int decimals = 0;
    Decimal amount;
    Rounding rounding{};
    if (!currency_arg(call, currency, decimals) || !amount_of(call, amount) ||
        (call.count > 1 && !rounding_arg(call, rounding)))
        return false;
    if (call.count > 1)
        amount = amount.rounded(decimals, rounding);
    if (amount.normalized().scale() > decimals)
        return fail(call.run, call.expr.site, "money_precision",
                    "has more decimals than its currency; name a rounding if it may lose them", &call.subject,
                    call.subject_expr().source);
    const auto padded = amount.rescaled(decimals);
    if (!padded)
        return call.fail("number_overflow", "the amount has more than 38 digits");
    return give_money(*padded, currency, true, out);
}

bool apply_price(Call& call, Value& out)
{
    std::string_view currency;
    int decimals = 0;
    Decimal amount;
    if (!currency_arg(call, currency, decimals) || !amount_of(call, amount))
        return false;
    if (amount.normalized().scale() > 9)
        return fail(call.run, call.expr.site, "money_precision",
                    "has more than 9 decimals; `round(9)` or `divide(by, 9)` says that it may lose them", &call.subject,
                    call.subject_expr().source);
    return give_money(amount.normalized(), currency, false, out);
}

bool apply_minor(Call& call, Value& out)
{
    std::string_view currency;
    int decimals = 0;
    Decimal units;
    if (!currency_arg(call, currency, decimals) || !call.number(units))
        return false;
    if (!units.is_integer())
        return fail(call.run, call.expr.site, "wrong_kind", "is a number with decimals where minor units are asked",
                    &call.subject, call.subject_expr().source);
    Decimal unit(1);
    for (int i = 0; i < decimals; ++i)
        unit = *unit.times(Decimal(10));
    const auto amount = units.divided(unit, decimals);
    if (!amount)
        return call.fail("number_overflow", "the amount has more than 38 digits");
    return give_money(*amount, currency, true, out);
}

bool apply_to_minor(Call& call, Value& out)
{
    if (call.subject.kind != Kind::money)
        return call.fail_subject("money");
    const int decimals = currency_decimals(call.subject.text).value_or(0);
    auto units = call.subject.number;
    if (units.normalized().scale() > decimals)
        return call.fail("money_precision", "is an amount that was not rounded to its currency");
    std::optional<Decimal> whole = units;
    for (int i = 0; i < decimals && whole; ++i)
        whole = whole->times(Decimal(10));
    if (whole)
        whole = whole->normalized();
    return give_number(call, whole, out);
}

bool apply_amount(Call& call, Value& out)
{
    if (call.subject.kind != Kind::money)
        return call.fail_subject("money");
    return give_text(call, amount_text(call.subject), out);
}

bool apply_currency(Call& call, Value& out)
{
    if (call.subject.kind != Kind::money)
        return call.fail_subject("money");
    out = text_value(call.subject.text);
    return true;
}

bool apply_quantity(Call& call, Value& out)
{
    Decimal value;
    std::string_view unit;
    if (!call.number(value) || !call.text_arg(0, unit))
        return false;
    if (value.normalized().scale() > 6)
        return fail(call.run, call.expr.site, "qty_invalid", "has more than 6 decimals", &call.subject,
                    call.subject_expr().source);
    if (unit.empty() || unit.size() > 8)
        return call.fail("wrong_argument", "names no unit of measure");
    out = number_value(value.normalized());
    out.kind = Kind::quantity;
    out.text = unit;
    return true;
}

constexpr Function functions[] = {
    {"money", 1, 2, apply_money},       {"price", 1, 1, apply_price},   {"minor", 1, 1, apply_minor},
    {"to_minor", 0, 0, apply_to_minor}, {"amount", 0, 0, apply_amount}, {"currency", 0, 0, apply_currency},
    {"quantity", 1, 1, apply_quantity},
};

}  // namespace

std::span<const Function> money_functions()
{
    return functions;
}

}  // namespace headgate::mapping
