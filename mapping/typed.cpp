#include "mapping/typed.hpp"

#include "core/time.hpp"

namespace headgate::mapping {

namespace {

std::optional<Value> money(Run& run, const Shape& shape, const Value& given)
{
    const Value amount = member_of(run, given, "amount");
    const Value currency = member_of(run, given, "currency");
    const auto number = amount.kind == Kind::text ? number_of(amount) : std::nullopt;
    if (!number || currency.kind != Kind::text)
        return std::nullopt;
    Value value;
    value.kind = Kind::money;
    value.number = *number;
    value.text = currency.text;
    value.posted = shape.kind == Shape::Kind::money;
    return value;
}

std::optional<Value> quantity(Run& run, const Value& given)
{
    const Value amount = member_of(run, given, "value");
    const Value unit = member_of(run, given, "uom");
    const auto number = amount.kind == Kind::text ? number_of(amount) : std::nullopt;
    if (!number || unit.kind != Kind::text)
        return std::nullopt;
    Value value;
    value.kind = Kind::quantity;
    value.number = *number;
    value.text = unit.text;
    return value;
}

Value object(Run& run, const Shape& shape, const Value& given)  // NOLINT(misc-no-recursion)
{
    auto* members = run.make<Member>(given.count);
    std::size_t size = 0;
    each_member(given, [&](std::string_view name, const Value& member) {
        const Shape::Member* known = shape.find(name);
        members[size++] = {name, known != nullptr ? typed(run, known->shape, member) : member};
        return true;
    });
    return object_value({members, size});
}

Value list(Run& run, const Shape& shape, const Value& given)  // NOLINT(misc-no-recursion)
{
    auto* items = run.make<Value>(given.count);
    std::size_t size = 0;
    each_item(given, [&](const Value& item) {
        items[size++] = typed(run, shape.item.front(), item);
        return true;
    });
    return list_value({items, size});
}

}  // namespace

Value typed(Run& run, const Shape& shape, const Value& given)  // NOLINT(misc-no-recursion)
{
    switch (shape.kind) {
    case Shape::Kind::money:
    case Shape::Kind::unit_price: return given.kind == Kind::object ? money(run, shape, given).value_or(given) : given;
    case Shape::Kind::quantity: return given.kind == Kind::object ? quantity(run, given).value_or(given) : given;
    case Shape::Kind::time:
        if (given.kind == Kind::text)
            if (const auto time = parse_timestamp(given.text))
                return run.time_value(*time, given.text);
        return given;
    case Shape::Kind::object: return given.kind == Kind::object ? object(run, shape, given) : given;
    case Shape::Kind::list: return given.kind == Kind::list ? list(run, shape, given) : given;
    default: return given;
    }
}

}  // namespace headgate::mapping
