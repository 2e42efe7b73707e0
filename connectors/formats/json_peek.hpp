#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::connectors {

/// Reads one scalar out of a JSON text without making a document of it: the first of `paths` (names of members, from
/// the root down) that leads to a number, a boolean or a text that is not blank, as the mapping language would read
/// `.a.b // .c`. Nothing when none does or the text is not JSON as far as it was looked at; whoever decodes it later
/// says what is wrong. `text` needs no padding; calls may overlap (one parser a thread).
[[nodiscard]] std::optional<std::string> peek_json(std::string_view text,
                                                   std::span<const std::vector<std::string>> paths);

}  // namespace headgate::connectors
