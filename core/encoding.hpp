#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headgate {

/// RFC 4648 §4 with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Strict: the standard alphabet, correct padding, no white space, no bits left over; nothing otherwise.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// Both cases, an even number of digits; nothing otherwise.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

}  // namespace headgate
