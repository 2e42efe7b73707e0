#pragma once

#include "mapping/canonical.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

/// What must hold within one document of a canonical type, beyond the shape of its fields. So far for sales_order:
/// lines, their quantities and nets, one currency, and totals that add up to the grand total without tolerance.
bool check_invariants(Run& run, const Site& site, const CanonicalType& type, const Value& fields);

}  // namespace headgate::mapping
