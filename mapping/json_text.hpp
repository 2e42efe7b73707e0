#pragma once

#include <string>
#include <string_view>

#include "mapping/value.hpp"

namespace headgate::mapping {

void append_json_string(std::string& out, std::string_view text);
/// Writes a value as compact JSON, deterministic to the byte: members in their order, numbers as their source text or
/// shortest exact form, money as {"amount","currency"}, a quantity as {"value","uom"}, times in UTC. False when `out`
/// grows beyond `limit`. Without `keeps_nulls`, members that are null, or objects of nothing but nulls, are left out;
/// items stay.
bool append_json(std::string& out, const Value& value, std::size_t limit, bool keeps_nulls = true);

}  // namespace headgate::mapping
