#include "mapping/vocabularies.hpp"

#include <filesystem>

#include "mapping/folder.hpp"
#include "mapping/yaml_file.hpp"

namespace headgate::mapping {

namespace {

void read_unmapped(const YamlFile& file, const YAML::Node& node, Vocabulary& table, Problems& problems)
{
    if (node.IsMap() && node.size() == 1 && node["default"] && node["default"].IsScalar()) {
        table.unmapped = Vocabulary::Unmapped::use_default;
        table.fallback = node["default"].Scalar();
    } else if (node.IsScalar() && (node.Scalar() == "park" || node.Scalar() == "hold")) {
        problems.push_back(file.problem(node, "not_yet", "`unmapped: " + node.Scalar() + "` is not built yet",
                                        "write `unmapped: dead`"));
    } else if (!node.IsScalar() || node.Scalar() != "dead") {
        problems.push_back(file.problem(node, "wrong_value", "`unmapped` says where a missing entry leads",
                                        "dead, or {default: word}"));
    }
}

void read_table(const std::string& path, Vocabularies& tables, Problems& problems)
{
    const auto file = YamlFile::read(path, problems);
    if (!file)
        return;
    if (!file->root().IsMap()) {
        problems.push_back(file->problem(file->root(), "wrong_value", "a vocabulary is a mapping with `entries`", ""));
        return;
    }
    Vocabulary table;
    table.name = std::filesystem::path(path).stem();
    for (const auto& entry : file->root()) {
        const std::string key = entry.first.Scalar();
        if (key == "unmapped") {
            read_unmapped(*file, entry.second, table, problems);
        } else if (key == "entries" && entry.second.IsMap()) {
            for (const auto& word : entry.second) {
                if (!word.first.IsScalar() || !word.second.IsScalar())
                    problems.push_back(file->problem(word.first, "wrong_value", "an entry is a word to a word", ""));
                else
                    table.entries[word.first.Scalar()] = word.second.Scalar();
            }
        } else {
            problems.push_back(
                file->problem(entry.first, "unknown_key", "a vocabulary has no `" + key + "`", "unmapped, entries"));
        }
    }
    tables.add(std::move(table));
}

}  // namespace

std::expected<void, Problems> Vocabularies::load(const std::string& dir)
{
    Problems problems;
    for (const std::string& path : files_of(dir, ".yaml", problems))
        read_table(path, *this, problems);
    if (!problems.empty())
        return std::unexpected(std::move(problems));
    return {};
}

void Vocabularies::add(Vocabulary table)
{
    tables_.insert_or_assign(table.name, std::move(table));
}

const Vocabulary* Vocabularies::find(std::string_view name) const
{
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : &found->second;
}

}  // namespace headgate::mapping
