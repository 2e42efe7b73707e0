#include "connectors/formats/format.hpp"

#include <charconv>
#include <map>
#include <unordered_map>
#include <vector>

#include "connectors/formats/form.hpp"
#include "connectors/formats/json.hpp"
#include "connectors/formats/text_decoder.hpp"
#include "connectors/formats/xml.hpp"
#include "core/utf8.hpp"

namespace headgate::connectors {

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t most_form_fields = 100'000;

std::string from_windows_1252(std::string_view bytes)
{
    TextDecoder decoder(TextEncoding::windows_1252, false);
    std::string text;
    decoder.feed(bytes, text);
    decoder.finish(text);
    return text;
}

std::unexpected<Failure> form_failure(std::string code, std::string detail)
{
    return fail(FailureClass::permanent, std::move(code), std::move(detail));
}

Result<Fields> decoded_fields(std::string_view body, FormatConfig::Encoding encoding)
{
    auto fields = form_fields(body);
    if (fields.empty())
        return form_failure("form_empty", "the form has no field");
    if (fields.size() > most_form_fields)
        return form_failure("too_many_nodes", "more than " + std::to_string(most_form_fields) + " fields");
    for (auto& [name, value] : fields) {
        if (encoding == FormatConfig::Encoding::windows_1252) {
            name = from_windows_1252(name);
            value = from_windows_1252(value);
        } else if (!is_utf8(name) || !is_utf8(value)) {
            return form_failure("invalid_utf8", "a field of the form is no UTF-8");
        }
    }
    return fields;
}

/// Members of the object that is open: a name that stands several times is a list.
void put_fields(DocumentBuilder& builder, Fields fields)
{
    std::vector<std::vector<std::size_t>> groups;
    std::unordered_map<std::string_view, std::size_t> of_name;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto [found, fresh] = of_name.try_emplace(fields[i].first, groups.size());
        if (fresh)
            groups.emplace_back();
        groups[found->second].push_back(i);
    }
    for (const auto& group : groups) {
        builder.name(builder.own(fields[group.front()].first));
        if (group.size() > 1)
            builder.open_list();
        for (const auto place : group)
            builder.text(builder.own(std::move(fields[place].second)));
        if (group.size() > 1)
            builder.close();
    }
}

/// The number that a field's name ends in behind a `_`, and the name without both; nothing for other names.
std::optional<std::pair<std::uint32_t, std::size_t>> number_of(std::string_view name)
{
    const auto at = name.rfind('_');
    if (at == std::string_view::npos || at == 0)
        return std::nullopt;
    std::uint32_t number = 0;
    const auto* last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data() + at + 1, last, number);
    if (error != std::errc{} || end != last || number == 0 || name[at + 1] == '0')
        return std::nullopt;
    return std::pair{number, at};
}

Document form_document(Fields fields, const std::string& numbered)
{
    std::map<std::uint32_t, Fields> items;
    Fields others;
    for (auto& [name, value] : fields)
        if (const auto found = numbered.empty() ? std::nullopt : number_of(name))
            items[found->first].emplace_back(name.substr(0, found->second), std::move(value));
        else if (numbered.empty() || name != numbered)  // which is the list's name
            others.emplace_back(std::move(name), std::move(value));
    DocumentBuilder builder(fields.size() + items.size() + 2);
    builder.open_object();
    put_fields(builder, std::move(others));
    if (!numbered.empty()) {
        builder.name(builder.own(numbered));
        builder.open_list();
        for (auto& [number, item] : items) {
            builder.open_object();
            put_fields(builder, std::move(item));
            builder.close();
        }
        builder.close();
    }
    builder.close();
    return std::move(builder).finish();
}

}  // namespace

void FormatConfig::describe(config::Schema& schema)
{
    schema.choice("kind", kind, {{"json", Kind::json}, {"form", Kind::form}, {"xml", Kind::xml}},
                  "What the body is written in.");
    schema.choice("encoding", encoding, {{"utf-8", Encoding::utf8}, {"windows-1252", Encoding::windows_1252}},
                  "form: the character encoding of its fields.");
    schema.field("field", field, "form: the field whose value is the document.");
    schema.choice("field_kind", field_kind, {{"json", Kind::json}, {"xml", Kind::xml}},
                  "form: what that field is written in.");
    schema.field("numbered", numbered, "form: the list that fields NAME_1, NAME_2 are gathered in, an object each.");
    if (!schema.reading() || kind == Kind::form)
        return;
    for (const auto* key : {"encoding", "field", "field_kind", "numbered"})
        if (schema.given(key))
            schema.problem(key, "form_only", std::string("`") + key + "` is for forms", "kind: form");
}

Result<Document> read_document(std::string_view body, const FormatConfig& format)
{
    if (format.kind == FormatConfig::Kind::json)
        return read_json(body);
    if (format.kind == FormatConfig::Kind::xml)
        return read_xml(body);
    auto fields = decoded_fields(body, format.encoding);
    if (!fields)
        return std::unexpected(std::move(fields.error()));
    if (format.field.empty())
        return form_document(std::move(*fields), format.numbered);
    const std::string* value = nullptr;
    for (const auto& [name, text] : *fields)
        if (name == format.field) {
            if (value != nullptr)
                return form_failure("form_field_missing", "the form has its field `" + format.field + "` twice");
            value = &text;
        }
    if (value == nullptr)
        return form_failure("form_field_missing", "the form has no field `" + format.field + "`");
    return format.field_kind == FormatConfig::Kind::xml ? read_xml(*value) : read_json(*value);
}

std::optional<std::string> scalar_at(const Document& document, std::string_view path)
{
    NodeIndex node = document.root();
    while (!path.empty() && node != no_node) {
        path.remove_prefix(path.starts_with('/') ? 1 : 0);
        const auto name = path.substr(0, path.find('/'));
        node = document.member(node, name);
        path.remove_prefix(name.size());
    }
    if (node != no_node && document[node].kind == NodeKind::object)
        node = document.member(node, "#text");
    if (node == no_node)
        return std::nullopt;
    const Node& found = document[node];
    if (found.kind == NodeKind::object || found.kind == NodeKind::list || found.kind == NodeKind::null)
        return std::nullopt;
    return std::string(found.text);
}

}  // namespace headgate::connectors
