#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace headgate::connectors {

/// `utf16`: its byte order mark says in which order.
enum class TextEncoding : std::uint8_t { utf8, windows_1252, iso_8859_1, utf16, utf16_le, utf16_be };

constexpr std::string_view name_of(TextEncoding encoding)
{
    switch (encoding) {
    case TextEncoding::utf8: return "utf-8";
    case TextEncoding::windows_1252: return "windows-1252";
    case TextEncoding::iso_8859_1: return "iso-8859-1";
    case TextEncoding::utf16: return "utf-16";
    case TextEncoding::utf16_le: return "utf-16le";
    case TextEncoding::utf16_be: return "utf-16be";
    }
    std::unreachable();
}

/// The encoding of that name; nothing when there is none.
[[nodiscard]] std::optional<TextEncoding> text_encoding_of(std::string_view name);

/// Bytes of an encoding as UTF-8, piece by piece. A byte order mark at the front, UTF-8's or UTF-16's, is left out and
/// says more than who configured: `encoding` is the mark's from then on. Bytes of UTF-8 are handed on as they are, and
/// half of a surrogate pair as three bytes that are no UTF-8: looking for them is the caller's.
class TextDecoder {
public:
    /// `at_front`: whether the first bytes are the input's first, where a mark may stand.
    explicit TextDecoder(TextEncoding encoding, bool at_front = true);

    /// Appends the text of the next bytes. What is no whole character yet is held back, four bytes at most.
    void feed(std::string_view bytes, std::string& out);
    /// Appends what was held back.
    void finish(std::string& out);

    [[nodiscard]] TextEncoding encoding() const { return encoding_; }
    /// Whether `utf16` was asked for and the input begins without a mark; nothing is decoded then.
    [[nodiscard]] bool lacks_mark() const { return !at_front_ && encoding_ == TextEncoding::utf16; }
    /// How many bytes the mark took.
    [[nodiscard]] std::size_t mark_size() const { return mark_size_; }
    /// How many bytes of the input a text was that came out of here; half a code unit at the very end counts as two.
    [[nodiscard]] std::uint64_t source_size(std::string_view text) const;

private:
    void begin(std::string& out, bool whole);
    void decode(std::string_view bytes, std::string& out);
    void decode_single(std::string_view bytes, std::string& out) const;
    void decode_utf16(std::string_view bytes, std::string& out);
    void put_unit(std::uint32_t unit, std::string& out);

    std::string front_;  // until it can be told whether it is a mark
    TextEncoding encoding_;
    bool at_front_;
    bool odd_ = false;  // a byte of half a code unit is held in odd_byte_
    unsigned char odd_byte_ = 0;
    std::uint32_t high_ = 0;  // the first half of a surrogate pair
    std::size_t mark_size_ = 0;
};

}  // namespace headgate::connectors
