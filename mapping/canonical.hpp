#pragma once

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "core/problem.hpp"
#include "core/transaction.hpp"

namespace headgate::mapping {

/// What one field of a canonical type may hold, compiled from its JSON Schema.
struct Shape {
    enum class Kind : std::uint8_t {
        any,
        text,
        boolean,
        integer,
        decimal,
        money,
        unit_price,
        quantity,
        time,
        date,
        object,
        list
    };
    struct Member;
    Kind kind = Kind::any;
    std::vector<std::string> words;           // a closed list, for text
    std::shared_ptr<const re2::RE2> pattern;  // that a text must match
    std::vector<Member> members;              // of an object, in the schema's order
    std::vector<Shape> item;                  // of a list: one element
    bool open = false;                        // an object that takes names the schema does not list
    [[nodiscard]] const Member* find(std::string_view name) const;
};

struct Shape::Member {
    std::string name;
    bool required = false;
    Shape shape;
};

/// One column of a ledger table and the way to its value in `Transaction::json`.
struct LedgerColumn {
    enum class Kind : std::uint8_t { text, integer, boolean };
    std::string name;               // "grand_total", "ship_to_city", "qty_uom"
    std::vector<std::string> path;  // {"totals", "grand_total", "amount"}
    Kind kind = Kind::text;
};

struct LedgerTable {
    std::vector<LedgerColumn> header;
    std::vector<LedgerColumn> lines;  // of the list `lines`; empty when the type has none
};

struct Invariants;

struct CanonicalType {
    std::string name;
    std::string family;
    Order order = Order::latest;
    bool snapshot =
        false;  // each telling is whole and of its moment: one that was never sent may be left out for a newer
    Shape shape;
    std::shared_ptr<const Invariants> invariants;  // never null
    std::vector<std::string> examples;             // JSON

    /// The columns of the type's tables, in the schema's order: scalar paths joined by `_` (members of `totals` bare),
    /// money as its amount, a quantity as value and `_uom`. Lists other than `lines` live in the JSON only.
    [[nodiscard]] LedgerTable ledger() const;
};

/// The canonical types of one configuration: `<dir>/<type>.json`, JSON Schema 2020-12 with `x-order`
/// (latest | sequence | free), `x-family`, `x-snapshot`, `x-overtakes` (when it makes older tellings
/// of its entity needless that were never sent) and `x-invariants`. What they share is in
/// `<dir>/common.json` and referred to as `common.json#/$defs/<name>`. Immutable; reading may overlap.
class Canonical {
public:
    static std::expected<Canonical, Problems> load(const std::string& dir);
    [[nodiscard]] const CanonicalType* find(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::map<std::string, CanonicalType, std::less<>> types_;
};

}  // namespace headgate::mapping
