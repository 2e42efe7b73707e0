#pragma once

#include <vector>

#include "core/document.hpp"
#include "core/result.hpp"
#include "core/transaction.hpp"
#include "mapping/canonical.hpp"

namespace headgate::mapping {

/// Whether a document is a transaction of the type as a mapping would have to write it: shape, required fields, totals
/// and invariants. The warnings when it is, the first failure else.
[[nodiscard]] Result<std::vector<Warning>> check_transaction(const CanonicalType& type, const Document& document);

/// The codes of a type's invariants, and what each says must be so.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> says_of(const CanonicalType& type);

}  // namespace headgate::mapping
