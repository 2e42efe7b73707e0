#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace headgate::net::characters {

/// Classes of bytes, one table so that a test is one load.
enum class Class : std::uint8_t {
    token = 1,  // RFC 9110 §5.6.2
    value = 2,  // field values: visible, space, tab, obs-text (§5.5)
    path = 4,   // RFC 3986 pchar, "/" and "%"
    query = 8,  // any visible ASCII but "#": senders put raw "|", "{", "[" there
    host = 16,  // RFC 3986 reg-name and IP literals, with ":" for the port
    digit = 32,
    hex = 64,
};

constexpr std::array<std::uint8_t, 256> make_table()
{
    std::array<std::uint8_t, 256> table{};
    const auto add = [&table](Class added, std::string_view letters) {
        for (const char letter : letters)
            table[static_cast<std::uint8_t>(letter)] |= static_cast<std::uint8_t>(added);
    };
    for (unsigned byte = 0x20; byte < 0x100; ++byte)
        if (byte != 0x7f)
            table[byte] |= static_cast<std::uint8_t>(Class::value);
    for (unsigned byte = 0x21; byte < 0x7f; ++byte)
        if (byte != '#')
            table[byte] |= static_cast<std::uint8_t>(Class::query);
    add(Class::value, "\t");
    for (const auto added : {Class::token, Class::path, Class::host})
        add(added, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    add(Class::token, "!#$%&'*+-.^_`|~");
    add(Class::path, "-._~!$&'()*+,;=:@/%");
    add(Class::host, "-._~!$&'()*+,;=:[]%");
    add(Class::digit, "0123456789");
    add(Class::hex, "0123456789abcdefABCDEF");
    return table;
}

inline constexpr std::array<std::uint8_t, 256> classes = make_table();

constexpr bool is(char letter, Class wanted)
{
    return (classes[static_cast<std::uint8_t>(letter)] & static_cast<std::uint8_t>(wanted)) != 0;
}

constexpr bool all(std::string_view text, Class wanted)
{
    for (const char letter : text)
        if (!is(letter, wanted))
            return false;
    return true;
}

constexpr bool is_space(char letter)
{
    return letter == ' ' || letter == '\t';
}

/// Without the optional white space (OWS, RFC 9110 §5.6.3) on both sides.
constexpr std::string_view trim(std::string_view text)
{
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

}  // namespace headgate::net::characters
