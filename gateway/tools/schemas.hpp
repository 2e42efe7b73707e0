#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "core/problem.hpp"
#include "core/result.hpp"

namespace headgate::gateway {

/// A kind of YAML file of the configuration.
struct SchemaKind {
    std::string_view name;
    std::string_view files;  // what it is of
};
[[nodiscard]] std::span<const SchemaKind> schema_kinds();

/// The JSON Schema (2020-12) of a kind, as JSON with a member a line. It knows less than `headgate check`: keys, kinds
/// and words, no expressions. `shipped` is where the canonical types are. Fails with `unknown_schema`.
[[nodiscard]] Result<std::string> schema_of(std::string_view kind, const std::string& shipped);

}  // namespace headgate::gateway
