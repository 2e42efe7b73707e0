#include <algorithm>
#include <cstring>
#include <string>

#include "mapping/functions.hpp"
#include "mapping/html_text.hpp"

namespace headgate::mapping {

namespace {

using enum Function::Kind;

constexpr std::string_view blanks = " \t\r\n";

/// std::string_view::find takes the product of both sizes at worst; this one their sum.
std::size_t find_in(std::string_view text, std::string_view part)
{
    const void* found = memmem(text.data(), text.size(), part.data(), part.size());
    return found == nullptr ? std::string_view::npos
                            : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

bool is_continuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// The byte where a code point begins; the size of the text when it has fewer.
std::size_t byte_of(std::string_view text, std::int64_t code_point)
{
    std::size_t at = 0;
    for (; code_point > 0 && at < text.size(); --code_point) {
        ++at;
        while (at < text.size() && is_continuation(text[at]))
            ++at;
    }
    return at;
}

std::int64_t length_of(std::string_view text)
{
    return std::ranges::count_if(text, [](char byte) { return !is_continuation(byte); });
}

/// A part of the subject's own text: nothing is copied.
bool give_part(Call& call, std::string_view part, Value& out)
{
    out = is_blank(part) ? Value{} : text_value(part);
    if (!out.is_null()) {
        out.document = call.subject.document;
        out.node = call.subject.node;
    }
    return true;
}

// A number's own digits; an exponent is written out, because no receiver of decimal text reads one.
bool apply_string(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    if (call.subject.kind == Kind::number && text.find_first_of("eE") != std::string_view::npos)
        if (const auto number = number_of(call.subject)) {
            out = text_value(copy_text(number->text(), call.run.arena));
            return true;
        }
    return give_part(call, text, out);
}

bool apply_trim(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
        return true;
    return give_part(call, text.substr(begin, text.find_last_not_of(blanks) - begin + 1), out);
}

/// Letters with case in Latin-1 Supplement, Latin Extended-A, Greek and Cyrillic; others have none here.
unsigned lower_of(unsigned code)
{
    if ((code >= 'A' && code <= 'Z') || (code >= 0xC0 && code <= 0xDE && code != 0xD7) ||
        (code >= 0x391 && code <= 0x3A9 && code != 0x3A2) || (code >= 0x410 && code <= 0x42F))
        return code + 32;
    if (code >= 0x400 && code <= 0x40F)
        return code + 80;
    if (code == 0x178)
        return 0xFF;
    const bool even_upper =
        (code >= 0x100 && code <= 0x137 && code != 0x130 && code != 0x131) || (code >= 0x14A && code <= 0x177);
    const bool odd_upper = (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E);
    return (even_upper && code % 2 == 0) || (odd_upper && code % 2 == 1) ? code + 1 : code;
}

unsigned upper_of(unsigned code)
{
    if ((code >= 'a' && code <= 'z') || (code >= 0xE0 && code <= 0xFE && code != 0xF7) ||
        (code >= 0x3B1 && code <= 0x3C9 && code != 0x3C2) || (code >= 0x430 && code <= 0x44F))
        return code - 32;
    if (code >= 0x450 && code <= 0x45F)
        return code - 80;
    if (code == 0xFF)
        return 0x178;
    if (code >= 0x101 && code <= 0x17E && code != 0x131 && code != 0x138 && code != 0x149 && lower_of(code - 1) == code)
        return code - 1;
    return code;
}

bool change_case(Call& call, unsigned (*change)(unsigned), Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    std::string changed;
    changed.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            changed += static_cast<char>(change(byte));
        } else if (byte >= 0xC4 - 2U && byte < 0xE0 && i + 1 < text.size()) {
            const unsigned code = change((byte & 0x1FU) << 6U | (static_cast<unsigned char>(text[++i]) & 0x3FU));
            changed += static_cast<char>(0xC0U | code >> 6U);
            changed += static_cast<char>(0x80U | (code & 0x3FU));
        } else {
            changed += text[i];
        }
    }
    return give_text(call, changed, out);
}

bool apply_lower(Call& call, Value& out)
{
    return change_case(call, lower_of, out);
}
bool apply_upper(Call& call, Value& out)
{
    return change_case(call, upper_of, out);
}

bool apply_replace(Call& call, Value& out)
{
    std::string_view text;
    std::string_view from;
    std::string_view to;
    if (!call.text(text) || !call.text_arg(0, from) || !call.text_arg(1, to))
        return false;
    if (from.empty())
        return call.fail("wrong_argument", "replaces an empty text");
    std::string replaced;
    for (auto at = find_in(text, from); at != std::string_view::npos; at = find_in(text, from)) {
        replaced.append(text.substr(0, at)).append(to);
        text.remove_prefix(at + from.size());
        if (replaced.size() > limits::text)
            break;
    }
    replaced += text;
    return give_text(call, replaced, out);
}

bool apply_split(Call& call, Value& out)
{
    std::string_view text;
    std::string_view by;
    if (!call.text(text) || !call.text_arg(0, by))
        return false;
    if (by.empty())
        return call.fail("wrong_argument", "splits by an empty text");
    std::pmr::vector<Value> parts(&call.run.arena);
    for (auto at = find_in(text, by);; at = find_in(text, by)) {
        // A part stands nowhere of its own: transactions made of the parts of one text are told apart by their index.
        const std::string_view part_text = text.substr(0, at);
        const Value part = is_blank(part_text) ? Value{} : text_value(part_text);
        if (parts.size() == limits::items)
            return call.fail("limit_items", "splits into more than 100,000 parts");
        parts.push_back(part);
        if (at == std::string_view::npos)
            break;
        text.remove_prefix(at + by.size());
    }
    call.run.steps += parts.size();
    auto* items = call.run.make<Value>(parts.size());
    std::ranges::copy(parts, items);
    out = list_value({items, parts.size()});
    return true;
}

bool apply_join(Call& call, Value& out)
{
    std::string_view by;
    if (!call.text_arg(0, by))
        return false;
    if (call.subject.kind != Kind::list)
        return call.fail_subject("a list");
    std::string joined;
    bool first = true;
    bool has_null = false;
    const bool done = each_item(call.run, call.subject, [&](const Value& item) {
        if (item.is_null()) {
            has_null = true;
            return true;
        }
        std::string_view text;
        if (!to_text(call.run, call.expr, call.subject_expr(), item, text))
            return false;
        if (!first)
            joined += by;
        first = false;
        joined += text;
        return joined.size() <= limits::text || call.fail("limit_text", "makes a text of more than 1 MiB");
    });
    // As in a text with insertions, one null makes the whole null: `compact` says that it may be left out.
    return done && (has_null || give_text(call, joined, out));
}

template <class Test>
bool test_text(Call& call, Test test, Value& out)
{
    std::string_view text;
    std::string_view part;
    if (!call.text(text) || !call.text_arg(0, part))
        return false;
    out = boolean_value(test(text, part));
    return true;
}

bool apply_starts_with(Call& call, Value& out)
{
    return test_text(call, [](std::string_view text, std::string_view part) { return text.starts_with(part); }, out);
}
bool apply_ends_with(Call& call, Value& out)
{
    return test_text(call, [](std::string_view text, std::string_view part) { return text.ends_with(part); }, out);
}
bool apply_contains(Call& call, Value& out)
{
    return test_text(
        call,
        [](std::string_view text, std::string_view part) { return find_in(text, part) != std::string_view::npos; },
        out);
}

bool apply_strip_prefix(Call& call, Value& out)
{
    std::string_view text;
    std::string_view part;
    if (!call.text(text) || !call.text_arg(0, part))
        return false;
    return give_part(call, text.starts_with(part) ? text.substr(part.size()) : text, out);
}

bool apply_strip_suffix(Call& call, Value& out)
{
    std::string_view text;
    std::string_view part;
    if (!call.text(text) || !call.text_arg(0, part))
        return false;
    return give_part(call, text.ends_with(part) ? text.substr(0, text.size() - part.size()) : text, out);
}

bool apply_substring(Call& call, Value& out)
{
    std::string_view text;
    std::int64_t from = 0;
    std::int64_t size = static_cast<std::int64_t>(limits::text);
    if (!call.text(text) || !call.int_arg(0, 0, size, from) || (call.count > 1 && !call.int_arg(1, 0, size, size)))
        return false;
    text.remove_prefix(byte_of(text, from));
    return give_part(call, text.substr(0, byte_of(text, size)), out);
}

bool apply_truncate(Call& call, Value& out)
{
    std::string_view text;
    std::int64_t size = 0;
    if (!call.text(text) || !call.int_arg(0, 0, static_cast<std::int64_t>(limits::text), size))
        return false;
    return give_part(call, text.substr(0, byte_of(text, size)), out);
}

bool apply_text(Call& call, Value& out)
{
    std::string_view html;
    return call.text(html) && give_text(call, html_text(html), out);
}

bool apply_digits(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), [](char letter) { return letter >= '0' && letter <= '9'; });
    return give_text(call, digits, out);
}

