#include <algorithm>

#include "mapping/canonical.hpp"

namespace headgate::mapping {

namespace {

using Path = std::vector<std::string>;

void add(std::vector<LedgerColumn>& columns, const Path& path, std::string_view suffix, const Path& tail,
         LedgerColumn::Kind kind)
{
    LedgerColumn column;
    column.kind = kind;
    column.path = path;
    column.path.insert(column.path.end(), tail.begin(), tail.end());
    const auto joined = [&](std::size_t from) {
        std::string name;
        for (std::size_t i = from; i < path.size(); ++i)
            name.append(name.empty() ? "" : "_").append(path[i]);
        return name.append(suffix);
    };
    const bool is_total = path.size() > 1 && path.front() == "totals";
    column.name = joined(is_total ? 1 : 0);
    if (is_total && std::ranges::find(columns, column.name, &LedgerColumn::name) != columns.end())
        column.name = joined(0);
    columns.push_back(std::move(column));
}

void add_all(std::vector<LedgerColumn>& columns, const Shape& shape, Path& path)  // NOLINT(misc-no-recursion)
{
    for (const Shape::Member& member : shape.members) {
        path.push_back(member.name);
        switch (member.shape.kind) {
        case Shape::Kind::text:
        case Shape::Kind::decimal:
        case Shape::Kind::time:
        case Shape::Kind::date: add(columns, path, "", {}, LedgerColumn::Kind::text); break;
        case Shape::Kind::boolean: add(columns, path, "", {}, LedgerColumn::Kind::boolean); break;
        case Shape::Kind::integer: add(columns, path, "", {}, LedgerColumn::Kind::integer); break;
        case Shape::Kind::money:
        case Shape::Kind::unit_price: add(columns, path, "", {"amount"}, LedgerColumn::Kind::text); break;
        case Shape::Kind::quantity:
            add(columns, path, "", {"value"}, LedgerColumn::Kind::text);
            add(columns, path, "_uom", {"uom"}, LedgerColumn::Kind::text);
            break;
        case Shape::Kind::object: add_all(columns, member.shape, path); break;
        case Shape::Kind::list:
        case Shape::Kind::any: break;
        }
        path.pop_back();
    }
}

}  // namespace

LedgerTable CanonicalType::ledger() const
{
    LedgerTable table;
    Path path;
    add_all(table.header, shape, path);
    const Shape::Member* lines = shape.find("lines");
    if (lines != nullptr && lines->shape.kind == Shape::Kind::list)
        add_all(table.lines, lines->shape.item.front(), path);
    return table;
}

}  // namespace headgate::mapping
