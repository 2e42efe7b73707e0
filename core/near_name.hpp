#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/suggest.hpp"

namespace headgate {

/// As `did_you_mean`; where no name is near, those that end in the word behind a `_` (`order`: `sales_order`), else all
/// there are.
inline std::string near_name(std::string_view word, const std::vector<std::string>& names)
{
    if (std::string near = did_you_mean(word, names); !near.empty())
        return near;
    std::string longer;
    std::string all = "there are:";
    for (const std::string& name : names) {
        if (!word.empty() && name.ends_with("_" + std::string(word)))
            longer += (longer.empty() ? "did you mean `" : " or `") + name + "`";
        all += " " + name;
    }
    return longer.empty() ? all : longer + "?";
}

}  // namespace headgate
