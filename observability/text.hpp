#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::observability {

/// The code point at the front of a text: its value and its bytes; one byte and not `valid` where UTF-8 ends.
struct CodePoint {
    std::uint32_t value = 0;
    std::size_t size = 1;
    bool valid = false;
};
[[nodiscard]] CodePoint front_of(std::string_view text);

/// Controls, line and paragraph separators, and the marks that turn the direction of writing: whatever can make a
/// line of a log or a page look like something else.
[[nodiscard]] bool deceives(std::uint32_t code);

/// As a JSON text, quotes included; what deceives is escaped, what is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace headgate::observability
