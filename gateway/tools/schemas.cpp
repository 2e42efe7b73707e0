#include "gateway/tools/schemas.hpp"

#include <array>

#include <boost/json.hpp>

#include "connectors/connector.hpp"
#include "gateway/config.hpp"
#include "gateway/hint.hpp"
#include "gateway/tools/described_schema.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/tools/mapping_schema.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

constexpr std::array kinds{
    SchemaKind{"headgate", "headgate.yaml"},
    SchemaKind{"channels", "channels/*.yaml"},
    SchemaKind{"systems", "systems/*.yaml"},
    SchemaKind{"connector", "connectors/*/connector.yaml"},
    SchemaKind{"mapping", "connectors/*/mappings/*.yaml"},
    SchemaKind{"fragment", "mappings/fragments/*.yaml"},
    SchemaKind{"vocabulary", "vocabularies/*.yaml and vocabularies/CHANNEL/*.yaml"},
    SchemaKind{"case", "connectors/*/cases/*.yaml"},
};

json::object deployment_schema()
{
    DeploymentConfig config;
    json::object schema = described_schema(config::reference([&](config::Schema& keys) { config.describe(keys); }));
    json::value& redis = schema["properties"].as_object()["redis"];
    redis = json::object{{"anyOf", json::array{json::object{{"const", "managed"}}, redis}}};
    json::value& watched =
        schema.at("properties").at("channels").at("additionalProperties").at("properties").at("registration");
    watched = json::object{{"anyOf", json::array{json::object{{"type", "boolean"}}, watched}}};
    return schema;
}

json::object connector_schema()
{
    connectors::ConnectorConfig config;
    json::object schema = described_schema(config::reference([&](config::Schema& keys) { config.describe(keys); }));
    if (auto* units = schema["properties"].as_object().if_contains("minor_units")) {
        json::value& entry = units->as_object()["additionalProperties"];
        entry = json::object{
            {"anyOf", json::array{json::object{{"type", "integer"}, {"minimum", 0}, {"maximum", 4}}, entry}}};
    }
    return schema;
}

/// The files of a folder that stands for a section.
json::object entries_of_section(const char* section)
{
    json::object schema = deployment_schema()["properties"].as_object()[section].as_object();
    schema["type"] = "object";
    return schema;
}

json::object vocabulary_schema()
{
    const json::object word{{"type", json::array{"string", "number", "boolean"}}};
    const json::object words{{"type", "object"}, {"additionalProperties", word}};
    const json::object phrases{{"type", "array"}, {"minItems", 1}, {"items", word}};
    const json::object factors{
        {"type", "object"},
        {"description", "How many of another unit one is: {DZN: {EA: 12}}."},
        {"additionalProperties",
         json::object{{"type", "object"},
                      {"additionalProperties", json::object{{"type", json::array{"number", "string"}}}}}}};
    json::object entries = words;
    entries["description"] = "A word of the vendor's to one of ours.";
    return {
        {"type", "object"},
        {"additionalProperties", false},
        {"properties",
         json::object{
             {"version",
              json::object{{"type", json::array{"string", "number"}}, {"description", "Of the table, for people."}}},
             {"unmapped",
              json::object{{"description", "Where a missing entry leads when the call names no default."},
                           {"anyOf", json::array{json::object{{"enum", json::array{"dead", "park", "hold"}}},
                                                 json::object{{"type", "object"},
                                                              {"additionalProperties", false},
                                                              {"required", json::array{"default"}},
                                                              {"properties", json::object{{"default", word}}}}}}}},
             {"entries", entries},
             {"rules",
              json::object{
                  {"type", "array"},
                  {"description", "For `classify`; the first that holds decides."},
                  {"items", json::object{{"type", "object"},
                                         {"additionalProperties", false},
                                         {"required", json::array{"code", "any"}},
                                         {"properties", json::object{{"id", word},
                                                                     {"code", word},
                                                                     {"any", phrases},
                                                                     {"without", phrases},
                                                                     {"confidence", json::object{{"type", "number"},
                                                                                                 {"minimum", 0},
                                                                                                 {"maximum", 1}}}}}}}}},
             {"factors", factors},
             {"items", json::object{{"type", "object"},
                                    {"description", "Factors of one item alone."},
                                    {"additionalProperties", factors}}}}}};
}

