#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::gateway {

/// An empty list takes all; one that is given takes nothing of what is not known.
[[nodiscard]] inline bool fits(const std::vector<std::string>& wanted, std::string_view is)
{
    return wanted.empty() || std::ranges::find(wanted, is) != wanted.end();
}

}  // namespace headgate::gateway
