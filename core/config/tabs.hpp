#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/problem.hpp"

namespace headgate::config {

/// What to say of a YAML text in which a reader stopped at a line (from 1) that is indented with a tab; nothing when it
/// is not. What the reader itself says of it seldom names the tab.
[[nodiscard]] inline std::optional<Problem> tab_problem(const std::string& file, std::string_view text, int line,
                                                        std::string code)
{
    for (int skip = line - 1; skip > 0 && !text.empty(); --skip)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const auto tab = text.substr(0, text.find_first_not_of(" \t")).find('\t');
    if (tab == std::string_view::npos)
        return std::nullopt;
    return Problem{file,
                   line,
                   static_cast<int>(tab) + 1,
                   std::move(code),
                   "YAML is indented with spaces, and here stands a tab",
                   "write spaces in its place; most editors can do that for a whole file"};
}

}  // namespace headgate::config
