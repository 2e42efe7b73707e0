#include "gateway/tools/text_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace headgate::gateway {

namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text)
{
    Lines lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

struct Step {
    char kind;  // ' ', '-', '+'
    std::string_view line;
};

/// The shortest way by the longest common subsequence; what is too large for its table is replaced as a whole.
void steps_between(const Lines& before, const Lines& after, std::vector<Step>& steps)
{
    constexpr std::size_t most_cells = 16'000'000;
    const std::size_t rows = before.size();
    const std::size_t columns = after.size();
    std::vector<std::uint32_t> common;
    if ((rows + 1) * (columns + 1) <= most_cells) {
        common.resize((rows + 1) * (columns + 1));
        for (std::size_t i = rows; i-- > 0;)
            for (std::size_t j = columns; j-- > 0;)
                common[i * (columns + 1) + j] = before[i] == after[j] ? common[(i + 1) * (columns + 1) + j + 1] + 1
                                                                      : std::max(common[(i + 1) * (columns + 1) + j],
                                                                                 common[i * (columns + 1) + j + 1]);
    }
    std::size_t i = 0;
    std::size_t j = 0;
    while (!common.empty() && i < rows && j < columns) {
        if (before[i] == after[j]) {
            steps.push_back({' ', before[i++]});
            ++j;
        } else if (common[(i + 1) * (columns + 1) + j] >= common[i * (columns + 1) + j + 1]) {
            steps.push_back({'-', before[i++]});
        } else {
            steps.push_back({'+', after[j++]});
        }
    }
    for (; i < rows; ++i)
        steps.push_back({'-', before[i]});
    for (; j < columns; ++j)
        steps.push_back({'+', after[j]});
}

}  // namespace

std::string text_diff(std::string_view before, std::string_view after)
{
    if (before == after)
        return {};
    std::vector<Step> steps;
    steps_between(lines_of(before), lines_of(after), steps);
    constexpr std::size_t around = 2;
    std::vector<bool> near(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (steps[i].kind != ' ')
            for (std::size_t at = i < around ? 0 : i - around; at <= std::min(i + around, steps.size() - 1); ++at)
                near[at] = true;
    std::string out;
    bool gap = false;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (!near[i]) {
            gap = true;
            continue;
        }
        if (gap)
            out += "  …\n";
        gap = false;
        out.append(1, steps[i].kind).append(" ").append(steps[i].line).append("\n");
    }
    return out;
}

}  // namespace headgate::gateway
