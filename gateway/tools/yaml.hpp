#pragma once

// For the .cpp files of this module only: yaml-cpp's types are in it.

#include <optional>
#include <string>
#include <string_view>

#include <yaml-cpp/yaml.h>

#include "core/document.hpp"
#include "core/problem.hpp"

namespace headgate::gateway {

/// One YAML document; nothing when it is none, and the problem says where.
[[nodiscard]] std::optional<YAML::Node> load_yaml(const std::string& file, const std::string& text, Problems& problems);
[[nodiscard]] Problem problem_at(const std::string& file, const YAML::Node& node, std::string code, std::string message,
                                 std::string hint = {});
[[nodiscard]] bool is_plain(const YAML::Node& scalar);
/// By the language's rule: of plain scalars `true`, `false`, `null` and JSON numbers are not text, and nothing else is.
[[nodiscard]] Document document_of(const YAML::Node& node);
/// The same as JSON, compact.
[[nodiscard]] std::string json_of(const YAML::Node& node);

/// Whether two trees say the same: kinds, tags, texts, order of lists. The order of keys says nothing.
[[nodiscard]] bool same_yaml(const YAML::Node& left, const YAML::Node& right);

}  // namespace headgate::gateway
