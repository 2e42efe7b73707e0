#include "gateway/ledger_tables.hpp"

namespace headgate::gateway {

namespace {

std::vector<connectors::LedgerColumn> columns_of(const std::vector<mapping::LedgerColumn>& from)
{
    std::vector<connectors::LedgerColumn> to;
    for (const auto& column : from) {
        auto kind = connectors::LedgerColumn::Kind::text;
        switch (column.kind) {
        case mapping::LedgerColumn::Kind::text: break;
        case mapping::LedgerColumn::Kind::integer: kind = connectors::LedgerColumn::Kind::integer; break;
        case mapping::LedgerColumn::Kind::boolean: kind = connectors::LedgerColumn::Kind::boolean; break;
        }
        to.push_back({column.name, column.path, kind});
    }
    return to;
}

}  // namespace

std::vector<connectors::LedgerTable> ledger_tables(const mapping::Canonical& canonical)
{
    std::vector<connectors::LedgerTable> tables;
    for (const auto& name : canonical.names()) {
        const auto* type = canonical.find(name);
        const auto ledger = type->ledger();
        tables.push_back({name, columns_of(ledger.header), columns_of(ledger.lines)});
    }
    return tables;
}

}  // namespace headgate::gateway
