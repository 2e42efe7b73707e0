#include "mapping/request_body.hpp"

#include <algorithm>

#include "mapping/json_text.hpp"

namespace headgate::mapping {

namespace {

bool is_unreserved(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '.' || letter == '_' || letter == '~';
}

/// What a scalar reads as where everything is text; money and quantities are objects there.
bool scalar_text(Run& run, const Value& value, std::string& out)
{
    if (const auto text = text_of(value, run.arena)) {
        out.append(*text);
        return true;
    }
    return false;
}

struct Writer {
    Run& run;
    const Site& site;
    bool keeps_nulls;
    std::string& out;

    bool wrong(std::string_view code, std::string_view message) const { return fail(run, site, code, message); }
    bool within_limit() const
    {
        return out.size() <= limits::output || wrong("limit_output", "the body is larger than 8 MiB");
    }
};

/// Money and quantities as the objects they are in JSON.
Value opened(Run& run, const Value& value)
{
    if (value.kind != Kind::money && value.kind != Kind::quantity)
        return value;
    const bool money = value.kind == Kind::money;
    auto* members = run.make<Member>(2);
    members[0] = {money ? "amount" : "value", member_of(run, value, money ? "amount" : "value")};
    members[1] = {money ? "currency" : "uom", member_of(run, value, money ? "currency" : "uom")};
    return object_value({members, 2});
}

// ── form ────────────────────────────────────────────────────────────────────────────────────────────────────────────

struct FormWriter : Writer {
    bool pair(const std::string& name, const Value& given)  // NOLINT(misc-no-recursion)
    {
        const Value value = opened(run, given);
        if (value.kind == Kind::object)
            return each_member(value, [&](std::string_view member, const Value& inner) {
                return pair(name.empty() ? std::string(member) : name + "[" + std::string(member) + "]", inner);
            });
        if (value.kind == Kind::list) {
            std::int64_t place = 0;
            return each_item(value,
                             [&](const Value& item) { return pair(name + "[" + std::to_string(place++) + "]", item); });
        }
        if (value.is_null() && !keeps_nulls)
            return true;
        if (!out.empty())
            out += '&';
        append_percent_encoded(out, name);
        out += '=';
        std::string text;
        if (!value.is_null() && !scalar_text(run, value, text))
            return wrong("wrong_kind", "is no text that a form can carry");
        append_percent_encoded(out, text);
        return within_limit();
    }
};

// ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The names this program writes: letters, digits, `_ - . :`, not beginning with a digit (a part of XML 1.0's
/// NameChar).
bool is_xml_name(std::string_view name)
{
    const auto plain = [](char letter) { return is_unreserved(letter) ? letter != '~' : letter == ':'; };
    return !name.empty() && std::ranges::all_of(name, plain) && !(name[0] >= '0' && name[0] <= '9') && name[0] != '-' &&
           name[0] != '.';
}

struct XmlWriter : Writer {
    bool text(std::string_view value, bool attribute) const
    {
        for (const char letter : value) {
            const auto byte = static_cast<unsigned char>(letter);
            if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')
                return wrong("bad_xml", "holds a control character, which XML 1.0 cannot carry");
            switch (letter) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': attribute ? out += "&quot;" : out += letter; break;
            case '\r': out += "&#13;"; break;
            case '\t': attribute ? out += "&#9;" : out += letter; break;
            case '\n': attribute ? out += "&#10;" : out += letter; break;
            default: out += letter;
            }
        }
        return true;
    }

    bool attributes(const Value& element) const
    {
        return each_member(element, [&](std::string_view name, const Value& value) {
            if (!name.starts_with('@') || value.is_null())
                return true;
            std::string plain;
            if (!is_xml_name(name.substr(1)))
                return wrong("bad_xml", "has an attribute whose name XML does not allow");
            if (!scalar_text(run, value, plain))
                return wrong("bad_xml", "has an attribute that is no text");
            out.append(" ").append(name.substr(1)).append("=\"");
            if (!text(plain, true))
                return false;
            out += '"';
            return true;
        });
    }

    bool content(const Value& element)  // NOLINT(misc-no-recursion)
    {
        if (element.kind != Kind::object) {
            std::string plain;
            return (scalar_text(run, element, plain) || wrong("bad_xml", "holds what is no text")) &&
                   text(plain, false);
        }
        return each_member(element, [&](std::string_view name, const Value& value) {
            if (name.starts_with('@'))
                return true;
            if (name != "#text")
                return elements(name, value);
            std::string plain;
            return value.is_null() || ((scalar_text(run, value, plain) || wrong("bad_xml", "holds what is no text")) &&
                                       text(plain, false));
        });
    }

    bool elements(std::string_view name, const Value& value)  // NOLINT(misc-no-recursion)
    {
        return each_item(value, [&](const Value& item) { return element(name, opened(run, item)); });
    }

    bool element(std::string_view name, const Value& value)  // NOLINT(misc-no-recursion)
    {
        if (value.is_null() && !keeps_nulls)
            return true;
        if (!is_xml_name(name))
            return wrong("bad_xml", "has an element whose name XML does not allow");
        if (value.kind == Kind::list)
            return wrong("bad_xml", "has a list inside of a list, which has no element's name");
        out.append("<").append(name);
        if (value.kind == Kind::object && !attributes(value))
            return false;
        out += '>';
        if (!value.is_null() && !content(value))
            return false;
        out.append("</").append(name).append(">");
        return within_limit();
    }
};

bool append_xml(XmlWriter writer, const Value& value)
{
    if (value.kind != Kind::object || value.count != 1)
        return writer.wrong("bad_xml", "the body of an XML request has exactly one member, its root element");
    writer.out += R"(<?xml version="1.0" encoding="UTF-8"?>)";
    return each_member(value, [&](std::string_view name, const Value& root) {
        if (root.kind == Kind::list)
            return writer.wrong("bad_xml", "the root element is a list");
        return writer.element(name, root);
    });
}

}  // namespace

std::string_view content_type(BodyFormat format)
{
    switch (format) {
    case BodyFormat::json: return "application/json";
    case BodyFormat::form: return "application/x-www-form-urlencoded";
    case BodyFormat::xml: return "application/xml; charset=utf-8";
    case BodyFormat::text: return "text/plain; charset=utf-8";
    }
    std::unreachable();
}

bool append_body(Run& run, const Site& site, BodyFormat format, const Value& value, bool keeps_nulls, std::string& out)
{
    const Writer writer{run, site, keeps_nulls, out};
    switch (format) {
    case BodyFormat::json:
        return append_json(out, value, limits::output, keeps_nulls) ||
               writer.wrong("limit_output", "the body is larger than 8 MiB");
    case BodyFormat::form:
        if (value.kind != Kind::object)
            return writer.wrong("wrong_kind", "the body of a form is an object");
        return FormWriter{writer}.pair({}, value);
    case BodyFormat::xml: return append_xml(XmlWriter{writer}, value);
    case BodyFormat::text: {
        std::string_view text;
        if (const auto given = text_of(value, run.arena))
            text = *given;
        else
            return writer.wrong("wrong_kind", "the body is no text");
        out.append(text);
        return writer.within_limit();
    }
    }
    std::unreachable();
}

void append_percent_encoded(std::string& out, std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char letter : text) {
        if (is_unreserved(letter)) {
            out += letter;
            continue;
        }
        const auto byte = static_cast<unsigned char>(letter);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
}

}  // namespace headgate::mapping
