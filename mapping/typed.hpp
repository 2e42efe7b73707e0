#pragma once

#include "mapping/canonical.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

/// A transaction's JSON as the values it was written from: money, quantities and times by the type's shape, where JSON
/// has objects and texts. Anything that does not fit is left as it is, for `check_shape` to name.
[[nodiscard]] Value typed(Run& run, const Shape& shape, const Value& given);

}  // namespace headgate::mapping
