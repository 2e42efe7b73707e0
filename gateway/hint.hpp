#pragma once

#include <string>
#include <string_view>

#include "core/suggest.hpp"

namespace headgate::gateway {

/// What there is, for a hint.
std::string list_of(const auto& names)
{
    std::string text = "there are:";
    for (const auto& name : names)
        text += " " + std::string(name);
    return names.empty() ? "there is none" : text;
}

/// The nearest of the names to what was written, else all there are.
std::string near_or_all(std::string_view word, const auto& names)
{
    const std::string near = did_you_mean(word, names);
    return near.empty() ? list_of(names) : near;
}

}  // namespace headgate::gateway
