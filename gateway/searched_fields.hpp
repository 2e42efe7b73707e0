#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/transaction.hpp"
#include "mapping/canonical.hpp"
#include "mapping/context.hpp"

namespace headgate::gateway {

/// What letters are found by besides what every letter has: names like "lines.sku", several of one where it is a list.
using FoundFields = std::vector<std::pair<std::string, std::string>>;

/// A field has at most so many values, none longer than this; what is more is not found by it.
inline constexpr std::size_t most_searched_values = 20;
inline constexpr std::size_t longest_searched_value = 200;  // bytes

/// Whether a type has such a field, and it is no object.
[[nodiscard]] bool has_field(const mapping::CanonicalType& type, std::string_view name);

/// Of a transaction. Of money it is the amount, of a quantity the value.
[[nodiscard]] FoundFields found_in(const mapping::SearchedFields& searched, const Transaction& transaction);
/// As much as is known of one that could not be made.
[[nodiscard]] FoundFields found_in(const mapping::Unmade& unmade);

}  // namespace headgate::gateway
