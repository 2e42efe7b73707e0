#include "mapping/invariants.hpp"

#include <algorithm>

namespace headgate::mapping {

namespace {

/// Checks one sales order. Every function leaves a failure behind and returns false.
class SalesOrder {
public:
    SalesOrder(Run& run, const Site& site, const Value& fields) : run_(run), site_(site), fields_(fields)
    {
        currency_ = get(fields, "currency").text;
    }

    bool check() { return one_currency(fields_) && lines() && totals(); }

private:
    Value get(const Value& object, std::string_view name) const
    {
        return object.kind == Kind::object ? member_of(run_, object, name) : Value{};
    }
    static Decimal amount(const Value& money) { return money.kind == Kind::money ? money.number : Decimal{}; }

    bool wrong(std::string_view code, std::string_view message) { return fail(run_, site_, code, message); }
    bool overflow() { return wrong("number_overflow", "a sum has more than 38 digits"); }

    template <class Check>
    bool at(Run::OutputStep step, Check check)
    {
        run_.output.push_back(step);
        const bool held = check();
        run_.output.pop_back();
        return held;
    }

    /// Money of another currency stands only where a pair of currencies is the point.
    bool one_currency(const Value& value)  // NOLINT(misc-no-recursion)
    {
        if (value.kind == Kind::money && value.text != currency_)
            return wrong("currency_mix", "is an amount in another currency than the document's");
        std::int64_t place = 0;
        if (value.kind == Kind::list)
            return each_item(value,
                             [&](const Value& item) { return at({{}, place++}, [&] { return one_currency(item); }); });
        if (value.kind != Kind::object)
            return true;
        return each_member(value, [&](std::string_view name, const Value& member) {
            return name == "exchange" || name.starts_with("shop_") || at({name}, [&] { return one_currency(member); });
        });
    }

    bool lines()
    {
        const Value lines = get(fields_, "lines");
        if (lines.kind != Kind::list || lines.count == 0)
            return wrong("lines_empty", "a sales order has at least one line");
        std::int64_t place = 0;
        return at({"lines"}, [&] {
            return each_item(lines,
                             [&](const Value& line) { return at({{}, place++}, [&] { return this->line(line); }); });
        });
    }

    bool line(const Value& line)
    {
        const Value quantity = get(line, "qty");
        if (quantity.kind == Kind::quantity && (quantity.number.is_negative() || quantity.number.is_zero()))
            return wrong("qty_invalid", "`qty` is not above zero");
        if (quantity.kind == Kind::quantity && (quantity.text == "EA" || quantity.text == "C62") &&
            !quantity.number.is_integer())
            return wrong("qty_invalid", "`qty` counts pieces and is no whole number");
        const Value extended = get(line, "extended");
        const Value net = get(line, "net");
        if (extended.is_null() || net.is_null())
            return true;
        std::optional<Decimal> expected = amount(extended);
        bool discounts_known = true;
        each_item(get(line, "discounts"), [&](const Value& discount) {
            const Value given = get(discount, "amount");
            discounts_known = discounts_known && (discount.is_null() || given.kind == Kind::money);
            if (expected)
                expected = expected->minus(amount(given));
            return true;
        });
        if (!expected)
            return overflow();
        if (discounts_known && *expected != amount(net))
            return wrong("net_mismatch", "`net` is not `extended` without the discounts");
        extended_ = extended_ ? extended_->plus(amount(extended)) : extended_;
        return !amount(net).is_negative() || wrong("net_negative", "`net` is below zero");
    }

    bool totals()
    {
        const Value totals = get(fields_, "totals");
        const Value grand_total = get(totals, "grand_total");
        if (grand_total.is_null())
            return true;
        const Value gross = get(totals, "items_gross");
        std::optional<Decimal> sum = gross.is_null() ? extended_ : std::optional(amount(gross));
        const auto include = [&](std::string_view name, bool adds) {
            const Decimal part = amount(get(totals, name));
            if (sum)
                sum = adds ? sum->plus(part) : sum->minus(part);
        };
        include("discounts", false);
        for (const std::string_view name : {"shipping", "charges", "duties", "tips", "rounding_adjustment"})
            include(name, true);
        const Value tax = get(fields_, "tax");
        if (get(tax, "mode").text != "inclusive")
            include("tax", true);
        if (!sum)
            return overflow();
        if (*sum != amount(grand_total))
            return at({"totals"}, [&] { return wrong("total_mismatch", "the parts do not add up to `grand_total`"); });
        return true;
    }

    Run& run_;
    const Site& site_;
    const Value& fields_;
    std::string_view currency_;
    std::optional<Decimal> extended_ = Decimal{};
};

}  // namespace

bool check_invariants(Run& run, const Site& site, const CanonicalType& type, const Value& fields)
{
    return type.name != "sales_order" || SalesOrder(run, site, fields).check();
}

}  // namespace headgate::mapping
