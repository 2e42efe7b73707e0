#pragma once

#include <memory_resource>
#include <string_view>

#include "mapping/value.hpp"

namespace headgate::mapping {

enum class JsonRead : std::uint8_t { done, malformed, too_many };

/// Reads a JSON text into values of the arena, numbers with their source text. `malformed` when it is no JSON, is
/// nested more than 64 deep or names a member twice; `too_many` when it holds more values than `most`. `count` says how
/// many were read.
JsonRead read_json_value(std::string_view text, std::pmr::memory_resource& arena, std::size_t most, Value& out,
                         std::size_t& count);

}  // namespace headgate::mapping
