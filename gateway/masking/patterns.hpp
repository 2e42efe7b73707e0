#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace headgate::gateway {

/// A part of a text, from `begin` up to before `end`.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const Span&) const = default;
};

// What looks personal whatever it is called, in any text. Each gives its finds in order; none fails.

/// `local@domain.tld`, also with `%40`.
[[nodiscard]] std::vector<Span> emails_in(std::string_view text);
/// Numbers of 13 to 19 digits, with blanks or dashes between, that an issuer could have given out and whose check digit
/// (Luhn) is right.
[[nodiscard]] std::vector<Span> cards_in(std::string_view text);
/// International numbers, national ones with their leading 0, and groups of digits as people write them. Dates, times,
/// amounts and plain ids are none.
[[nodiscard]] std::vector<Span> phones_in(std::string_view text);
/// International bank account numbers whose check digits are right.
[[nodiscard]] std::vector<Span> ibans_in(std::string_view text);

}  // namespace headgate::gateway
