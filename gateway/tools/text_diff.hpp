#pragma once

#include <string>
#include <string_view>

namespace headgate::gateway {

/// What changed from one text to another, by lines: `- ` gone, `+ ` new, two lines around each change. Empty when they
/// are the same.
[[nodiscard]] std::string text_diff(std::string_view before, std::string_view after);

}  // namespace headgate::gateway
