#include "connectors/formats/xml.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <pugixml.hpp>

#include "core/utf8.hpp"

namespace headgate::connectors {

namespace {

std::unexpected<Failure> xml_failure(std::string code, std::string detail)
{
    return fail(FailureClass::permanent, std::move(code), std::move(detail));
}

std::string byte(std::size_t offset)
{
    return "at byte " + std::to_string(offset);
}

/// Whether what stands behind an & is one of the five entities or a reference to a character that XML allows.
bool is_reference(std::string_view name)
{
    if (name == "amp" || name == "lt" || name == "gt" || name == "apos" || name == "quot")
        return true;
    if (!name.starts_with('#'))
        return false;
    name.remove_prefix(1);
    const bool hex = name.starts_with('x');
    if (hex)
        name.remove_prefix(1);
    std::uint32_t code = 0;
    if (name.empty() || name.size() > 8)
        return false;
    for (const char digit : name) {
        const bool decimal = digit >= '0' && digit <= '9';
        const char low = static_cast<char>(digit | 0x20);
        if (!decimal && !(hex && low >= 'a' && low <= 'f'))
            return false;
        code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(decimal ? digit - '0' : low - 'a' + 10);
    }
    return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code < 0xD800) ||
           (code >= 0xE000 && code <= 0x10FFFF && code != 0xFFFE && code != 0xFFFF);
}

/// What pugixml would pass over in silence: declarations, unknown entities, control characters. Nothing when there are
/// none.
std::optional<Failure> forbidden(std::string_view text)
{
    const auto at = [&](std::size_t i, std::string_view what) { return text.substr(i, what.size()) == what; };
    const auto broken = [&](std::string code, std::size_t i, const std::string& what) {
        return Failure{FailureClass::permanent, std::move(code), what + byte(i), {}};
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto letter = static_cast<unsigned char>(text[i]);
        if (letter < 0x20 && letter != '\t' && letter != '\n' && letter != '\r')
            return broken("xml_syntax", i, "a control character stands ");
        if (text[i] != '<' && text[i] != '&')
            continue;
        const std::string_view close = at(i, "<!--") ? "-->" : at(i, "<![CDATA[") ? "]]>" : at(i, "<?") ? "?>" : "";
        if (!close.empty()) {
            const auto end = text.find(close, i + 2);
            if (end == std::string_view::npos)
                return broken("xml_syntax", i, "what begins does not end, ");
            for (std::size_t inside = i; inside < end; ++inside)
                if (static_cast<unsigned char>(text[inside]) < 0x20 && text[inside] != '\t' && text[inside] != '\n' &&
                    text[inside] != '\r')
                    return broken("xml_syntax", inside, "a control character stands ");
            i = end + close.size() - 1;
        } else if (at(i, "<!DOCTYPE")) {
            const auto end = text.find('>', i);
            if (text.substr(i, end - i).contains('['))
                return broken("xml_dtd", i, "a document type with declarations stands ");
            i = std::min(end, text.size() - 1);
        } else if (at(i, "<!")) {
            return broken("xml_dtd", i, "a declaration stands ");
        } else if (text[i] == '&') {
            const auto end = text.find(';', i);
            if (end == std::string_view::npos || !is_reference(text.substr(i + 1, end - i - 1)))
                return broken("xml_entity", i, "an entity that is not defined stands ");
        }
    }
    return std::nullopt;
}

/// The encoding of an XML declaration, if there is one.
std::string_view declared_encoding(std::string_view text)
{
    if (!text.starts_with("<?xml "))
        return "UTF-8";
    const auto declaration = text.substr(0, text.find("?>"));
    const auto name = declaration.find("encoding");
    if (name == std::string_view::npos)
        return "UTF-8";
    const auto quote = declaration.find_first_of("\"'", name);
    if (quote == std::string_view::npos)
        return "";
    const auto rest = declaration.substr(quote + 1);
    return rest.substr(0, rest.find(declaration[quote]));
}

class XmlReader {
public:
    explicit XmlReader(const XmlLimits& limits) : limits_(limits) {}

