#include "mapping/shapes.hpp"

#include <algorithm>

#include "core/currency.hpp"

namespace headgate::mapping {

namespace {

struct ShapeCheck {
    Run& run;
    const Site& site;
    std::string_view source;

    bool wrong(std::string_view code, std::string_view message, const Value& value) const
    {
        return fail(run, site, code, message, &value, source);
    }
    bool wrong_kind(std::string_view asked, const Value& value, std::string_view hint = {}) const
    {
        std::string message = "is " + std::string(name_of(value.kind));
        message.append(" where the field is ").append(asked).append(hint);
        return wrong("wrong_kind", message, value);
    }

    bool money(const Value& value) const
    {
        if (value.kind != Kind::money)
            return wrong_kind("money", value, "; end it with `| money(currency)`");
        const auto decimals = currency_decimals(value.text);
        if (!decimals)
            return wrong("unknown_currency", "is in a currency that is not known", value);
        if (!value.posted || value.number.normalized().scale() > *decimals)
            return wrong("money_precision",
                         "is an amount that was not rounded to its currency; end it with `| money(currency)`", value);
        return true;
    }

    bool words(const Shape& shape, const Value& value) const
    {
        if (value.kind != Kind::text)
            return wrong_kind("a text", value,
                              value.kind == Kind::number ? "; a number becomes one with `| string`" : "");
        if (shape.pattern && !re2::RE2::PartialMatch(value.text, *shape.pattern))
            return wrong("pattern_mismatch", "is not of the form " + shape.pattern->pattern(), value);
        if (shape.words.empty() || std::ranges::find(shape.words, value.text) != shape.words.end())
            return true;
        std::string message = "is none of ";
        for (const std::string& word : shape.words)
            message.append(&word == &shape.words.front() ? "" : ", ").append(word);
        return wrong("not_in_list", message, value);
    }

    bool members(const Shape& shape, const Value& value) const
    {
        if (value.kind != Kind::object)
            return wrong_kind("an object", value);
        run.count_nodes(value.count);
        bool given = each_member(value, [&](std::string_view name, const Value& member) {
            const Shape::Member* known = shape.find(name);
            if (known == nullptr)
                return shape.open ||
                       wrong("unknown_field", "has a member that the canonical type does not know", value);
            run.output.push_back({known->name});
            const bool fits = check_shape(run, site, known->shape, member, source);
            run.output.pop_back();
            return fits;
        });
        for (const Shape::Member& member : shape.members)
            if (given && member.required && member_of(run, value, member.name).is_null())
                given = wrong("missing_required", "has no `" + member.name + "`, which is required", value);
        return given;
    }

    bool items(const Shape& shape, const Value& value) const
    {
        if (value.kind != Kind::list)
            return wrong_kind("a list", value);
        run.count_nodes(value.count);
        std::int64_t place = 0;
        return each_item(value, [&](const Value& item) {
            run.output.push_back({{}, place++});
            const bool fits = check_shape(run, site, shape.item.front(), item, source);
            run.output.pop_back();
            return fits;
        });
    }
};

}  // namespace

bool check_shape(Run& run, const Site& site, const Shape& shape, const Value& value, std::string_view source)
{
    if (value.is_null())
        return true;
    const ShapeCheck check{run, site, source};
    switch (shape.kind) {
    case Shape::Kind::any: return true;
    case Shape::Kind::text: return check.words(shape, value);
    case Shape::Kind::boolean: return value.kind == Kind::boolean || check.wrong_kind("a boolean", value);
    case Shape::Kind::integer: {
        const auto number = value.kind == Kind::number ? number_of(value) : std::nullopt;
        if (!number)
            return check.wrong_kind("an integer", value,
                                    value.kind == Kind::text ? "; a text becomes one with `| integer`" : "");
        return number->to_int64() ||
               check.wrong("wrong_kind", "is no whole number where the field is an integer", value);
    }
    case Shape::Kind::decimal:
        return (value.kind == Kind::text && number_of(value)) ||
               check.wrong_kind("the text of a decimal number", value, "; a number becomes one with `| string`");
    case Shape::Kind::money: return check.money(value);
    case Shape::Kind::unit_price:
        if (value.kind != Kind::money)
            return check.wrong_kind("a price", value, "; end it with `| price(currency)`");
        return value.number.normalized().scale() <= 9 ||
               check.wrong("money_precision", "has more than 9 decimals", value);
    case Shape::Kind::quantity:
        return value.kind == Kind::quantity ||
               check.wrong_kind("a quantity", value, "; end it with `| quantity(unit)`");
    case Shape::Kind::time:
        return value.kind == Kind::time || check.wrong_kind("a time", value, "; end it with `| timestamp`");
    case Shape::Kind::date:
        return (value.kind == Kind::text && parse_date(value.text)) ||
               check.wrong_kind("a date", value, "; end it with `| date`");
    case Shape::Kind::object: return check.members(shape, value);
    case Shape::Kind::list: return check.items(shape, value);
    }
    return true;
}

}  // namespace headgate::mapping
