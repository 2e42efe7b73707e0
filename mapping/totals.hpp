#pragma once

#include "mapping/canonical.hpp"
#include "mapping/context.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

/// Checks a document that has a `currency` and `totals`: one currency throughout (`currency_mix`), and parts that add
/// up to the grand total. A difference that the rounding of the context explains is written to
/// `totals.rounding_adjustment` of `fields`; any other is the failure `total_mismatch`, which names the parts. Failures
/// stand at the line of `made_by` that maps the field.
bool check_totals(Run& run, const Block& made_by, const CanonicalType& type, Value& fields);

}  // namespace headgate::mapping
