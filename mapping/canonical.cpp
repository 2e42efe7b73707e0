#include "mapping/canonical.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "mapping/folder.hpp"
#include "mapping/invariants.hpp"

namespace headgate::mapping {

namespace json = boost::json;

namespace {

/// Compiles one schema file. The $defs with these names are kinds of the language; any other is read in place.
class CanonicalReader {
public:
    CanonicalReader(const std::string& path, const json::object& root, const json::object& common, Problems& problems)
        : path_(path),
          root_(root),
          common_(common),
          problems_(problems)
    {}

    Shape shape(const json::value& value, const std::string& where, int depth)  // NOLINT(misc-no-recursion)
    {
        Shape shape;
        const json::object* schema = value.if_object();
        if (schema == nullptr || depth > 32) {
            wrong(where, "is no schema, or nested too deep");
            return shape;
        }
        if (const json::value* reference = schema->if_contains("$ref"))
            return referenced(text_of(*reference), where, depth);
        const std::string type = schema->contains("type") ? text_of(schema->at("type")) : "";
        if (type == "string") {
            shape.kind = Shape::Kind::text;
            if (const json::value* pattern = schema->if_contains("pattern")) {
                shape.pattern = std::make_shared<const re2::RE2>(text_of(*pattern), re2::RE2::Quiet);
                if (!shape.pattern->ok())
                    wrong(where, "has a `pattern` that RE2 cannot read: " + shape.pattern->error());
            }
            if (const json::value* words = schema->if_contains("enum"); words != nullptr && words->is_array())
                for (const json::value& word : words->get_array())
                    shape.words.push_back(text_of(word));
        } else if (type == "integer") {
            shape.kind = Shape::Kind::integer;
        } else if (type == "boolean") {
            shape.kind = Shape::Kind::boolean;
        } else if (type == "array" && schema->contains("items")) {
            shape.kind = Shape::Kind::list;
            shape.item.push_back(this->shape(schema->at("items"), where + "[]", depth + 1));
        } else if (type == "object") {
            object(*schema, where, depth, shape);
        } else {
            wrong(where,
                  "has no `type` that canonical types use: string, integer, boolean, array with items, object, or a "
                  "$ref");
        }
        return shape;
    }

private:
    static std::string text_of(const json::value& value)
    {
        return value.is_string() ? std::string(value.get_string()) : std::string{};
    }

    void wrong(const std::string& where, const std::string& message)
    {
        problems_.push_back({path_, 0, 0, "schema", where + " " + message, ""});
    }

    Shape referenced(const std::string& reference, const std::string& where, int depth)  // NOLINT(misc-no-recursion)
    {
        static constexpr std::pair<std::string_view, Shape::Kind> kinds[] = {
            {"money", Shape::Kind::money},       {"unit_price", Shape::Kind::unit_price},
            {"quantity", Shape::Kind::quantity}, {"timestamp", Shape::Kind::time},
            {"date", Shape::Kind::date},         {"decimal", Shape::Kind::decimal},
        };
        constexpr std::string_view prefix = "#/$defs/";
        constexpr std::string_view common = "common.json";
        Shape shape;
        // A definition refers to its neighbours: what stands in common.json means common.json's.
        const bool elsewhere = reference.starts_with(common) || (in_common_ && reference.starts_with('#'));
        const std::string local = reference.starts_with(common) ? reference.substr(common.size()) : reference;
        const json::value* defs = (elsewhere ? common_ : root_).if_contains("$defs");
        const std::string name = local.starts_with(prefix) ? local.substr(prefix.size()) : "";
        if (defs == nullptr || !defs->is_object() || !defs->get_object().contains(name)) {
            wrong(where, "refers to `" + reference + "`, which is not in $defs");
            return shape;
        }
        for (const auto& [known, kind] : kinds) {
            if (known == name) {
                shape.kind = kind;
                return shape;
            }
        }
        const bool before = std::exchange(in_common_, elsewhere);
        shape = this->shape(defs->get_object().at(name), where, depth + 1);
        in_common_ = before;
        return shape;
    }

    void object(const json::object& schema, const std::string& where, int depth,
                Shape& shape)  // NOLINT(misc-no-recursion)
    {
        shape.kind = Shape::Kind::object;
        const json::value* open = schema.if_contains("additionalProperties");
        shape.open = open != nullptr && !(open->is_bool() && !open->get_bool());
        if (const json::value* properties = schema.if_contains("properties");
            properties != nullptr && properties->is_object())
            for (const auto& [name, property] : properties->get_object())
                shape.members.push_back(
                    {std::string(name), false, this->shape(property, where + "." + std::string(name), depth + 1)});
        const json::value* required = schema.if_contains("required");
        if (required == nullptr || !required->is_array())
            return;
        for (const json::value& name : required->get_array()) {
            const auto member = std::ranges::find(shape.members, text_of(name), &Shape::Member::name);
            if (member == shape.members.end())
                wrong(where, "requires `" + text_of(name) + "`, which it does not describe");
            else
                member->required = true;
        }
    }

