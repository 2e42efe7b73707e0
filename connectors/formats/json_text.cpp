#include "connectors/formats/json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <random>

#include "core/same_text.hpp"
#include "core/utf8.hpp"

namespace headgate::connectors {

namespace {

constexpr bool digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

int hex4(const char* at)
{
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        const char letter = at[i];
        int nibble = 0;
        if (digit(letter))
            nibble = letter - '0';
        else if ((letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F'))
            nibble = (letter | 0x20) - 'a' + 10;
        else
            return -1;
        value = value * 16 + nibble;
    }
    return value;
}

char escaped(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

}  // namespace

bool json_number(std::string_view text)
{
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t from = at;
        while (at < text.size() && digit(text[at]))
            ++at;
        return at - from;
    };
    const auto next_is = [&](char letter) { return at < text.size() && text[at] == letter; };

    if (next_is('-'))
        ++at;
    const bool zero = next_is('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1))
        return false;
    if (next_is('.')) {
        ++at;
        if (digits() == 0)
            return false;
    }
    if (next_is('e') || next_is('E')) {
        ++at;
        if (next_is('+') || next_is('-'))
            ++at;
        if (digits() == 0)
            return false;
    }
    return at == text.size();
}

Unescaped unescape(char* escape, char* last)
{
    char* from = escape;
    char* to = escape;
    while (from != last) {
        const char kind = from[1];
        if (kind == 'u') {
            int code = hex4(from + 2);
            if (code < 0)
                return {nullptr, from, false};
            const char* here = from;
            from += 6;
            if (code >= 0xdc00 && code <= 0xdfff)
                return {nullptr, here, true};
            if (code >= 0xd800 && code <= 0xdbff) {
                const int low = from[0] == '\\' && from[1] == 'u' ? hex4(from + 2) : -1;
                if (low < 0xdc00 || low > 0xdfff)
                    return {nullptr, here, true};
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                from += 6;
            }
            to = put_utf8(to, static_cast<std::uint32_t>(code));
        } else {
            const char letter = escaped(kind);
            if (letter == 0)
                return {nullptr, from, false};
            *to++ = letter;
            from += 2;
        }
        char* until = next_escape(from, last);
        std::memmove(to, from, static_cast<std::size_t>(until - from));
        to += until - from;
        from = until;
    }
    return {to, nullptr, false};
}

JsonEnd json_end(std::string_view bytes)
{
    std::vector<char> open;
    bool value_seen = false;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char letter = bytes[at];
        if (json_space(letter))
            continue;
        if (open.empty() && value_seen)
            return {JsonEnd::Kind::trailing, at};
        switch (letter) {
        case '[': open.push_back(']'); break;
        case '{': open.push_back('}'); break;
        case ']':
        case '}':
            if (open.empty() || open.back() != letter)
                return {JsonEnd::Kind::closed, at};
            open.pop_back();
            value_seen = value_seen || open.empty();
            break;
        case '"':
            for (++at; at < bytes.size() && bytes[at] != '"'; ++at)
                at += bytes[at] == '\\' ? 1 : 0;
            if (at >= bytes.size())
                return {JsonEnd::Kind::open, bytes.size()};
            value_seen = value_seen || open.empty();
            break;
        default:
            if (open.empty()) {
                while (at + 1 < bytes.size() && !json_space(bytes[at + 1]) &&
                       std::string_view("[]{},:\"").find(bytes[at + 1]) == std::string_view::npos)
                    ++at;
                value_seen = true;
            }
        }
    }
    return {open.empty() ? JsonEnd::Kind::closed : JsonEnd::Kind::open, bytes.size()};
}

namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t left, std::uint64_t right)
{
    const Wide product = static_cast<Wide>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t hash_name(std::string_view name)
{
    static const std::array<std::uint64_t, 2> seed = [] {
        std::random_device random;
        const auto word = [&random] { return (std::uint64_t{random()} << 32U | random()) | 1U; };
        return std::array{word(), word()};
    }();
    const auto word = [](const char* at, std::size_t size) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, at, size);
        return bytes;
    };
    std::uint64_t hash = seed[0] ^ name.size();
    for (; name.size() > 16; name.remove_prefix(8))
        hash = mix(hash ^ word(name.data(), 8), seed[1]);
    // What is left, in two words that may overlap.
    const char* const end = name.data() + name.size();
    if (name.size() >= 8)
        return mix(hash ^ word(name.data(), 8), seed[1] ^ word(end - 8, 8));
    if (name.size() >= 4)
        return mix(hash ^ word(name.data(), 4), seed[1] ^ word(end - 4, 4));
    for (const char letter : name)
        hash = hash << 8U ^ static_cast<unsigned char>(letter);
    return mix(hash, seed[1]);
}

}  // namespace

namespace {

/// The items of a list are mostly alike, and the names of the one before are known to differ.
bool names_of_item_before(const DocumentBuilder& builder)
{
    const NodeIndex before = builder.before_open();
    return before != no_node && builder.document()[before].kind == NodeKind::object &&
           std::ranges::equal(builder.open_children(), builder.document().children(before),
                              [&](NodeIndex one, NodeIndex other) {
                                  return same_text(builder.document()[one].name, builder.document()[other].name);
                              });
}

}  // namespace

std::optional<std::string_view> JsonNames::repeated(const DocumentBuilder& builder)
{
    const auto members = builder.open_children();
    const auto name = [&](std::size_t i) { return builder.document()[members[i]].name; };
    const std::size_t count = members.size();
    if (count <= 8) {
        for (std::size_t i = 1; i < count; ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (name(i) == name(j))
                    return name(i);
        return std::nullopt;
    }
    if (names_of_item_before(builder))
        return std::nullopt;
    const std::size_t mask = std::bit_ceil(count * 2) - 1;
    table_.assign(mask + 1, 0);
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t slot = hash_name(name(i)) & mask;
        for (; table_[slot] != 0; slot = (slot + 1) & mask)
            if (name(table_[slot] - 1) == name(i))
                return name(i);
        table_[slot] = static_cast<std::uint32_t>(i + 1);
    }
    return std::nullopt;
}

}  // namespace headgate::connectors
