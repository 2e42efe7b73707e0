#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headgate {

/// Where bytes stop being UTF-8 (RFC 3629); their size when they never do.
[[nodiscard]] std::size_t utf8_until(std::string_view bytes);
[[nodiscard]] inline bool is_utf8(std::string_view bytes)
{
    return utf8_until(bytes) == bytes.size();
}

/// Writes a code point, at most four bytes, and returns where it ends. `code` is no half of a surrogate pair.
char* put_utf8(char* to, std::uint32_t code);
void append_utf8(std::string& text, std::uint32_t code);

}  // namespace headgate
