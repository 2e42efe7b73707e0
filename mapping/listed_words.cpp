#include "mapping/listed_words.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "core/suggest.hpp"
#include "mapping/yaml_file.hpp"

namespace headgate::mapping {

namespace {

/// Finds the values of a file, which was read before.
class Places {
public:
    explicit Places(std::string path) : path_(std::move(path)), file_(YamlFile::read(path_, ignored_)) {}

    [[nodiscard]] Problem problem(const YAML::Node& at, std::string message, std::string hint) const
    {
        if (!file_ || !at.IsDefined())  // it was changed meanwhile
            return {path_, 0, 0, "not_in_list", std::move(message), std::move(hint)};
        return file_->problem(at, "not_in_list", std::move(message), std::move(hint));
    }
    [[nodiscard]] YAML::Node entry(const std::string& word) const { return below("entries", word); }
    [[nodiscard]] YAML::Node fallback() const { return below("unmapped", "default"); }

private:
    [[nodiscard]] YAML::Node below(const char* part, const std::string& name) const
    {
        const YAML::Node missing(YAML::NodeType::Undefined);
        if (!file_ || !file_->root().IsMap())
            return missing;
        const YAML::Node whole = file_->root();
        const YAML::Node entries = whole[part];
        if (!entries.IsDefined() || !entries.IsMap())
            return missing;
        for (const auto& entry : entries)
            if (entry.first.IsScalar() && entry.first.Scalar() == name)
                return entry.second;
        return missing;
    }

    Problems ignored_;
    std::string path_;
    std::optional<YamlFile> file_;
};

}  // namespace

Problems not_listed(const ListedField& field, std::string_view channel, std::string_view mapping)
{
    Problems problems;
    const Vocabulary& table = *field.table;
    const auto own = table.overlays.find(channel);
    if (!channel.empty() && own == table.overlays.end())
        return problems;
    std::optional<Places> places;
    const auto check = [&](const std::string& value, auto find) {
        if (std::ranges::find(*field.words, value) != field.words->end())
            return;
        if (!places)
            places.emplace(channel.empty() ? table.file : table.overlay_files.at(own->first));
        problems.push_back(places->problem(
            find(*places),
            fmt::format(
                "`{}` is nothing that this vocabulary may give: the mapping {} puts it into a field that is one "
                "of {}",
                value, mapping, fmt::join(*field.words, ", ")),
            did_you_mean(value, *field.words)));
    };
    for (const auto& [word, value] : channel.empty() ? table.entries : own->second)
        check(value, [&](const Places& in) { return in.entry(word); });
    if (channel.empty() && field.falls_back && table.unmapped == Vocabulary::Unmapped::use_default)
        check(table.fallback, [](const Places& in) { return in.fallback(); });
    return problems;
}

}  // namespace headgate::mapping
