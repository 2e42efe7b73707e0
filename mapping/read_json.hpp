#pragma once

#include <memory_resource>
#include <string_view>

#include "mapping/value.hpp"

namespace headgate::mapping {

/// Reads a JSON text into values of the arena, numbers with their source text. False when it is no JSON, is nested more
/// than 64 deep or names a member twice.
bool read_json_value(std::string_view text, std::pmr::memory_resource& arena, Value& out);

}  // namespace headgate::mapping