bool apply_pad_left(Call& call, Value& out)
{
    std::string_view text;
    std::string_view pad;
    std::int64_t size = 0;
    if (!call.text(text) || !call.int_arg(0, 0, 10'000, size) || !call.text_arg(1, pad))
        return false;
    if (length_of(pad) != 1)
        return call.fail("wrong_argument", "pads with something that is not one letter");
    std::string padded;
    for (std::int64_t left = size - length_of(text); left > 0; --left)
        padded += pad;
    return give_text(call, padded.append(text), out);
}

constexpr Function text_table[] = {
    {"string", 0, 0, apply_string},
    {"trim", 0, 0, apply_trim},
    {"lower", 0, 0, apply_lower},
    {"upper", 0, 0, apply_upper},
    {"replace", 2, 2, apply_replace},
    {"split", 1, 1, apply_split},
    {"join", 1, 1, apply_join},
    {"starts_with", 1, 1, apply_starts_with},
    {"ends_with", 1, 1, apply_ends_with},
    {"contains", 1, 1, apply_contains},
    {"strip_prefix", 1, 1, apply_strip_prefix},
    {"strip_suffix", 1, 1, apply_strip_suffix},
    {"substring", 1, 2, apply_substring},
    {"truncate", 1, 1, apply_truncate},
    {"text", 0, 0, apply_text},
    {"digits", 0, 0, apply_digits},
    {"pad_left", 2, 2, apply_pad_left},
};

}  // namespace

std::span<const Function> text_functions()
{
    return text_table;
}

}  // namespace headgate::mapping
