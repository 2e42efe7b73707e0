#include "mapping/totals.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/currency.hpp"
#include "mapping/mapped_at.hpp"

namespace headgate::mapping {

namespace {

/// Beside the goods and the tax.
constexpr std::array<std::string_view, 5> added_parts{"shipping", "charges", "duties", "tips", "rounding_adjustment"};

class Totals {
public:
    Totals(Run& run, const Block& made_by, const CanonicalType& type, Value& fields)
        : run_(run),
          made_by_(made_by),
          type_(type),
          fields_(fields)
    {}

    bool check()
    {
        const Value currency = get(fields_, "currency");
        if (currency.kind == Kind::text && !one_currency(fields_, currency.text))
            return false;
        const Value totals = get(fields_, "totals");
        const Value grand_total = get(totals, "grand_total");
        if (grand_total.kind != Kind::money)
            return true;
        const auto sum = sum_of(totals);
        const auto difference = sum ? grand_total.number.minus(*sum) : std::nullopt;
        if (!difference)
            return fail(run_, mapped_at(made_by_, run_), "number_overflow", "a sum has more than 38 digits");
        if (difference->is_zero())
            return true;
        return explained(*difference, grand_total, totals) || mismatch(totals);
    }

private:
    Value get(const Value& object, std::string_view name)
    {
        return object.kind == Kind::object ? member_of(run_, object, name) : Value{};
    }
    static Decimal amount(const Value& money) { return money.kind == Kind::money ? money.number : Decimal{}; }

    bool mismatch(const Value& totals)
    {
        run_.output.push_back({"totals"});
        run_.output.push_back({"grand_total"});
        const Site site = mapped_at(made_by_, run_);
        run_.output.pop_back();
        fail(run_, site, "total_mismatch", parts(totals));
        run_.output.pop_back();
        return false;
    }

    /// Which parts were added and which could have been: "items_gross + tax − discounts do not add up to …".
    std::string parts(const Value& totals)
    {
        const Shape::Member* known = type_.shape.find("totals");
        std::string added = get(totals, "items_gross").is_null() ? "the lines' `extended`" : "items_gross";
        std::string absent;
        bool several = false;
        const auto part = [&](std::string_view name, std::string_view sign) {
            if (!get(totals, name).is_null()) {
                added.append(sign).append(name);
                several = true;
            } else if (name != "rounding_adjustment" && known != nullptr && known->shape.find(name) != nullptr) {
                absent.append(absent.empty() ? "" : ", ").append(name);
            }
        };
        for (const std::string_view name : added_parts)
            part(name, " + ");
        if (!inclusive())
            part("tax", " + ");
        part("discounts", " − ");
        std::string text = added + (several ? " do not add up to" : " alone is not") + " `grand_total`";
        if (!absent.empty())
            text += "; null or not mapped: " + absent;
        if (inclusive())
            text += "; tax is in the prices, as `tax.mode` is inclusive";
        return text;
    }

    template <class Check>
    bool at(Run::OutputStep step, Check check)
    {
        run_.output.push_back(step);
        const bool held = check();
        run_.output.pop_back();
        return held;
    }

    /// Money of another currency stands only where a pair of currencies is the point.
    bool one_currency(const Value& value, std::string_view currency)  // NOLINT(misc-no-recursion)
    {
        if (value.kind == Kind::money && value.text != currency)
            return fail(run_, mapped_at(made_by_, run_), "currency_mix",
                        "is an amount in another currency than the document's");
        std::int64_t place = 0;
        if (value.kind == Kind::list)
            return each_item(value, [&](const Value& item) {
                return at({{}, place++}, [&] { return one_currency(item, currency); });
            });
        if (value.kind != Kind::object)
            return true;
        return each_member(value, [&](std::string_view name, const Value& member) {
            return name == "exchange" || name.starts_with("shop_") ||
                   at({name}, [&] { return one_currency(member, currency); });
        });
    }

    /// What the parts say the grand total is; the lines' sum stands in for goods that are not totalled.
    std::optional<Decimal> sum_of(const Value& totals)
    {
        std::optional<Decimal> sum = Decimal{};
        const auto add = [&](const Value& money) {
            if (sum)
                sum = sum->plus(amount(money));
            return true;
        };
        if (const Value gross = get(totals, "items_gross"); !gross.is_null())
            add(gross);
        else
            each_item(get(fields_, "lines"), [&](const Value& line) { return add(get(line, "extended")); });
        if (sum)
            sum = sum->minus(amount(get(totals, "discounts")));
        for (const std::string_view part : added_parts)
            add(get(totals, part));
        if (!inclusive())
            add(get(totals, "tax"));
        return sum;
    }

    bool inclusive() { return get(get(fields_, "tax"), "mode").text == "inclusive"; }

    std::int64_t count(const Value& list) { return list.kind == Kind::list ? list.count : 0; }

    /// What the source's roundings come to at most.
    std::int64_t allowed()
    {
        const SourceRounding* rounding = run_.context.rounding;
        if (rounding == nullptr || (rounding->level == SourceRounding::Level::line && !inclusive()))
            return 0;
        const Value lines = get(fields_, "lines");
        std::int64_t rounded =
            count(lines) + count(get(fields_, "shipping_lines")) + count(get(get(fields_, "tax"), "lines"));
        each_item(lines, [&](const Value& line) {
            rounded += count(get(line, "tax_lines"));
            return true;
        });
        return std::min(rounding->tolerance, rounding->mode == Rounding::down ? rounded : (rounded + 1) / 2);
    }

    bool explained(const Decimal& difference, const Value& grand_total, const Value& totals)
    {
        const auto digits = currency_decimals(grand_total.text);
        const Shape::Member* shape = type_.shape.find("totals");
        if (!digits || !get(totals, "rounding_adjustment").is_null() || shape == nullptr ||
            shape->shape.find("rounding_adjustment") == nullptr)
            return false;
        auto minor = difference.magnitude();
        for (int i = 0; i < *digits; ++i)
            if (const auto tenfold = minor.times(Decimal(10)))
                minor = *tenfold;
        if (minor > Decimal(allowed()))
            return false;
        Value adjustment = grand_total;
        adjustment.number = difference;
        adjustment.posted = true;
        Value settled = with(totals, "rounding_adjustment", adjustment);
        if (shape->shape.find("rounding_reason") != nullptr)
            settled = with(settled, "rounding_reason", text_value("source_rounding"));
        fields_ = with(fields_, "totals", settled);
        return true;
    }

    /// The object with one member set: in its place, or at the end.
    Value with(const Value& object, std::string_view name, const Value& value)
    {
        auto* members = run_.make<Member>(object.count + 1);
        std::size_t size = 0;
        bool found = false;
        for (const Member& member : object.members()) {
            members[size] = member;
            if (member.name == name) {
                members[size].value = value;
                found = true;
            }
            ++size;
        }
        if (!found)
            members[size++] = {name, value};
        return object_value({members, size});
    }

    Run& run_;
    const Block& made_by_;
    const CanonicalType& type_;
    Value& fields_;
};

}  // namespace

bool check_totals(Run& run, const Block& made_by, const CanonicalType& type, Value& fields)
{
    return fields.kind != Kind::object || Totals(run, made_by, type, fields).check();
}

}  // namespace headgate::mapping
