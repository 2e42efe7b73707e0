#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace headgate::connectors {

/// The pieces of JSON's grammar that simdjson leaves to whoever visits: pure functions, used by `read_json` alone.

[[nodiscard]] constexpr bool json_space(char letter)
{
    return letter == ' ' || letter == '\n' || letter == '\r' || letter == '\t';
}

/// Whether all of `text` is one JSON number. Its size does not matter.
[[nodiscard]] bool json_number(std::string_view text);

/// The text that starts after an opening quote, unescaped in place. The closing quote must exist and eight readable
/// bytes must follow it. Nothing for an escape that RFC 8259 does not know or half a surrogate pair (`surrogate`).
struct JsonText {
    std::optional<std::string_view> text;
    const char* end = nullptr;  // the closing quote, or the escape that is wrong
    bool surrogate = false;
};
[[nodiscard]] JsonText json_text(char* first);

/// How a text that is no JSON ends: open, followed by something, or closed (then the breach is inside).
struct JsonEnd {
    enum class Kind { open, trailing, closed } kind = Kind::closed;
    std::size_t offset = 0;
};
[[nodiscard]] JsonEnd json_end(std::string_view bytes);

/// The names of the objects that are open, innermost last, and whether one of them repeats. Linear in the bytes of
/// the names, whoever chose them: the hash is seeded for each process.
class JsonNames {
public:
    [[nodiscard]] std::size_t mark() const { return names_.size(); }
    void add(std::string_view name) { names_.push_back(name); }
    /// Forgets the names since `mark`, after looking for one that repeats.
    std::optional<std::string_view> close(std::size_t mark);
    void clear() { names_.clear(); }

private:
    std::vector<std::string_view> names_;
    std::vector<std::uint32_t> table_;
};

}  // namespace headgate::connectors
