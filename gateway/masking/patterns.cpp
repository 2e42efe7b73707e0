#include "gateway/masking/patterns.hpp"

#include <algorithm>
#include <string>

#include "core/ascii.hpp"

namespace headgate::gateway {

namespace {

bool is_alnum(char letter)
{
    return is_letter(letter) || is_digit(letter);
}

bool beyond_ascii(char letter)
{
    return static_cast<unsigned char>(letter) >= 0x80U;
}

bool of_local_part(char letter)
{
    return is_alnum(letter) || beyond_ascii(letter) ||
           std::string_view("._%+'-").find(letter) != std::string_view::npos;
}

bool of_domain(char letter)
{
    return is_alnum(letter) || beyond_ascii(letter) || letter == '.' || letter == '-';
}

bool luhn(std::string_view digits)
{
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int digit = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1)
            digit = digit > 4 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

/// Whether an issuer gives numbers of this beginning and length out: most ids of vendors are none.
bool issued(std::string_view digits)
{
    const auto size = digits.size();
    const auto begin = [&](std::size_t count) { return std::stoi(std::string(digits.substr(0, count))); };
    switch (digits.front()) {
    case '2': return size == 16 && begin(4) >= 2221 && begin(4) <= 2720;
    case '3':
        return begin(2) == 34 || begin(2) == 37 ? size == 15
               : begin(2) == 35                 ? size >= 16
                                                : begin(2) >= 30 && size >= 14;
    case '4': return size == 13 || size == 16 || size == 19;
    case '5':
        return size >= 13 && (begin(2) >= 50 && begin(2) <= 58) && (begin(2) > 55 || begin(2) == 50 || size == 16);
    case '6': return size >= 16;
    default: return false;
    }
}

/// A run of digits and what separates them, cut at the separators.
struct Group {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Groups of digits with one blank or dash between, from `at` on.
std::vector<Group> groups_at(std::string_view text, std::size_t at)
{
    std::vector<Group> groups;
    for (;;) {
        Group group{at, at};
        while (group.end < text.size() && is_digit(text[group.end]))
            ++group.end;
        if (group.end == group.begin)
            return groups;
        groups.push_back(group);
        at = group.end;
        if (at >= text.size() || (text[at] != ' ' && text[at] != '-'))
            return groups;
        ++at;
    }
}

bool is_date(std::string_view token)
{
    std::vector<std::size_t> sizes{0};
    char separator = 0;
    for (const char letter : token) {
        if (is_digit(letter)) {
            ++sizes.back();
        } else if ((letter == '-' || letter == '.' || letter == '/') && (separator == 0 || separator == letter)) {
            separator = letter;
            sizes.push_back(0);
        } else {
            return false;
        }
    }
    if (sizes.size() != 3 || sizes[1] < 1 || sizes[1] > 2)
        return false;
    const auto day = [](std::size_t size) { return size == 1 || size == 2; };
    return (sizes[0] == 4 && day(sizes[2])) || (day(sizes[0]) && (sizes[2] == 4 || sizes[2] == 2));
}

/// Words between blanks, of a text that has digits and what stands in phone numbers.
std::vector<Group> tokens_in(std::string_view text, std::size_t begin, std::size_t end)
{
    std::vector<Group> tokens;
    while (begin < end) {
        const auto blank = std::min(text.substr(0, end).find(' ', begin), end);
        if (blank > begin)
            tokens.push_back({begin, blank});
        begin = blank + 1;
    }
    return tokens;
}

bool has_date(std::string_view text)
{
    return std::ranges::any_of(tokens_in(text, 0, text.size()), [&](const Group& token) {
        return is_date(text.substr(token.begin, token.end - token.begin));
    });
}

/// Whether what has nothing but digits, blanks and `+()-./` is a phone number.
bool is_phone(std::string_view text)
{
    const auto digits = static_cast<std::size_t>(std::ranges::count_if(text, is_digit));
    if (digits < 7 || digits > 15 || has_date(text) || text.find('+', 1) != std::string_view::npos ||
        std::ranges::count(text, '(') != std::ranges::count(text, ')'))
        return false;
    if (text.starts_with('+') || text.find('(') != std::string_view::npos)
        return true;
    if (text.starts_with("00"))
        return digits >= 9 && text.size() > 2 && text[2] != '0';
    if (text.starts_with('0'))
        return digits >= 9 && digits <= 12 && is_digit(text[1]);
    std::vector<std::size_t> sizes{0};
    bool dots = false;
    for (const char letter : text) {
        if (is_digit(letter)) {
            ++sizes.back();
            continue;
        }
        dots = dots || letter == '.';
        sizes.push_back(0);
    }
    if (sizes == std::vector<std::size_t>{3, 3, 4} || sizes == std::vector<std::size_t>{1, 3, 3, 4})
        return true;
    return !dots && sizes.size() >= 3 && digits >= 9 && digits <= 13 &&
           std::ranges::all_of(sizes, [](std::size_t size) { return size >= 2 && size <= 5; });
}

bool of_phone(char letter)
{
    return is_digit(letter) || std::string_view(" ()+./-").find(letter) != std::string_view::npos;
}

/// Whether a number may begin behind this: not in the middle of a word, a path or an id.
bool may_stand_before(std::string_view text, std::size_t begin)
{
    if (begin == 0)
        return true;
    const char before = text[begin - 1];
    return !is_alnum(before) && std::string_view("_/.-#").find(before) == std::string_view::npos;
}

bool may_stand_behind(std::string_view text, std::size_t end)
{
    if (end >= text.size())
        return true;
    const bool word_behind = end + 1 < text.size() && is_alnum(text[end + 1]);
    return !is_alnum(text[end]) && text[end] != '_' && text[end] != '@' &&
           !(word_behind && (text[end] == ':' || text[end] == '-' || text[end] == '/' || text[end] == '.'));
}

/// The remainder by 97 of an account number with its first four letters at its end.
bool right_iban(std::string_view compact)
{
    int rest = 0;
    for (std::size_t i = 0; i < compact.size(); ++i) {
        const char letter = compact[(i + 4) % compact.size()];
        if (is_digit(letter))
            rest = (rest * 10 + (letter - '0')) % 97;
        else
            rest = (rest * 100 + ((letter | 0x20) - 'a' + 10)) % 97;
    }
    return rest == 1;
}

/// How far an account number reaches that begins at `at`; `at` when none does.
std::size_t iban_end(std::string_view text, std::size_t at)
{
    std::string compact;
    std::size_t end = at;
    for (std::size_t i = at; i < text.size() && compact.size() <= 34; ++i) {
        if (is_alnum(text[i]))
            compact += text[i];
        else if (text[i] != ' ' || compact.size() % 4 != 0)
            break;
        const bool word_ends = i + 1 == text.size() || !is_alnum(text[i + 1]);
        if (word_ends && compact.size() >= 15 && compact.size() <= 34 && right_iban(compact))
            end = i + 1;
    }
    return end;
}

}  // namespace

std::vector<Span> emails_in(std::string_view text)
{
    constexpr std::size_t longest_part = 255;  // bytes, of what stands before and behind the sign
    std::vector<Span> found;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool encoded = text.substr(at).starts_with("%40");
        if (text[at] != '@' && !encoded)
            continue;
        std::size_t begin = at, end = at + (encoded ? 3 : 1);
        const auto least = found.empty() ? 0 : found.back().end;
        while (begin > least && at - begin < longest_part && of_local_part(text[begin - 1]) &&
               !text.substr(begin - 1).starts_with("%40"))
            --begin;
        while (begin < at && (text[begin] == '\'' || text[begin] == '%'))
            ++begin;
        const auto domain = end;
        while (end < text.size() && end - domain < longest_part && of_domain(text[end]))
            ++end;
        while (end > domain && (text[end - 1] == '.' || text[end - 1] == '-'))
            --end;
        const auto name = text.substr(domain, end - domain);
        if (begin < at && name.find('.') != std::string_view::npos)
            found.push_back({begin, end});
    }
    return found;
}

std::vector<Span> cards_in(std::string_view text)
{
    std::vector<Span> found;
    for (std::size_t at = 0; at < text.size();) {
        if (!is_digit(text[at])) {
            ++at;
            continue;
        }
        const auto groups = groups_at(text, at);
        at = groups.back().end;
        for (std::size_t first = 0; first < groups.size(); ++first) {
            std::string digits;
            for (std::size_t last = first; last < groups.size() && digits.size() < 19; ++last) {
                digits += text.substr(groups[last].begin, groups[last].end - groups[last].begin);
                const auto begin = groups[first].begin, end = groups[last].end;
                const bool inside_word =
                    (begin > 0 && is_alnum(text[begin - 1])) || (end < text.size() && is_alnum(text[end]));
                if (digits.size() < 13 || digits.size() > 19 || (first != last && inside_word) || !issued(digits) ||
                    !luhn(digits))
                    continue;
                found.push_back({begin, end});
                first = last;
                break;
            }
        }
    }
    return found;
}

std::vector<Span> phones_in(std::string_view text)
{
    constexpr std::size_t most_tokens = 7;
    std::vector<Span> found;
    for (std::size_t at = 0; at < text.size();) {
        if (!of_phone(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && of_phone(text[end]))
            ++end;
        const auto tokens = tokens_in(text, at, end);
        at = end;
        for (std::size_t first = 0; first < tokens.size(); ++first)
            for (std::size_t last = std::min(tokens.size(), first + most_tokens); last-- > first;) {
                auto from = tokens[first].begin, to = tokens[last].end;
                while (from < to && !is_digit(text[from]) && text[from] != '+' && text[from] != '(')
                    ++from;
                while (to > from && !is_digit(text[to - 1]))
                    --to;
                if (from >= to || !may_stand_before(text, from) || !may_stand_behind(text, to) ||
                    !is_phone(text.substr(from, to - from)))
                    continue;
                found.push_back({from, to});
                first = last;
                break;
            }
    }
    return found;
}

std::vector<Span> ibans_in(std::string_view text)
{
    std::vector<Span> found;
    for (std::size_t at = 0; at + 15 <= text.size(); ++at) {
        if (!is_letter(text[at]) || !is_letter(text[at + 1]) || !is_digit(text[at + 2]) || !is_digit(text[at + 3]) ||
            (at > 0 && is_alnum(text[at - 1])))
            continue;
        if (const auto end = iban_end(text, at); end > at) {
            found.push_back({at, end});
            at = end - 1;
        }
    }
    return found;
}

}  // namespace headgate::gateway
