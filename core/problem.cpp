#include "core/problem.hpp"

#include <algorithm>
#include <fstream>

namespace headgate {

namespace {

constexpr std::size_t shown = 120;  // a longer line is cut around the place

bool is_continuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string with_source(const Problem& problem)
{
    std::string text = text_of(problem);
    if (problem.line <= 0)
        return text;
    std::ifstream file(problem.file, std::ios::binary);
    std::string line;
    for (int i = 0; i < problem.line; ++i)
        if (!std::getline(file, line))
            return text;
    std::size_t at = std::min(static_cast<std::size_t>(std::max(problem.column, 1) - 1), line.size());
    std::size_t begin = at > shown / 2 && line.size() > shown ? at - shown / 2 : 0;
    while (begin > 0 && is_continuation(line[begin]))
        --begin;
    std::size_t end = std::min(line.size(), begin + shown);
    while (end < line.size() && is_continuation(line[end]))
        ++end;
    line = line.substr(begin, end - begin);
    at -= begin;

    // A tab stays a tab in both lines, so that the caret stands where it should; nothing else may move a cursor.
    std::string caret;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const auto byte = static_cast<unsigned char>(line[i]);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
            line[i] = ' ';
        if (i < at && !is_continuation(line[i]))
            caret += line[i] == '\t' ? '\t' : ' ';
    }
    return text.append("\n    ").append(line).append("\n    ").append(caret).append("^");
}

}  // namespace headgate
