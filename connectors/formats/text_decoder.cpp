#include "connectors/formats/text_decoder.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/utf8.hpp"

namespace headgate::connectors {

namespace {

struct ByteOrderMark {
    std::string_view bytes;
    TextEncoding encoding;
};

constexpr std::array<ByteOrderMark, 3> byte_order_marks{
    ByteOrderMark{"\xef\xbb\xbf", TextEncoding::utf8},
    ByteOrderMark{"\xff\xfe", TextEncoding::utf16_le},
    ByteOrderMark{"\xfe\xff", TextEncoding::utf16_be},
};

/// What stands between 0x80 and 0x9F as the Encoding Standard has it: five bytes without a letter are controls.
constexpr std::array<std::uint16_t, 32> windows_1252_letters{
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

/// Half of a surrogate pair in the three bytes that it would have if it were a character.
void append_half(std::string& out, std::uint32_t half)
{
    for (const std::uint32_t byte : {0xE0U | half >> 12U, 0x80U | (half >> 6U & 0x3FU), 0x80U | (half & 0x3FU)})
        out += static_cast<char>(byte);
}

}  // namespace

std::optional<TextEncoding> text_encoding_of(std::string_view name)
{
    using enum TextEncoding;
    for (const auto encoding : {utf8, windows_1252, iso_8859_1, utf16, utf16_le, utf16_be})
        if (name_of(encoding) == name)
            return encoding;
    return std::nullopt;
}

TextDecoder::TextDecoder(TextEncoding encoding, bool at_front) : encoding_(encoding), at_front_(at_front) {}

void TextDecoder::feed(std::string_view bytes, std::string& out)
{
    if (at_front_) {
        const auto taken = std::min(bytes.size(), std::size_t{3} - front_.size());
        front_ += bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        begin(out, false);
    }
    if (!bytes.empty())
        decode(bytes, out);
}

void TextDecoder::finish(std::string& out)
{
    if (at_front_)
        begin(out, true);
    if (high_ != 0)
        append_half(out, std::exchange(high_, 0));
    if (std::exchange(odd_, false))
        out += '\xff';
}

std::uint64_t TextDecoder::source_size(std::string_view text) const
{
    if (encoding_ == TextEncoding::utf8)
        return text.size();
    std::uint64_t characters = 0;
    std::uint64_t pairs = 0;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        characters += (byte & 0xC0U) != 0x80U ? 1U : 0U;
        pairs += byte >= 0xF0U && byte < 0xF8U ? 1U : 0U;
    }
    const bool wide = encoding_ == TextEncoding::utf16_le || encoding_ == TextEncoding::utf16_be;
    return wide ? 2 * (characters + pairs) : characters;
}

/// Looks for a mark once it can be told, or when there is nothing more to come (`whole`).
void TextDecoder::begin(std::string& out, bool whole)
{
    for (const auto& [mark, encoding] : byte_order_marks) {
        if (front_.starts_with(mark)) {
            encoding_ = encoding;
            mark_size_ = mark.size();
            break;
        }
        if (!whole && mark.starts_with(front_))
            return;
    }
    at_front_ = false;
    decode(std::string_view(front_).substr(mark_size_), out);
}

void TextDecoder::decode(std::string_view bytes, std::string& out)
{
    switch (encoding_) {
    case TextEncoding::utf8: out += bytes; return;
    case TextEncoding::windows_1252:
    case TextEncoding::iso_8859_1: return decode_single(bytes, out);
    case TextEncoding::utf16: return;
    case TextEncoding::utf16_le:
    case TextEncoding::utf16_be: return decode_utf16(bytes, out);
    }
    std::unreachable();
}

void TextDecoder::decode_single(std::string_view bytes, std::string& out) const
{
    const bool windows = encoding_ == TextEncoding::windows_1252;
    while (!bytes.empty()) {
        const auto ascii = static_cast<std::size_t>(
            std::ranges::find_if(bytes, [](char letter) { return (static_cast<unsigned char>(letter) & 0x80U) != 0; }) -
            bytes.begin());
        out += bytes.substr(0, ascii);
        bytes.remove_prefix(ascii);
        if (bytes.empty())
            return;
        const auto byte = static_cast<unsigned char>(bytes.front());
        append_utf8(out, windows && byte < 0xA0 ? windows_1252_letters[byte - 0x80U] : byte);
        bytes.remove_prefix(1);
    }
}

void TextDecoder::decode_utf16(std::string_view bytes, std::string& out)
{
    const bool big = encoding_ == TextEncoding::utf16_be;
    for (const char letter : bytes) {
        const auto byte = static_cast<unsigned char>(letter);
        if (!odd_)
            odd_byte_ = byte;
        else
            put_unit(big ? odd_byte_ * 256U + byte : byte * 256U + odd_byte_, out);
        odd_ = !odd_;
    }
}

void TextDecoder::put_unit(std::uint32_t unit, std::string& out)
{
    const bool low = unit >= 0xDC00 && unit < 0xE000;
    if (const auto high = std::exchange(high_, 0); high != 0) {
        if (low)
            return append_utf8(out, 0x10000U + ((high - 0xD800U) << 10U) + (unit - 0xDC00U));
        append_half(out, high);
    }
    if (unit >= 0xD800 && unit < 0xDC00)
        high_ = unit;
    else if (low)
        append_half(out, unit);
    else
        append_utf8(out, unit);
}

}  // namespace headgate::connectors
