#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "core/document.hpp"

namespace headgate::connectors {

/// The pieces of JSON's grammar that simdjson leaves to whoever visits: pure functions, used by `read_json` alone.

[[nodiscard]] constexpr bool json_space(char letter)
{
    return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
}

/// Whether all of `text` is one JSON number. Its size does not matter.
[[nodiscard]] bool json_number(std::string_view text);

/// The first backslash of a text, or `last`. Eight readable bytes must follow.
[[nodiscard]] inline char* next_escape(char* at, char* last)
{
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint64_t ones = 0x0101010101010101U;
    for (; at < last; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        const std::uint64_t difference = word ^ (ones * '\\');
        const std::uint64_t found = (difference - ones) & ~difference & (ones << 7U);  // exact up to the first one
        if (found != 0)
            return std::min(at + std::countr_zero(found) / 8, last);
    }
    return last;
}

/// Unescapes a text in place, from its first escape to `last`, its closing quote; eight readable bytes must follow.
struct Unescaped {
    char* end = nullptr;          // of the text; null when it is wrong
    const char* wrong = nullptr;  // an escape that RFC 8259 does not know, or half a surrogate pair (`surrogate`)
    bool surrogate = false;
};
[[nodiscard]] Unescaped unescape(char* escape, char* last);

/// How a text that is no JSON ends: open, followed by something, or closed (then the breach is inside).
struct JsonEnd {
    enum class Kind { open, trailing, closed } kind = Kind::closed;
    std::size_t offset = 0;
};
[[nodiscard]] JsonEnd json_end(std::string_view bytes);

/// Looks for a name that stands twice in an object. Linear in the bytes of the names, whoever chose them: the hash is
/// seeded for each process.
class JsonNames {
public:
    /// The name that repeats among the members so far of the object that is open.
    std::optional<std::string_view> repeated(const DocumentBuilder& builder);

private:
    std::vector<std::uint32_t> table_;
};

}  // namespace headgate::connectors
