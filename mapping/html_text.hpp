#pragma once

#include <string>
#include <string_view>

namespace headgate::mapping {

/// What a reader sees of HTML: tags, comments, scripts and styles away, a space where a block or a line ends, entities
/// decoded, white space folded. Nothing is fetched, declared entities are not read, and a broken document gives what
/// can be read of it. One pass.
[[nodiscard]] std::string html_text(std::string_view html);

}  // namespace headgate::mapping
