#pragma once

#include <span>

#include "core/problem.hpp"
#include "mapping/canonical.hpp"
#include "mapping/tree.hpp"

namespace headgate::mapping {

/// What an expression about a transaction reads and what none of these types has: it would be null for ever, and a
/// comparison with it false. `$headers`, `$event` and `$channel` are not there either.
[[nodiscard]] Problems not_in_transaction(const Block& block, std::span<const CanonicalType* const> types);

}  // namespace headgate::mapping
