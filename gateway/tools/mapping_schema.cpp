#include "gateway/tools/mapping_schema.hpp"

#include <array>
#include <filesystem>
#include <string_view>

#include <boost/json.hpp>

#include "gateway/data_folder.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

json::object ref(const std::string& name)
{
    return {{"$ref", "#/$defs/" + name}};
}

json::object any_of_required(std::initializer_list<const char*> names)
{
    json::array alternatives;
    for (const char* name : names)
        alternatives.push_back(json::object{{"required", json::array{name}}});
    return {{"type", "object"}, {"anyOf", alternatives}};
}

/// What every mapping file needs, whatever its type is.
json::object shared_definitions()
{
    const json::object names{{"type", "object"}, {"additionalProperties", true}};
    const json::object expression{{"type", json::array{"string", "number", "boolean"}}};
    json::object block{{"type", "object"},
                       {"additionalProperties", false},
                       {"properties", json::object{{"each", expression},
                                                   {"as", json::object{{"type", "string"}}},
                                                   {"when", expression},
                                                   {"match", expression},
                                                   {"cases", names},
                                                   {"else", true},
                                                   {"let", names},
                                                   {"use", json::object{{"type", "string"}}},
                                                   {"of", expression},
                                                   {"with", names},
                                                   {"fields", json::object{{"type", "object"}}},
                                                   {"value", true}}}};
    return {{"expression", expression},
            {"is_block", any_of_required({"each", "match", "use", "when", "let"})},
            {"block", std::move(block)},
            // A leaf is an expression, a text, or a block that gives one.
            {"leaf", json::object{{"if", json::object{{"type", "object"}}}, {"then", ref("block")}}}};
}

/// Makes the schemas of one type's values; nested objects become definitions of their own.
class Values {
public:
    Values(const json::object& type, const json::object& common, json::object& definitions)
        : type_(type),
          common_(common),
          definitions_(definitions)
    {}

    json::object object(const json::object& schema, const std::string& name, bool in_common,
                        int depth)  // NOLINT(misc-no-recursion)
    {
        json::object made{{"type", "object"}};
        json::object properties;
        if (const auto* members = schema.if_contains("properties"); members != nullptr && members->is_object())
            for (const auto& [key, member] : members->as_object())
                if (member.is_object())
                    properties[key] = value(member.as_object(), name + "." + std::string(key), in_common, depth + 1);
        const auto* more = schema.if_contains("additionalProperties");
        made["properties"] = std::move(properties);
        made["additionalProperties"] = more == nullptr || !more->is_bool() || more->as_bool();
        return made;
    }

private:
    json::object value(const json::object& schema, const std::string& name, bool in_common,
                       int depth)  // NOLINT(misc-no-recursion)
    {
        constexpr int deepest = 16;
        if (depth > deepest)
            return {};
        json::object made;
        if (const auto* reference = schema.if_contains("$ref"); reference != nullptr && reference->is_string())
            made = referred(std::string(reference->as_string()), name, in_common, depth);
        else if (schema.contains("properties"))
            made = object_value(schema, name, in_common, depth);
        else if (const auto* items = schema.if_contains("items"); items != nullptr && items->is_object())
            made = list_value(items->as_object(), name, in_common, depth);
        else if (const auto* words = schema.if_contains("enum"))
            made = {{"anyOf", json::array{json::object{{"enum", *words}}, ref("leaf")}}};
        else
            made = {{"allOf", json::array{ref("leaf")}}};
        if (const auto* description = schema.if_contains("description"))
            made["description"] = *description;
        return made;
    }

    json::object referred(const std::string& reference, const std::string& name, bool in_common,
                          int depth)  // NOLINT(misc-no-recursion)
    {
        const bool elsewhere = in_common || reference.starts_with("common.json");
        const auto slash = reference.rfind('/');
        const std::string definition = slash == std::string::npos ? "" : reference.substr(slash + 1);
        for (const std::string_view money : {"money", "unit_price", "quantity"})
            if (definition == money)
                return {};  // an object of the language's own, or what makes one
        const auto* all = (elsewhere ? common_ : type_).if_contains("$defs");
        const auto* found = all != nullptr && all->is_object() ? all->as_object().if_contains(definition) : nullptr;
        if (found == nullptr || !found->is_object())
            return {};
        return value(found->as_object(), elsewhere ? "common." + definition : name, elsewhere, depth + 1);
    }

    json::object object_value(const json::object& schema, const std::string& name, bool in_common,
                              int depth)  // NOLINT(misc-no-recursion)
    {
        if (!definitions_.contains(name)) {       // what types share is made once
            definitions_[name] = json::object{};  // it may be asked for while it is made
            definitions_[name] = object(schema, name, in_common, depth);
        }
        return block_or(ref(name), json::object{{"if", json::object{{"type", "object"}}}, {"then", ref(name)}});
    }

