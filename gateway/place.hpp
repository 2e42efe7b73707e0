#pragma once

#include <string>

#include "mapping/expression.hpp"

namespace headgate::gateway {

/// `file:line:column` back into its parts; a text that is none is the file.
[[nodiscard]] mapping::Place place_of(const std::string& where);

}  // namespace headgate::gateway
