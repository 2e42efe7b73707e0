#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::mapping {

/// "did you mean `x`?" for the nearest of the candidates, or nothing when none is near.
template <class Candidates>
std::string did_you_mean(std::string_view word, const Candidates& candidates)
{
    std::string_view best;
    std::size_t nearest = word.size() / 3 + 2;
    for (const std::string_view candidate : candidates) {
        std::vector<std::size_t> row(candidate.size() + 1);
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i] = i;
        for (std::size_t i = 0; i < word.size(); ++i) {
            std::size_t diagonal = row[0]++;
            for (std::size_t j = 0; j < candidate.size(); ++j) {
                const std::size_t changed = diagonal + (word[i] == candidate[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, changed});
            }
        }
        if (row.back() < nearest) {
            nearest = row.back();
            best = candidate;
        }
    }
    return best.empty() ? std::string{} : "did you mean `" + std::string(best) + "`?";
}

}  // namespace headgate::mapping
