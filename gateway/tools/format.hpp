#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "core/problem.hpp"

namespace headgate::gateway {

/// What a YAML file of a configuration is, by its place.
enum class FileKind : std::uint8_t { headgate, connector, mapping, fragment, vocabulary, case_file, entries, other };
[[nodiscard]] FileKind kind_of_file(const std::string& path);

/// The text as `fmt` writes it: two spaces a level, keys at the top in the order of the reference, no blanks at the
/// ends of lines, one line break at the end. Comments, quotes, flow and block style, values and empty lines are as they
/// were. It never changes what the YAML means: both texts are loaded and held against each other, and `would_change` is
/// the problem when they differ. Formatting twice is formatting once.
///
/// Left as they stand: the indentation of a file that uses `? key`, `- ` with its item on the next line, or a block
/// scalar that says its own indentation; the spaces inside of a line; line breaks.
[[nodiscard]] std::expected<std::string, Problems> formatted(const std::string& file, const std::string& text,
                                                             FileKind kind);

/// The YAML files of a configuration at or below `path`; a file is itself, whatever it is called.
[[nodiscard]] std::vector<std::string> yaml_files(const std::string& path);

}  // namespace headgate::gateway