    Result<Document> run(const pugi::xml_document& given)
    {
        std::size_t roots = 0;
        for (const auto& node : given.children())
            roots += node.type() == pugi::node_element ? 1U : 0U;
        if (roots != 1)
            return xml_failure("xml_syntax",
                               roots == 0 ? "there is no element" : "there is more than one root element");
        builder_.open_object();
        for (const auto& node : given.children())
            if (node.type() == pugi::node_element) {
                builder_.name(builder_.own(node.name()));
                if (!element(node, 1))
                    return std::unexpected(std::move(*failure_));
            }
        builder_.close();
        return std::move(builder_).finish();
    }

private:
    bool wrong(std::string code, std::string detail)
    {
        failure_ = Failure{FailureClass::permanent, std::move(code), std::move(detail), {}};
        return false;
    }

    bool count()
    {
        return ++nodes_ <= limits_.nodes ||
               wrong("too_many_nodes", "more than " + std::to_string(limits_.nodes) + " values");
    }

    void text(std::string value) { builder_.text(builder_.own(std::move(value))); }

    bool element(const pugi::xml_node& given, std::size_t depth)
    {
        if (depth >= limits_.depth)
            return wrong("too_deep", "more than " + std::to_string(limits_.depth) + " elements in one another");
        if (!count())
            return false;
        std::string content;
        std::vector<std::vector<pugi::xml_node>> groups;
        std::unordered_map<std::string_view, std::size_t> of_name;
        for (const auto& child : given.children()) {
            if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
                content += child.value();
            if (child.type() != pugi::node_element)
                continue;
            const auto [found, fresh] = of_name.try_emplace(child.name(), groups.size());
            if (fresh)
                groups.emplace_back();
            groups[found->second].push_back(child);
        }
        if (groups.empty() && given.first_attribute().empty()) {
            text(std::move(content));
            return true;
        }
        builder_.open_object();
        std::unordered_map<std::string_view, bool> seen;
        for (const auto& attribute : given.attributes()) {
            if (!seen.try_emplace(attribute.name(), true).second)
                return wrong("duplicate_key",
                             std::string("an element has the attribute ") + attribute.name() + " twice");
            if (!count())
                return false;
            builder_.name(builder_.own(std::string("@") + attribute.name()));
            text(attribute.value());
        }
        if (!is_blank(content)) {
            builder_.name("#text");
            text(std::move(content));
        }
        for (const auto& group : groups) {
            builder_.name(builder_.own(group.front().name()));
            if (group.size() > 1)
                builder_.open_list();
            for (const auto& child : group)
                if (!element(child, depth + (group.size() > 1 ? 2 : 1)))
                    return false;
            if (group.size() > 1)
                builder_.close();
        }
        builder_.close();
        return true;
    }

    const XmlLimits& limits_;
    DocumentBuilder builder_;
    std::size_t nodes_ = 0;
    std::optional<Failure> failure_;
};

}  // namespace

Result<Document> read_xml(std::string_view bytes, const XmlLimits& limits)
{
    if (bytes.size() > limits.bytes)
        return xml_failure("too_large", "more than " + std::to_string(limits.bytes) + " bytes");
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.remove_prefix(3);
    if (const auto valid = utf8_until(bytes); valid != bytes.size())
        return xml_failure("invalid_utf8", byte(valid));
    const std::string encoding(declared_encoding(bytes));
    if (!std::ranges::equal(encoding, std::string_view("utf-8"), {},
                            [](char letter) { return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter; }))
        return xml_failure("xml_encoding", "it is declared to be written in another encoding than UTF-8");
    if (auto found = forbidden(bytes))
        return std::unexpected(std::move(*found));
    pugi::xml_document document;
    const auto parsed = document.load_buffer(bytes.data(), bytes.size(),
                                             pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
    if (!parsed)
        return xml_failure("xml_syntax",
                           std::string(parsed.description()) + ", " +
                               byte(static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0))));
    return XmlReader(limits).run(document);
}

}  // namespace headgate::connectors
