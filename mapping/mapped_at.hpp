#pragma once

#include "mapping/run.hpp"
#include "mapping/tree.hpp"

namespace headgate::mapping {

/// Where the output that `run` is at was mapped: the key of the field in the blocks that made it, else of the nearest
/// around it that can be told, else the blocks themselves. For failures of a whole transaction, which name a field.
[[nodiscard]] Site mapped_at(const Block& fields, const Run& run);

}  // namespace headgate::mapping
