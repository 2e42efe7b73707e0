#include "gateway/api/shapes.hpp"

#include <stdexcept>

#include <boost/json.hpp>

namespace headgate::gateway::api {

namespace {

namespace json = boost::json;

constexpr std::string_view or_null = " or null";

json::object form(const char* pattern)
{
    return {{"type", "string"}, {"pattern", pattern}};
}

/// A schema of one of the words that are no names; empty for another.
json::object known(std::string_view word)
{
    if (word == "text")
        return {{"type", "string"}};
    if (word == "time")
        return form("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$");
    if (word == "event")
        return form("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$");
    if (word == "letter")
        return form("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\\.[0-9a-f]{32})?$");
    if (word == "hex")
        return form("^[0-9a-f]*$");
    if (word == "count")
        return {{"type", "integer"}, {"minimum", 0}};
    if (word == "whole")
        return {{"type", "integer"}};
    if (word == "flag")
        return {{"type", "boolean"}};
    if (word == "object" || word == "null")
        return {{"type", word}};
    return {};
}

json::object one_of(std::string_view words)
{
    constexpr std::string_view between = " | ";
    json::array list;
    for (auto at = words.find(between); at != std::string_view::npos; at = words.find(between)) {
        list.emplace_back(words.substr(0, at));
        words.remove_prefix(at + between.size());
    }
    list.emplace_back(words);
    return {{"type", "string"}, {"enum", std::move(list)}};
}

json::object with_null(json::object schema)
{
    if (schema.contains("type") && !schema.contains("enum")) {
        schema["type"] = json::array{schema["type"], "null"};
        return schema;
    }
    return {{"anyOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
}

}  // namespace

void Shapes::add(const std::string& name, const YAML::Node& shape)
{
    if (!named_.emplace(name, shape).second)
        throw std::logic_error("the shape `" + name + "` is described twice");
}

std::vector<Shapes::Member> Shapes::members(const YAML::Node& object) const  // NOLINT(misc-no-recursion)
{
    if (object.IsScalar()) {
        const auto named = named_.find(object.Scalar());
        if (named == named_.end() || !named->second.IsMap())
            throw std::logic_error("there is no object `" + object.Scalar() + "`");
        return members(named->second);
    }
    std::vector<Member> all;
    for (const auto& entry : object) {
        auto name = entry.first.Scalar();
        if (name == "like") {
            auto others = members(entry.second);
            all.insert(all.end(), others.begin(), others.end());
            continue;
        }
        const bool needed = !name.ends_with('?');
        if (!needed)
            name.pop_back();
        std::erase_if(all, [&name](const Member& other) { return other.name == name; });
        all.push_back({std::move(name), needed, entry.second});
    }
    return all;
}

json::object Shapes::schema(const YAML::Node& shape) const  // NOLINT(misc-no-recursion)
{
    if (shape.IsMap())
        return of_object(shape);
    if (shape.IsSequence() && shape.size() == 1)
        return {{"type", "array"}, {"items", schema(shape[0])}};
    if (shape.IsScalar())
        return of_text(shape.Scalar());
    throw std::logic_error("a shape is a word, a list of one shape or an object");
}

json::object Shapes::schemas() const
{
    json::object all;
    for (const auto& [name, shape] : named_)
        all[name] = schema(shape);
    return all;
}

json::object Shapes::of_text(const std::string& text) const
{
    const auto comma = text.find(", ");
    std::string_view word = std::string_view(text).substr(0, comma);
    const bool nullable = word.ends_with(or_null);
    if (nullable)
        word.remove_suffix(or_null.size());
    auto schema = word.contains(" | ") ? one_of(word) : of_word(word);
    if (nullable)
        schema = with_null(std::move(schema));
    if (comma != std::string::npos)
        schema["description"] = text.substr(comma + 2);
    return schema;
}

json::object Shapes::of_word(std::string_view word) const
{
    if (word == "anything")
        return {};
    if (auto schema = known(word); !schema.empty())
        return schema;
    if (!named_.contains(std::string(word)))
        throw std::logic_error("there is no shape `" + std::string(word) + "`");
    return {{"$ref", "#/components/schemas/" + std::string(word)}};
}

json::object Shapes::of_object(const YAML::Node& object) const  // NOLINT(misc-no-recursion)
{
    json::object schema{{"type", "object"}};
    json::object properties;
    json::array needed;
    for (const auto& member : members(object)) {
        if (member.name == "NAME") {
            schema["additionalProperties"] = this->schema(member.shape);
            continue;
        }
        properties[member.name] = this->schema(member.shape);
        if (member.needed)
            needed.emplace_back(member.name);
    }
    if (!properties.empty())
        schema["properties"] = std::move(properties);
    if (!needed.empty())
        schema["required"] = std::move(needed);
    return schema;
}

}  // namespace headgate::gateway::api
