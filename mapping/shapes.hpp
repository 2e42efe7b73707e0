#pragma once

#include "mapping/canonical.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

/// Whether a value is what the canonical type asks for at this place; a failure at `site` else. Looks into
/// lists and objects. Null is fine: what is required is known to the object around it.
bool check_shape(Run& run, const Site& site, const Shape& shape, const Value& value, std::string_view source);

}  // namespace headgate::mapping