json::object case_schema(const json::array& types)
{
    const json::object text{{"type", json::array{"string", "number", "boolean"}}};
    const auto described = [](json::object schema, const char* description) {
        schema["description"] = description;
        return schema;
    };
    const json::object zone = described({{"type", "string"}}, "For times without an offset.");
    return {
        {"type", "object"},
        {"additionalProperties", false},
        {"required", json::array{"input", "topic"}},
        {"properties",
         json::object{
             {"description", text},
             {"input", described({{"type", "string"}}, "The body, a path from the folder of this file.")},
             {"topic", described({{"type", "string"}}, "What the vendor says happened.")},
             {"headers",
              described({{"type", json::array{"object", "null"}}, {"additionalProperties", text}}, "Of the request.")},
             {"zone", zone},
             {"channel",
              json::object{{"type", "object"},
                           {"additionalProperties", false},
                           {"properties", json::object{{"zone", zone},
                                                       {"settings", json::object{{"type", "object"},
                                                                                 {"additionalProperties", text}}}}}}},
             {"expect",
              json::object{
                  {"type", "array"},
                  {"description", "The transactions, in order; [] when the event is filtered."},
                  {"items", json::object{{"type", "object"},
                                         {"additionalProperties", false},
                                         {"required", json::array{"type", "entity", "fields"}},
                                         {"properties", json::object{{"type", json::object{{"enum", types}}},
                                                                     {"entity", text},
                                                                     {"id", text},
                                                                     {"version", text},
                                                                     {"depends_on", text},
                                                                     {"fields", json::object{{"type", "object"}}}}}}}}},
             {"expect_failure",
              json::object{
                  {"type", "object"},
                  {"additionalProperties", false},
                  {"required", json::array{"code"}},
                  {"properties",
                   json::object{{"code", described({{"type", "string"}}, "`headgate explain` knows them.")},
                                {"where", described({{"type", "string"}}, "JSON pointer in the document.")}}}}}}}};
}

json::object schema_body(std::string_view kind, const std::string& shipped)
{
    if (kind == "headgate")
        return deployment_schema();
    if (kind == "channels")
        return entries_of_section("channels");
    if (kind == "systems")
        return entries_of_section("systems");
    if (kind == "connector")
        return connector_schema();
    if (kind == "vocabulary")
        return vocabulary_schema();
    const CanonicalSchemas canonical(shipped + "/canonical");
    if (kind == "mapping")
        return canonical.mapping();
    if (kind == "fragment")
        return canonical.fragment();
    return case_schema(canonical.types());
}

}  // namespace

std::span<const SchemaKind> schema_kinds()
{
    return kinds;
}

Result<std::string> schema_of(std::string_view kind, const std::string& shipped)
{
    std::vector<std::string_view> names;
    for (const auto& known : kinds)
        names.push_back(known.name);
    const auto found = std::ranges::find(kinds, kind, &SchemaKind::name);
    if (found == kinds.end())
        return fail(FailureClass::permanent, "unknown_schema",
                    "there is no schema `" + std::string(kind) + "` (" + near_or_all(kind, names) + ")");
    json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                        {"$id", "https://headgate.example/schemas/" + std::string(kind) + ".schema.json"},
                        {"title", std::string(found->files)}};
    for (auto& [name, value] : schema_body(kind, shipped))
        schema[name] = std::move(value);
    return pretty_json(json::serialize(schema)) + "\n";
}

}  // namespace headgate::gateway
