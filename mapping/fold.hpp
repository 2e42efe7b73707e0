#pragma once

#include <string>
#include <string_view>

namespace headgate::mapping {

/// Lower case, and the Latin letters of Unicode's first blocks without their marks.
[[nodiscard]] std::string folded(std::string_view text);

}  // namespace headgate::mapping
