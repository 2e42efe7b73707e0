#include "mapping/value.hpp"

#include <algorithm>
#include <cstring>

#include "core/currency.hpp"

namespace headgate::mapping {

std::string_view name_of(Kind kind)
{
    switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return "a boolean";
    case Kind::number: return "a number";
    case Kind::text: return "a text";
    case Kind::money: return "money";
    case Kind::quantity: return "a quantity";
    case Kind::time: return "a time";
    case Kind::list: return "a list";
    case Kind::object: return "an object";
    }
    return "";
}

std::string_view copy_text(std::string_view text, std::pmr::memory_resource& arena)
{
    if (text.empty())
        return {};
    auto* bytes = static_cast<char*>(arena.allocate(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
}

Value member_of(const Value& object, std::string_view name, std::pmr::memory_resource& arena)
{
    Value found;  // the one that every way returns, so that it is made in the caller's place
    const auto set_number = [&](std::string_view text) {
        found.kind = Kind::text;
        found.text = text;
        found.number = object.number;
        found.parsed = true;
    };
    if (object.kind == Kind::object && object.is_tree()) {
        set_node(found, *object.document, object.document->member(object.node, name));
    } else if (object.kind == Kind::object) {
        for (const Member& member : object.members())
            if (same_text(member.name, name)) {
                found = member.value;
                break;
            }
    } else if (object.kind == Kind::money && name == "amount") {
        set_number(copy_text(amount_text(object), arena));
    } else if (object.kind == Kind::quantity && name == "value") {
        set_number(copy_text(object.number.text(), arena));
    } else if ((object.kind == Kind::money && name == "currency") || (object.kind == Kind::quantity && name == "uom")) {
        found.kind = Kind::text;
        found.text = object.text;
    }
    return found;
}

Value item_of(const Value& list, std::int64_t place)
{
    if (list.kind != Kind::list)
        return place == 0 || place == -1 ? list : Value{};
    if (list.is_tree())
        return node_value(*list.document, list.document->item(list.node, place));
    const auto items = list.items();
    if (place < 0)
        place += static_cast<std::int64_t>(items.size());
    if (place < 0 || place >= static_cast<std::int64_t>(items.size()))
        return {};
    return items[static_cast<std::size_t>(place)];
}

namespace {

/// An XML element's text, or the value itself.
std::string_view scalar_text(const Value& value)
{
    if (value.kind == Kind::object && value.is_tree()) {
        const NodeIndex text = value.document->member(value.node, "#text");
        return text == no_node ? std::string_view{} : (*value.document)[text].text;
    }
    return value.kind == Kind::text || value.kind == Kind::number ? value.text : std::string_view{};
}

}  // namespace

std::optional<Decimal> number_of(const Value& value)
{
    switch (value.kind) {
    case Kind::number: return value.parsed ? value.number : Decimal::parse_json(value.text);
    case Kind::text: return value.parsed ? value.number : Decimal::parse(value.text);
    case Kind::object: return Decimal::parse(scalar_text(value));
    default: return std::nullopt;  // money and quantities are more than their number
    }
}

bool is_too_long(const Value& value)
{
    return (value.kind == Kind::number && !value.parsed) || Decimal::has_shape(scalar_text(value));
}

std::optional<std::string_view> text_of(const Value& value, std::pmr::memory_resource& arena)
{
    switch (value.kind) {
    case Kind::text: return value.text;
    case Kind::number: return value.parsed ? copy_text(value.number.text(), arena) : value.text;
    case Kind::boolean: return value.truth ? "true" : "false";
    case Kind::time: return copy_text(headgate::text_of(value.time()), arena);
    case Kind::object: {
        const std::string_view text = scalar_text(value);
        if (is_blank(text))
            return std::nullopt;
        return text;
    }
    case Kind::null:
    case Kind::money:
    case Kind::quantity:
    case Kind::list: return std::nullopt;
    }
    return std::nullopt;
}

std::string amount_text(const Value& money)
{
    const int least = currency_decimals(money.text).value_or(0);
    if (money.number.scale() == least)
        return money.number.scaled_text();
    const Decimal shortest = money.number.normalized();
    const int decimals = std::max(shortest.scale(), least);
    return shortest.rescaled(decimals).value_or(shortest).scaled_text();
}

}  // namespace headgate::mapping