    const std::string& path_;
    const json::object& root_;
    const json::object& common_;
    Problems& problems_;
    bool in_common_ = false;
};

/// `minItems: 1` of the type's own lists, as invariants: a list is made item by item and is known when it is whole.
json::array not_empty(const json::object& schema)
{
    json::array rules;
    const json::value* properties = schema.if_contains("properties");
    if (properties == nullptr || !properties->is_object())
        return rules;
    for (const auto& [key, property] : properties->get_object()) {
        const std::string name = key;
        if (property.is_object() && property.get_object().contains("minItems"))
            rules.push_back({{"code", name + "_empty"},
                             {"severity", "reject"},
                             {"when", "." + name + " != null"},
                             {"holds", "(." + name + " | count) > 0"},
                             {"field", name},
                             {"says", "there is at least one"}});
    }
    return rules;
}

std::optional<json::object> read_json(const std::string& path, Problems& problems)
{
    std::ifstream stream(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    json::error_code error;
    json::value root = json::parse(text, error);
    if (!error && root.is_object())
        return std::move(root.get_object());
    problems.push_back({path, 0, 0, "schema", "is no JSON object", ""});
    return std::nullopt;
}

void read_type(const std::string& path, const json::object& common,
               std::map<std::string, CanonicalType, std::less<>>& types, Problems& problems)
{
    const auto root = read_json(path, problems);
    if (!root)
        return;
    CanonicalType type;
    type.name = std::filesystem::path(path).stem();
    const json::object& schema = *root;
    const auto word = [&](const char* key) {
        return schema.contains(key) && schema.at(key).is_string() ? std::string(schema.at(key).get_string()) : "";
    };
    type.family = word("x-family").empty() ? type.name : word("x-family");
    const std::string order = word("x-order");
    if (const auto known = order_of(order))
        type.order = *known;
    else
        problems.push_back({path, 0, 0, "schema", "`x-order` must say how order matters", "latest, sequence or free"});
    const auto says = [&](const char* key) { return schema.contains(key) && schema.at(key) == true; };
    type.snapshot = says("x-snapshot");
    type.shape = CanonicalReader(path, schema, common, problems).shape(json::value(schema), type.name, 0);
    json::value rules = not_empty(schema);
    if (const json::value* given = schema.if_contains("x-invariants"); given != nullptr && given->is_array())
        rules.get_array().insert(rules.get_array().end(), given->get_array().begin(), given->get_array().end());
    else if (given != nullptr)
        problems.push_back({path, 0, 0, "schema", "`x-invariants` is a list", ""});
    type.invariants = Invariants::read(path, rules, word("x-overtakes"), problems);
    if (schema.contains("x-overtakes") && word("x-overtakes").empty())
        problems.push_back({path, 0, 0, "schema", "`x-overtakes` is a condition about the transaction", ""});
    if (const json::value* examples = schema.if_contains("examples"); examples != nullptr && examples->is_array())
        for (const json::value& example : examples->get_array())
            type.examples.push_back(json::serialize(example));
    types.insert_or_assign(type.name, std::move(type));
}

}  // namespace

const Shape::Member* Shape::find(std::string_view name) const
{
    const auto found = std::ranges::find(members, name, &Member::name);
    return found == members.end() ? nullptr : &*found;
}

std::expected<Canonical, Problems> Canonical::load(const std::string& dir)
{
    Problems problems;
    Canonical canonical;
    json::object common;
    const auto files = files_of(dir, ".json", problems);
    const auto is_common = [](const std::string& path) {
        return std::filesystem::path(path).filename() == "common.json";
    };
    for (const std::string& path : files)
        if (is_common(path))
            common = read_json(path, problems).value_or(json::object{});
    for (const std::string& path : files)
        if (!is_common(path))
            read_type(path, common, canonical.types_, problems);
    if (!problems.empty())
        return std::unexpected(std::move(problems));
    return canonical;
}

const CanonicalType* Canonical::find(std::string_view name) const
{
    const auto found = types_.find(name);
    return found == types_.end() ? nullptr : &found->second;
}

std::vector<std::string> Canonical::names() const
{
    std::vector<std::string> names;
    for (const auto& [name, type] : types_)
        names.push_back(name);
    return names;
}

}  // namespace headgate::mapping
