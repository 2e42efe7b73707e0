#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/document.hpp"
#include "core/time.hpp"

namespace headgate::mapping {

enum class Kind : std::uint8_t { null, boolean, number, text, money, quantity, time, list, object };

[[nodiscard]] std::string_view name_of(Kind kind);  // with its article: "a list"

struct Member;

/// What an expression gives: a view. Texts, lists and objects point into the document, the mapping or the arena of the
/// transaction, so copying a value is copying a few words. `document` and `node` say where it stood, if it stood
/// anywhere.
struct Value {
    Kind kind = Kind::null;
    bool truth = false;   // boolean
    bool parsed = false;  // number: `number` holds it; else `text` are its source digits
    bool posted = false;  // money: has exactly its currency's decimals because `money` or `minor` made it
    std::uint32_t count = 0;
    NodeIndex node = no_node;
    const Document* document = nullptr;
    std::string_view text;       // text; a number's source digits; a currency; a unit of measure; a time's source text
    const void* data = nullptr;  // items or members in the arena; a Timestamp
    Decimal number;              // number (when parsed), money, quantity

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_true() const { return kind != Kind::null && (kind != Kind::boolean || truth); }
    /// True when the items or members are nodes of a document and not values of the arena.
    [[nodiscard]] bool is_tree() const { return data == nullptr && node != no_node; }
    [[nodiscard]] std::span<const Value> items() const { return {static_cast<const Value*>(data), count}; }
    [[nodiscard]] std::span<const Member> members() const;
    [[nodiscard]] const Timestamp& time() const { return *static_cast<const Timestamp*>(data); }
};

struct Member {
    std::string_view name;
    Value value;
};

inline std::span<const Member> Value::members() const
{
    return {static_cast<const Member*>(data), count};
}

// Inline, so that a value is made where it is to be and not copied there.

[[nodiscard]] inline Value boolean_value(bool truth)
{
    Value value;
    value.kind = Kind::boolean;
    value.truth = truth;
    return value;
}

[[nodiscard]] inline Value number_value(const Decimal& number)
{
    Value value;
    value.kind = Kind::number;
    value.parsed = true;
    value.number = number;
    return value;
}

[[nodiscard]] inline Value text_value(std::string_view text)  // borrowed
{
    Value value;
    value.kind = Kind::text;
    value.text = text;
    return value;
}

[[nodiscard]] inline Value list_value(std::span<const Value> items)
{
    Value value;
    value.kind = Kind::list;
    value.data = items.data();
    value.count = static_cast<std::uint32_t>(items.size());
    return value;
}

[[nodiscard]] inline Value object_value(std::span<const Member> members)
{
    Value value;
    value.kind = Kind::object;
    value.data = members.data();
    value.count = static_cast<std::uint32_t>(members.size());
    return value;
}

/// Makes `value` a node of a document; a blank text reads as null. In place: copying what was just written in parts
/// stalls, and this is done for every field.
inline void set_node(Value& value, const Document& document, NodeIndex index)
{
    value = {};
    if (index == no_node)
        return;
    value.document = &document;
    value.node = index;
    const Node& node = document[index];
    switch (node.kind) {
    case NodeKind::null: break;
    case NodeKind::boolean:
        value.kind = Kind::boolean;
        value.truth = node.text == "true";
        break;
    case NodeKind::number:
        value.kind = Kind::number;
        value.text = node.text;
        break;
    case NodeKind::text:
        if (!node.blank) {
            value.kind = Kind::text;
            value.text = node.text;
        }
        break;
    case NodeKind::list:
        value.kind = Kind::list;
        value.count = node.count;
        break;
    case NodeKind::object:
        value.kind = Kind::object;
        value.count = node.count;
        break;
    }
}

[[nodiscard]] inline Value node_value(const Document& document, NodeIndex index)
{
    Value value;
    set_node(value, document, index);
    return value;
}

/// The member of an object, of money (`amount`, `currency`) or of a quantity (`value`, `uom`); null when it has none.
[[nodiscard]] Value member_of(const Value& object, std::string_view name, std::pmr::memory_resource& arena);
/// The item at a place of a list, counted from the end when negative; null out of range.
[[nodiscard]] Value item_of(const Value& list, std::int64_t place);
[[nodiscard]] std::string_view copy_text(std::string_view text, std::pmr::memory_resource& arena);

/// Reads a number where one is asked: numbers, texts of the plain shape, an element's text. nullopt: it is none, or too
/// long.
[[nodiscard]] std::optional<Decimal> number_of(const Value& value);
/// True when `number_of` failed only because the digits are too many.
[[nodiscard]] bool is_too_long(const Value& value);
/// The text of a scalar, or of an XML element (`#text`); nullopt for what has none.
[[nodiscard]] std::optional<std::string_view> text_of(const Value& value, std::pmr::memory_resource& arena);
/// An amount with at least its currency's decimals.
[[nodiscard]] std::string amount_text(const Value& money);

/// Visits the items of a list, or a single value as a list of one. `visit` returns false to stop; so does the result.
template <class Visit>
bool each_item(const Value& list, Visit&& visit)
{
    if (list.kind != Kind::list)
        return visit(list);
    if (!list.is_tree()) {
        for (const Value& item : list.items())
            if (!visit(item))
                return false;
        return true;
    }
    const Document& document = *list.document;
    for (const NodeIndex at : document.children(list.node))
        if (!visit(node_value(document, at)))
            return false;
    return true;
}

template <class Visit>
bool each_member(const Value& object, Visit&& visit)
{
    if (!object.is_tree()) {
        for (const Member& member : object.members())
            if (!visit(member.name, member.value))
                return false;
        return true;
    }
    const Document& document = *object.document;
    for (const NodeIndex at : document.children(object.node))
        if (!visit(document[at].name, node_value(document, at)))
            return false;
    return true;
}

}  // namespace headgate::mapping
