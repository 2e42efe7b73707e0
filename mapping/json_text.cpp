#include "mapping/json_text.hpp"

#include <cstdint>
#include <cstring>

namespace headgate::mapping {

namespace {

bool is_nothing(const Value& value)  // NOLINT(misc-no-recursion)
{
    if (value.kind != Kind::object)
        return value.is_null();
    return each_member(value, [](std::string_view, const Value& member) { return is_nothing(member); });
}

/// The first byte from `at` on that JSON does not take as it is.
std::size_t next_escape(std::string_view text, std::size_t at)
{
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = ones << 7U;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        const std::uint64_t control = (word - ones * 0x20) & ~word;
        const std::uint64_t quote = word ^ (ones * '"');
        const std::uint64_t slash = word ^ (ones * '\\');
        if (((control | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops) != 0)
            break;  // one of the eight, perhaps
    }
    for (; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x20 || byte == '"' || byte == '\\')
            return at;
    }
    return at;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = next_escape(text, 0); i < text.size(); i = next_escape(text, i + 1)) {
        const auto byte = static_cast<unsigned char>(text[i]);
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (byte) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        default:
            constexpr std::string_view digits = "0123456789abcdef";
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    out.append(text, plain);
    out += '"';
}

bool append_json(std::string& out, const Value& value, std::size_t limit,
                 bool keeps_nulls)  // NOLINT(misc-no-recursion)
{
    switch (value.kind) {
    case Kind::null: out += "null"; break;
    case Kind::boolean: out += value.truth ? "true" : "false"; break;
    case Kind::number: value.parsed ? out += value.number.text() : out += value.text; break;
    case Kind::text: append_json_string(out, value.text); break;
    case Kind::money:
        out.append(R"({"amount":")")
            .append(amount_text(value))
            .append(R"(","currency":")")
            .append(value.text)
            .append("\"}");
        break;
    case Kind::quantity:
        out.append(R"({"value":")").append(value.number.text()).append(R"(","uom":)");
        append_json_string(out, value.text);
        out += '}';
        break;
    case Kind::time: out.append("\"").append(text_of(value.time())).append("\""); break;
    case Kind::list: {
        out += '[';
        bool first = true;
        const bool done = each_item(value, [&](const Value& item) {
            if (!first)
                out += ',';
            first = false;
            return append_json(out, item, limit, keeps_nulls);
        });
        out += ']';
        return done && out.size() <= limit;
    }
    case Kind::object: {
        out += '{';
        bool first = true;
        const bool done = each_member(value, [&](std::string_view name, const Value& member) {
            if (!keeps_nulls && is_nothing(member))
                return true;
            if (!first)
                out += ',';
            first = false;
            append_json_string(out, name);
            out += ':';
            return append_json(out, member, limit, keeps_nulls);
        });
        out += '}';
        return done && out.size() <= limit;
    }
    }
    return out.size() <= limit;
}

}  // namespace headgate::mapping
