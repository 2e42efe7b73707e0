#include "mapping/json_text.hpp"

namespace headgate::mapping {

namespace {

bool is_nothing(const Value& value)  // NOLINT(misc-no-recursion)
{
    if (value.kind != Kind::object)
        return value.is_null();
    return each_member(value, [](std::string_view, const Value& member) { return is_nothing(member); });
}

}  // namespace

void append_json_string(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
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