    json::object list_value(const json::object& item, const std::string& name, bool in_common,
                            int depth)  // NOLINT(misc-no-recursion)
    {
        json::object of_item = value(item, name, in_common, depth + 1);
        const auto* block = of_item.if_contains("else");  // of an object: its definition
        json::object fields = block != nullptr && block->as_object().contains("then")
                                  ? block->as_object().at("then").as_object()
                                  : json::object{{"type", "object"}};
        return block_or(std::move(fields), json::object{{"if", json::object{{"type", "array"}}},
                                                        {"then", json::object{{"items", std::move(of_item)}}}});
    }

    /// A block whose `fields:` are of this shape, or else the value itself.
    static json::object block_or(json::object fields, json::object otherwise)
    {
        return {
            {"if", ref("is_block")},
            {"then", json::object{{"allOf", json::array{ref("block"),
                                                        json::object{{"properties",
                                                                      json::object{{"fields", std::move(fields)}}}}}}}},
            {"else", std::move(otherwise)}};
    }

    const json::object& type_;
    const json::object& common_;
    json::object& definitions_;
};

json::object read(const std::filesystem::path& path)
{
    const auto text = read_file(path);
    json::error_code error;
    auto value = text ? json::parse(*text, error) : json::value();
    return !error && value.is_object() ? std::move(value.as_object()) : json::object{};
}

}  // namespace

CanonicalSchemas::CanonicalSchemas(const std::string& folder) : common_(read(folder + "/common.json"))
{
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(folder, error))
        if (file.path().extension() == ".json" && file.path().stem() != "common")
            types_.emplace(file.path().stem(), read(file.path()));
}

json::array CanonicalSchemas::types() const
{
    json::array names;
    for (const auto& [name, type] : types_)
        names.emplace_back(name);
    return names;
}

json::object CanonicalSchemas::mapping() const
{
    json::object definitions = shared_definitions();
    json::array by_type;
    for (const auto& [name, type] : types_) {
        json::object fields = Values(type, common_, definitions).object(type, name, false, 0);
        definitions[name] = std::move(fields);
        by_type.push_back(json::object{
            {"if", json::object{{"required", json::array{"transaction"}},
                                {"properties", json::object{{"transaction", json::object{{"const", name}}}}}}},
            {"then", json::object{{"properties", json::object{{"fields", ref(name)}}}}}});
    }
    const json::object text{{"type", json::array{"string", "number", "boolean"}}};
    const auto described = [](json::object schema, const char* description) {
        schema["description"] = description;
        return schema;
    };
    json::object transaction{
        {"name", described({{"type", "string"}}, "Part of the effect key; default: the file's name.")},
        {"transaction", json::object{{"description", "The canonical type."}, {"enum", types()}}},
        {"entity", described(text, "What stays in order, and the identity of the thing: order/{.id}.")},
        {"id", described(text, "Which fact about the entity; default: the entity.")},
        {"version", described(text, "Which telling is newer: a time or a whole number, another text, or `once`.")},
        {"depends_on", described({{"type", "object"}, {"additionalProperties", text}},
                                 "What must be at the system first: an entity for each type.")},
        {"when", described(text, "Without it every document counts.")},
        {"let", described({{"type", "object"}}, "Names for expressions.")},
        {"each", described(text, "One transaction for each item.")},
        {"as", described({{"type", "string"}}, "What inner blocks call the item.")},
        {"fields", json::object{{"description", "The transaction's fields."}, {"type", "object"}}}};
    definitions["by_type"] = json::object{{"allOf", by_type}};

    json::object root = transaction;
    root["topics"] = json::object{{"description", "The topics it is for."},
                                  {"anyOf", json::array{text, json::object{{"type", "array"}, {"items", text}}}}};
    root["extends"] = described({{"type", "string"}}, "The mapping this one is laid over: CONNECTOR/MAPPING.");
    root["transactions"] = json::object{{"description", "Several of one document, applied in this order."},
                                        {"type", "array"},
                                        {"items", json::object{{"type", "object"},
                                                               {"additionalProperties", false},
                                                               {"properties", std::move(transaction)},
                                                               {"allOf", json::array{ref("by_type")}}}}};
    return {{"type", "object"},
            {"additionalProperties", false},
            {"properties", std::move(root)},
            {"allOf", json::array{ref("by_type")}},
            {"$defs", std::move(definitions)}};
}

json::object CanonicalSchemas::fragment()
{
    return {{"type", "object"},
            {"additionalProperties", false},
            {"required", json::array{"fields"}},
            {"properties",
             json::object{{"let", json::object{{"type", "object"}}}, {"fields", json::object{{"type", "object"}}}}}};
}

}  // namespace headgate::gateway
