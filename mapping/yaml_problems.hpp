#pragma once

#include <string>

#include "core/problem.hpp"

namespace headgate::mapping {

/// What keeps a text from being one YAML document of the configuration: syntax, bytes that are no UTF-8, repeated keys,
/// limits. Empty: it can be loaded.
[[nodiscard]] Problems yaml_problems(const std::string& path, const std::string& text);

}  // namespace headgate::mapping
