#pragma once

#include <vector>

#include "connectors/systems/sqlite_ledger.hpp"
#include "mapping/canonical.hpp"

namespace headgate::gateway {

/// The ledger's tables of every canonical type.
std::vector<connectors::LedgerTable> ledger_tables(const mapping::Canonical& canonical);

}  // namespace headgate::gateway
