#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace headgate {

/// How many letters must be put in, taken out or changed to make one word of the other.
inline std::size_t edit_distance(std::string_view left, std::string_view right)
{
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (const char letter : left) {
        std::size_t diagonal = row[0]++;
        for (std::size_t i = 0; i < right.size(); ++i) {
            const std::size_t changed = diagonal + (letter == right[i] ? 0 : 1);
            diagonal = row[i + 1];
            row[i + 1] = std::min({row[i] + 1, row[i + 1] + 1, changed});
        }
    }
    return row.back();
}

/// "did you mean `x`?" for the nearest of the candidates (the first of equals), or nothing when none is near.
template <class Candidates>
std::string did_you_mean(std::string_view word, const Candidates& candidates)
{
    std::string_view best;
    std::size_t nearest = word.size() / 3 + 2;
    for (const std::string_view candidate : candidates) {
        if (const std::size_t distance = edit_distance(word, candidate); distance < nearest) {
            nearest = distance;
            best = candidate;
        }
    }
    return best.empty() ? std::string{} : "did you mean `" + std::string(best) + "`?";
}

}  // namespace headgate
