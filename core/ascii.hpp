#pragma once

#include <string>
#include <string_view>

namespace headgate {

/// Letters of ASCII alone, whatever the locale says: formats and names are written in it. Other bytes are none of these
/// and stay as they are.
[[nodiscard]] constexpr bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

[[nodiscard]] constexpr bool is_upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

[[nodiscard]] constexpr bool is_letter(char letter)
{
    return is_upper(letter) || (letter >= 'a' && letter <= 'z');
}

/// JSON's and XML's white space.
[[nodiscard]] constexpr bool is_space(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
}

[[nodiscard]] constexpr char lower(char letter)
{
    return is_upper(letter) ? static_cast<char>(letter + 32) : letter;
}

[[nodiscard]] inline std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& letter : out)
        letter = lower(letter);
    return out;
}

[[nodiscard]] inline std::string upper(std::string_view text)
{
    std::string out(text);
    for (char& letter : out)
        letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
    return out;
}

}  // namespace headgate
