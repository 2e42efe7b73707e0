#include <algorithm>
#include <memory_resource>
#include <vector>

#include "core/currency.hpp"
#include "mapping/functions.hpp"

namespace headgate::mapping {

namespace {

Decimal ten_to(int places)
{
    Decimal power(1);
    for (int i = 0; i < places; ++i)
        power = *power.times(Decimal(10));
    return power;
}

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

/// How many decimals the vendor's minor units of a currency have.
int minor_decimals(const Call& call, std::string_view currency, int decimals)
{
    const MinorUnits* units = call.run.context.minor_units;
    if (units == nullptr)
        return decimals;
    const auto own = units->find(currency);
    return own == units->end() ? decimals : own->second;
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

/// Whoever writes "39.00" means an amount, whatever its value; a number of JSON is its value alone.
bool is_written_with_decimals(const Call& call)
{
    if (call.subject.kind == Kind::number)
        return false;
    const auto text = text_of(call.subject, call.run.arena);
    return text && text->find('.') != std::string_view::npos;
}

bool apply_minor(Call& call, Value& out)
{
    std::string_view currency;
    int decimals = 0;
    Decimal units;
    if (!currency_arg(call, currency, decimals) || !call.number(units))
        return false;
    if (is_written_with_decimals(call))
        return fail(call.run, call.expr.site, "wrong_kind",
                    "is written with decimals where minor units are whole; `money` is for amounts in major units",
                    &call.subject, call.subject_expr().source);
    if (!units.is_integer())
        return fail(call.run, call.expr.site, "wrong_kind", "is a number with decimals where minor units are asked",
                    &call.subject, call.subject_expr().source);
    const int places = minor_decimals(call, currency, decimals);
    const auto exact = units.divided(ten_to(places), places);
    if (!exact)
        return call.fail("number_overflow", "the amount has more than 38 digits");
    const Decimal shortest = exact->normalized();
    if (shortest.scale() > decimals)
        return fail(call.run, call.expr.site, "money_precision",
                    "has more decimals than its currency: the connector's `minor_units` has more than it",
                    &call.subject, call.subject_expr().source);
    const auto amount = shortest.rescaled(decimals);
    if (!amount)
        return call.fail("number_overflow", "the amount has more than 38 digits");
    return give_money(*amount, currency, true, out);
}

bool apply_to_minor(Call& call, Value& out)
{
    if (call.subject.kind != Kind::money)
        return call.fail_subject("money");
    const int places = minor_decimals(call, call.subject.text, currency_decimals(call.subject.text).value_or(0));
    if (call.subject.number.normalized().scale() > places)
        return call.fail("money_precision", "is an amount with more decimals than its minor units");
    auto whole = call.subject.number.times(ten_to(places));
    if (whole)
        whole = whole->normalized();
    return give_number(call, whole, out);
}

/// Shares money out by weights: the shares add up to it exactly.
bool apply_allocate(Call& call, Value& out)
{
    if (call.subject.kind != Kind::money)
        return call.fail_subject("money");
    const int decimals = currency_decimals(call.subject.text).value_or(0);
    if (call.subject.number.normalized().scale() > decimals)
        return call.fail("money_precision", "is an amount that was not rounded to its currency");
    std::pmr::vector<Decimal> weights(&call.run.arena);
    const bool read = each_item(call.run, call.args[0], [&](const Value& item) {
        Decimal weight = item.number;
        if (item.is_null())
            return fail_null_argument(call.run, call.expr, 1);
        if (item.kind != Kind::money && !to_number(call.run, call.expr, call.arg_expr(0), item, weight))
            return false;
        weights.push_back(weight);
        return true;
    });
    if (!read)
        return false;
    if (weights.size() > limits::items)
        return call.fail("limit_items", "is shared out among more than 100,000");
    if (std::ranges::any_of(weights, [](const Decimal& weight) { return weight.is_negative(); }) ||
        std::ranges::all_of(weights, [](const Decimal& weight) { return weight.is_zero(); }))
        return call.fail("wrong_argument", "is shared out by weights that are below zero, or all zero");
    std::pmr::vector<Decimal> shares(weights.size(), &call.run.arena);
    if (!allocate(call.subject.number, decimals, weights, shares))
        return call.fail("number_overflow", "the exact shares have more than 38 digits");
    auto* items = call.run.make<Value>(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i)
        give_money(shares[i], call.subject.text, true, items[i]);
    out = list_value({items, shares.size()});
    return true;
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

constexpr Function money_table[] = {
    {.name = "money", .least = 1, .most = 2, .apply = apply_money, .of_currency = true},
    {.name = "price", .least = 1, .most = 1, .apply = apply_price, .of_currency = true},
    {.name = "minor", .least = 1, .most = 1, .apply = apply_minor, .of_currency = true},
    {"to_minor", 0, 0, apply_to_minor},
    {"amount", 0, 0, apply_amount},
    {"currency", 0, 0, apply_currency},
    {"quantity", 1, 1, apply_quantity},
    {"allocate", 1, 1, apply_allocate},
};

}  // namespace

std::span<const Function> money_functions()
{
    return money_table;
}

}  // namespace headgate::mapping
