#include "core/utf8.hpp"

#include <array>

namespace headgate {

std::size_t utf8_until(std::string_view bytes)
{
    const auto byte = [&](std::size_t at) -> unsigned {
        return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    std::size_t at = 0;
    while (at < bytes.size()) {
        const unsigned lead = byte(at);
        std::size_t more = 0;
        unsigned lowest = 0x80;  // the second byte's range rules out overlong forms, surrogates and > U+10FFFF
        unsigned highest = 0xBF;
        if (lead < 0x80)
            more = 0;
        else if (lead >= 0xC2 && lead <= 0xDF)
            more = 1;
        else if (lead >= 0xE0 && lead <= 0xEF)
            more = 2, lowest = lead == 0xE0 ? 0xA0 : 0x80, highest = lead == 0xED ? 0x9F : 0xBF;
        else if (lead >= 0xF0 && lead <= 0xF4)
            more = 3, lowest = lead == 0xF0 ? 0x90 : 0x80, highest = lead == 0xF4 ? 0x8F : 0xBF;
        else
            return at;
        if (more > 0 && (byte(at + 1) < lowest || byte(at + 1) > highest))
            return at;
        for (std::size_t i = 2; i <= more; ++i)
            if (byte(at + i) < 0x80 || byte(at + i) > 0xBF)
                return at;
        at += more + 1;
    }
    return at;
}

char* put_utf8(char* to, std::uint32_t code)
{
    const auto put = [&to](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | code >> 6U);
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U);
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | code >> 18U);
        put(0x80U | (code >> 12U & 0x3FU));
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
    return to;
}

void append_utf8(std::string& text, std::uint32_t code)
{
    std::array<char, 4> bytes{};
    text.append(bytes.data(), put_utf8(bytes.data(), code));
}

}  // namespace headgate
