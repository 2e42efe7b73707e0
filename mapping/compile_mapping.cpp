#include <algorithm>
#include <filesystem>
#include <tuple>

#include "core/near_name.hpp"
#include "mapping/compile_values.hpp"
#include "mapping/compiled.hpp"

namespace headgate::mapping {

namespace {

const std::vector<std::string_view> plan_keys{"name", "transaction", "entity", "id", "version", "depends_on",
                                              "when", "let",         "each",   "as", "fields"};

class MappingCompiler {
public:
    MappingCompiler(CompiledMapping& made, const Canonical& canonical, const FragmentLoader& fragments,
                    Problems& problems)
        : made_(made),
          canonical_(canonical),
          values_(made.program, made.files, made.vocabularies, &fragments, problems)
    {
        values_.note_in(made.notes);
    }

    void compile(const YamlFile& file)
    {
        values_.enter(file);
        const YAML::Node& root = file.root();
        if (!root.IsMap()) {
            values_.problem(root, "wrong_value", "a mapping file is a YAML mapping with `transaction` and `fields`");
            return;
        }
        std::vector<std::string_view> known = plan_keys;
        known.insert(known.end(), {"topics", "transactions"});
        values_.know(root, known, "a mapping");
        made_.name = name_of(root, std::filesystem::path(file.path()).stem().string());
        if (root["topics"])
            topics(root["topics"]);
        if (root["transactions"])
            several(root);
        else
            made_.plans.push_back(plan(root, made_.name, Names{}));
    }

private:
    std::string name_of(const YAML::Node& node, std::string otherwise)
    {
        const YAML::Node name = node["name"];
        if (name && name.IsScalar() && !name.Scalar().empty())
            return name.Scalar();
        if (name)
            values_.problem(name, "wrong_value", "`name` is a word");
        return otherwise;
    }

    void topics(const YAML::Node& node)
    {
        if (node.IsScalar())
            made_.topics.push_back(node.Scalar());
        else if (node.IsSequence())
            for (const auto& topic : node)
                topic.IsScalar() ? made_.topics.push_back(topic.Scalar())
                                 : values_.problem(topic, "wrong_value", "a topic is a word");
        else
            values_.problem(node, "wrong_value", "`topics` is a list of words");
    }

    void several(const YAML::Node& root)
    {
        for (const std::string_view key : plan_keys)
            if (key != "name" && key != "let" && root[std::string(key)])
                values_.problem(root[std::string(key)], "wrong_value",
                                "`" + std::string(key) + "` belongs to each of `transactions`");
        Names names;
        if (root["let"])
            made_.lets = values_.lets(root["let"], names);
        if (!root["transactions"].IsSequence()) {
            values_.problem(root["transactions"], "wrong_value", "`transactions` is a list");
            return;
        }
        for (const auto& node : root["transactions"]) {
            if (!node.IsMap()) {
                values_.problem(node, "wrong_value", "each of `transactions` has `transaction` and `fields`");
                continue;
            }
            values_.know(node, plan_keys, "a transaction");
            const std::string type =
                node["transaction"] && node["transaction"].IsScalar() ? node["transaction"].Scalar() : "";
            const std::string name = name_of(node, made_.name + "." + type);
            if (std::ranges::find(made_.plans, name, &Plan::name) != made_.plans.end())
                values_.problem(node, "same_name", "two of `transactions` are called `" + name + "`",
                                "give one a `name:`");
            made_.plans.push_back(plan(node, name, names));
        }
    }

    Plan plan(const YAML::Node& node, std::string name, Names names)
    {
        Plan made;
        made.name = std::move(name);
        made.site = values_.site(node);
        made.type = type_of(node);
        if (node["each"]) {
            made.each = values_.bare(node["each"], names);
            names.in_each = true;
        }
        made.as = values_.item_name(node, names);
        if (node["let"])
            made.lets = values_.lets(node["let"], names);
        if (node["when"])
            made.when = values_.bare(node["when"], names);
        made.entity = identity(node, "entity", names);
        if (!node["entity"])
            values_.problem(node, "missing_key", "`entity` says what stays in order, and it is missing",
                            "entity: order/{.id}");
        made.id = identity(node, "id", names);
        made.version = identity(node, "version", names);
        if (node["depends_on"])
            made.parents = parents(node["depends_on"], names);
        if (!node["fields"])
            values_.problem(node, "missing_key", "`fields` is missing");
        else
            made.fields = values_.fields(node["fields"], made.type == nullptr ? nullptr : &made.type->shape, names);
        return made;
    }

