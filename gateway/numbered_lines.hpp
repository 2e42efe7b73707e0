#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::gateway {

/// A line with its place, from 1 on.
using NumberedLine = std::pair<std::size_t, std::string_view>;

/// The lines of a text that has one thing a line, without those that are empty.
[[nodiscard]] inline std::vector<NumberedLine> numbered_lines(std::string_view text)
{
    std::vector<NumberedLine> lines;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto one = text.substr(0, end); one.find_first_not_of(" \t\r") != std::string_view::npos)
            lines.emplace_back(line, one);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace headgate::gateway
