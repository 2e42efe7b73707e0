#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace headgate {

/// Behind what is there, as one zstd frame (RFC 8878) that tells its size.
void append_packed(std::string& out, std::string_view bytes);
[[nodiscard]] std::string packed(std::string_view bytes);
/// Nothing when it is no such frame, whole, of at most `most` bytes inflated.
[[nodiscard]] std::optional<std::string> unpacked(std::string_view frame, std::size_t most);

}  // namespace headgate