    std::unique_ptr<Block> identity(const YAML::Node& node, const char* key, const Names& names)
    {
        if (!node[key])
            return nullptr;
        if (!node[key].IsScalar() || node[key].Scalar().empty()) {
            values_.problem(node, "wrong_value", "`" + std::string(key) + "` is a text or an expression");
            return nullptr;
        }
        return std::make_unique<Block>(values_.value(node[key], nullptr, names));
    }

    std::vector<std::pair<const CanonicalType*, Block>> parents(const YAML::Node& node, const Names& names)
    {
        std::vector<std::pair<const CanonicalType*, Block>> made;
        if (!node.IsMap() || node.size() == 0) {
            values_.problem(node, "wrong_value", "`depends_on` gives an entity for each type that must be there first",
                            "depends_on: { sales_order: \"order/{.order_id}\" }");
            return made;
        }
        for (const auto& entry : node) {
            const CanonicalType* type = type_named(entry.first);
            if (!entry.second.IsScalar() || entry.second.Scalar().empty())
                values_.problem(entry.second, "wrong_value", "the entity of a parent is a text or an expression");
            else if (type != nullptr)
                made.emplace_back(type, values_.value(entry.second, nullptr, names));
        }
        return made;
    }

    const CanonicalType* type_of(const YAML::Node& node)
    {
        if (!node["transaction"] || !node["transaction"].IsScalar()) {
            values_.problem(node, "missing_key", "`transaction` names the canonical type, and it is missing");
            return nullptr;
        }
        return type_named(node["transaction"]);
    }

    const CanonicalType* type_named(const YAML::Node& node)
    {
        const std::string name = node.IsScalar() ? node.Scalar() : "";
        const CanonicalType* type = canonical_.find(name);
        if (type == nullptr)
            values_.problem(node, "unknown_type", "there is no canonical type `" + name + "`",
                            near_name(name, canonical_.names()));
        return type;
    }

    CompiledMapping& made_;
    const Canonical& canonical_;
    ValueCompiler values_;
};

/// Lays the file over those it extends. Their fragments are found behind the file's own.
bool extend(YamlFile& file, const MappingLoader& mappings, FragmentLoader& fragments, Problems& problems)
{
    constexpr std::size_t deepest = 8;
    std::vector<std::string> chain{file.path()};
    std::vector<FragmentLoader> loaders{fragments};
    while (file.last().IsMap() && file.last()["extends"]) {
        const YAML::Node node = file.last()["extends"];
        const auto wrong = [&](std::string code, std::string message, std::string hint = {}) {
            problems.push_back(file.problem(node, std::move(code), std::move(message), std::move(hint)));
            return false;
        };
        if (chain.size() > deepest)
            return wrong("limit_depth", "mappings extend each other more than 8 deep");
        const std::string name = node.IsScalar() ? node.Scalar() : "";
        auto found = mappings ? mappings(name) : std::vector<BaseMapping>{};
        const auto base = std::ranges::find_if(found, [&](const BaseMapping& candidate) {
            return std::ranges::find(chain, candidate.source.file) == chain.end();
        });
        if (base == found.end() && !found.empty())
            return wrong("extends_circle", "`" + name + "` extends itself");
        if (base == found.end())
            return wrong("unknown_mapping", "there is no mapping `" + name + "`",
                         "connector/mapping: connectors/<connector>/mappings/<mapping>.yaml");
        chain.push_back(base->source.file);
        loaders.push_back(base->fragments);
        if (!file.add_base(base->source.file, base->source.text, problems))
            return false;
    }
    if (chain.size() == 1)
        return true;
    file.merge();
    fragments = [loaders = std::move(loaders)](std::string_view name) -> std::optional<SourceFile> {
        for (const FragmentLoader& loader : loaders)
            if (auto source = loader ? loader(name) : std::nullopt)
                return source;
        return std::nullopt;
    };
    return true;
}

}  // namespace

std::shared_ptr<const CompiledMapping> compile_mapping(const SourceFile& source, const Canonical& canonical,
                                                       const Vocabularies& vocabularies,
                                                       const FragmentLoader& fragments, const MappingLoader& mappings,
                                                       Problems& problems)
{
    auto file = YamlFile::parse(source.file, source.text, problems);
    FragmentLoader all_fragments = fragments;
    if (!file || !extend(*file, mappings, all_fragments, problems))
        return nullptr;
    auto made = std::make_shared<CompiledMapping>();
    made->vocabularies = &vocabularies;
    MappingCompiler(*made, canonical, all_fragments, problems).compile(*file);
    std::ranges::stable_sort(problems, [](const Problem& left, const Problem& right) {
        return std::tie(left.file, left.line, left.column) < std::tie(right.file, right.line, right.column);
    });
    return problems.empty() ? made : nullptr;
}

}  // namespace headgate::mapping
