#include "gateway/tools/described_schema.hpp"

#include <algorithm>
#include <deque>
#include <sstream>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// A key with what stands inside of it.
struct Key {
    std::string name;
    std::string type;
    std::string standard;  // the default, as YAML
    std::string doc;
    std::deque<Key> inside;
};

std::vector<std::string> split(std::string_view text, std::string_view by)
{
    std::vector<std::string> parts;
    for (std::size_t at = 0;;) {
        const auto end = text.find(by, at);
        parts.emplace_back(text.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos)
            return parts;
        at = end + by.size();
    }
}

Key tree_of(const std::string& reference)
{
    Key root{"", "section", "", "", {}};
    std::istringstream lines(reference);
    for (std::string line; std::getline(lines, line);) {
        const auto columns = split(line, "\t");
        if (columns.size() < 4 || columns[1] == "not yet")
            continue;
        Key* at = &root;
        for (const auto& name : split(columns[0], ".")) {
            const auto found = std::ranges::find(at->inside, name, &Key::name);
            at = found != at->inside.end() ? &*found : &at->inside.emplace_back(Key{name, "", "", "", {}});
        }
        at->type = columns[1];
        at->standard = columns[2];
        at->doc = columns[3];
    }
    return root;
}

/// Any value may have a variable of the environment in it.
json::object with_variable(json::object schema)
{
    return {{"anyOf", json::array{std::move(schema), json::object{{"type", "string"}, {"pattern", "\\$\\{"}}}}};
}

json::object pattern(const char* text)
{
    return with_variable({{"type", "string"}, {"pattern", text}});
}

json::object text()
{
    return {{"type", json::array{"string", "number", "boolean"}}};
}

json::object one_or_list(const json::object& one)
{
    return {{"anyOf", json::array{one, json::object{{"type", "array"}, {"items", one}}}}};
}

json::object scalar(const std::string& type)
{
    if (type == "any")
        return {};
    if (type == "list of texts")
        return one_or_list(text());
    if (type == "names and values")
        return {{"type", json::array{"object", "null"}}, {"additionalProperties", text()}};
    if (type == "duration")
        return pattern("^[0-9]+(ms|s|m|h|d|y)$");
    if (type == "size")
        return {{"anyOf", json::array{json::object{{"type", "integer"}}, pattern("^[0-9]+(B|KiB|MiB|GiB)?$")}}};
    if (type == "rate")
        return pattern("^[0-9]+/s$");
    if (type == "address:port")
        return pattern("^.+:[0-9]+$");
    if (type == "secret")
        return one_or_list({{"type", "string"}, {"pattern", "^(env:.+|file:.+|generated)$"}});
    if (type == "whole number")
        return with_variable({{"type", "integer"}});
    if (type == "true or false")
        return with_variable({{"type", "boolean"}});
    if (type.find(" | ") == std::string::npos)
        return text();
    json::array words;
    for (const auto& word : split(type, " | "))
        words.emplace_back(word);
    return with_variable({{"enum", words}});
}

json::object schema_of(const Key& key);

json::object section(const Key& key)  // NOLINT(misc-no-recursion)
{
    json::object properties;
    json::value others = false;
    for (const auto& inside : key.inside) {
        if (inside.name == "NAME")
            others = schema_of(inside);
        else if (inside.name.ends_with("[]"))
            properties[inside.name.substr(0, inside.name.size() - 2)] =
                json::object{{"description", inside.doc}, {"type", "array"}, {"items", section(inside)}};
        else
            properties[inside.name] = schema_of(inside);
    }
    json::object schema{{"type", json::array{"object", "null"}}, {"additionalProperties", std::move(others)}};
    if (!properties.empty())
        schema["properties"] = std::move(properties);
    return schema;
}

json::object schema_of(const Key& key)  // NOLINT(misc-no-recursion)
{
    json::object schema = key.inside.empty() && key.type != "section" ? scalar(key.type) : section(key);
    if (!key.doc.empty())
        schema["description"] = key.doc;
    if (!key.standard.empty() && !key.standard.starts_with('['))
        schema["default"] = key.standard;
    return schema;
}

}  // namespace

json::object described_schema(const std::string& reference)
{
    json::object schema = section(tree_of(reference));
    schema["type"] = "object";
    return schema;
}

}  // namespace headgate::gateway
