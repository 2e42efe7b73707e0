#include "mapping/yaml_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "core/config/tabs.hpp"
#include "core/utf8.hpp"
#include "mapping/yaml_problems.hpp"

namespace headgate::mapping {

namespace {

constexpr std::size_t most_values = 100'000;  // aliases of aliases make more of a few lines than memory holds

void find_repeated(const YamlFile& file, const YAML::Node& node, int depth, std::size_t& values,
                   Problems& problems)  // NOLINT(misc-no-recursion)
{
    if (values > most_values)
        return;
    if (depth > 100) {
        problems.push_back(file.problem(node, "limit_depth", "the file is nested more than 100 deep", ""));
        values = most_values + 1;
        return;
    }
    if (++values > most_values) {
        problems.push_back(file.problem(node, "limit_items", "the file holds more than 100,000 values", ""));
        return;
    }
    if (node.IsSequence())
        for (const auto& item : node)
            find_repeated(file, item, depth + 1, values, problems);
    if (!node.IsMap())
        return;
    std::set<std::string> names;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            problems.push_back(file.problem(entry.first, "wrong_value", "a key is a word", ""));
        else if (!names.insert(entry.first.Scalar()).second)
            problems.push_back(
                file.problem(entry.first, "repeated_key", "`" + entry.first.Scalar() + "` stands here twice", ""));
        find_repeated(file, entry.second, depth + 1, values, problems);
    }
}

/// An alias is the very node of its anchor: it stands before what holds it. One that is merged would change both.
bool holds_alias(const YAML::Node& node, int from)  // NOLINT(misc-no-recursion)
{
    if (node.Mark().pos < from)
        return true;
    from = node.Mark().pos;
    if (node.IsSequence())
        return std::ranges::any_of(node, [&](const auto& item) { return holds_alias(item, from); });
    return node.IsMap() && std::ranges::any_of(node, [&](const auto& entry) {
               return holds_alias(entry.second, entry.first.Mark().pos);
           });
}

bool removes(const YAML::Node& value)
{
    return value.IsNull() || (value.IsScalar() && value.Scalar() == "null");
}

/// Lays `over` over `base`, in place, so that it keeps its marks.
void lay_over(const YAML::Node& base, YAML::Node over)  // NOLINT(misc-no-recursion)
{
    using Entry = std::pair<YAML::Node, YAML::Node>;
    std::vector<Entry> own;
    for (const auto& entry : over)
        own.emplace_back(entry.first, entry.second);
    std::vector<Entry> merged;
    for (const auto& entry : base) {
        const auto same =
            std::ranges::find_if(own, [&](const Entry& mine) { return mine.first.Scalar() == entry.first.Scalar(); });
        if (same == own.end())
            merged.emplace_back(entry.first, entry.second);
        else if (!removes(same->second))
            merged.push_back(*same);
        if (same != own.end() && same->second.IsMap() && entry.second.IsMap())
            lay_over(entry.second, same->second);
    }
    for (const Entry& entry : own)
        if (!base[entry.first.Scalar()])
            merged.push_back(entry);
    for (const Entry& entry : own)
        over.remove(entry.first);
    for (const Entry& entry : merged)
        over.force_insert(entry.first, entry.second);
}

}  // namespace

std::optional<YamlFile> YamlFile::read(const std::string& path, Problems& problems)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        problems.push_back({path, 0, 0, "unreadable", "the file cannot be read", ""});
        return std::nullopt;
    }
    return parse(path, {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()}, problems);
}

std::optional<YamlFile> YamlFile::parse(std::string path, std::string text, Problems& problems)
{
    YamlFile file;
    auto root = file.load(std::move(path), std::move(text), problems);
    if (!root)
        return std::nullopt;
    file.root_ = std::move(*root);
    return file;
}

YamlFile YamlFile::named(std::string path)
{
    YamlFile file;
    file.parts_.emplace_back().path = std::move(path);
    return file;
}

std::optional<YAML::Node> YamlFile::load(std::string path, std::string text, Problems& problems)
{
    const int first_line = parts_.empty() ? 0 : parts_.back().first_line + static_cast<int>(parts_.back().lines.size());
    Part& part = parts_.emplace_back();
    part.path = std::move(path);
    part.text = std::move(text);
    part.first_line = first_line;
    for (std::size_t i = 0; i < part.text.size(); ++i)
        if (part.text[i] == '\n')
            part.lines.push_back(i + 1);
    if (const std::size_t until = utf8_until(part.text); until != part.text.size()) {
        const auto line = std::ranges::upper_bound(part.lines, until) - part.lines.begin();
        const auto column = until - part.lines[static_cast<std::size_t>(line) - 1] + 1;
        problems.push_back({part.path, static_cast<int>(line), static_cast<int>(column), "invalid_utf8",
                            "the file is not UTF-8", "save it as UTF-8"});
        return std::nullopt;
    }
    YAML::Node root;
    try {
        const auto documents = YAML::LoadAll(std::string(static_cast<std::size_t>(part.first_line), '\n') + part.text);
        if (documents.size() > 1) {
            problems.push_back(problem(documents[1], "several_documents", "one file holds one YAML document", ""));
            return std::nullopt;
        }
        if (!documents.empty())
            root = documents.front();
    } catch (const YAML::Exception& error) {
        const int line = error.mark.line - part.first_line + 1;
        if (auto tab = config::tab_problem(part.path, part.text, line, "yaml")) {
            problems.push_back(std::move(*tab));
            return std::nullopt;
        }
        problems.push_back({part.path, line, error.mark.column + 1, "yaml", error.msg,
                            "a value that holds `: `, ` #` or starts with one of [ { \" ' * & ! % @ goes in quotes"});
        return std::nullopt;
    }
    const std::size_t before = problems.size();
    std::size_t values = 0;
    find_repeated(*this, root, 0, values, problems);
    if (problems.size() > before)
        return std::nullopt;
    return root;
}

bool YamlFile::add_base(std::string path, std::string text, Problems& problems)
{
    if (holds_alias(last(), last().Mark().pos)) {
        problems.push_back(
            problem(last(), "wrong_value", "aliases (`*name`) and `extends` do not go together", "write it out"));
        return false;
    }
    auto base = load(std::move(path), std::move(text), problems);
    if (!base)
        return false;
    if (!base->IsMap()) {
        problems.push_back(problem(*base, "wrong_value", "what is extended is a mapping file", ""));
        return false;
    }
    bases_.push_back(std::move(*base));
    return true;
}

void YamlFile::merge()
{
    for (auto base = bases_.rbegin(); base != bases_.rend(); ++base) {
        base->remove("extends");
        lay_over(*base, base + 1 == bases_.rend() ? root_ : *(base + 1));
    }
    root_.remove("extends");
    bases_.clear();
}

std::vector<std::string> YamlFile::paths() const
{
    std::vector<std::string> paths;
    for (const Part& part : parts_)
        paths.push_back(part.path);
    return paths;
}

std::size_t YamlFile::part_at(int line) const
{
    const auto after = std::ranges::upper_bound(parts_, line, {}, &Part::first_line);
    return after == parts_.begin() ? 0 : static_cast<std::size_t>(after - parts_.begin()) - 1;
}

YamlFile::Place YamlFile::place(const YAML::Node& node) const
{
    const YAML::Mark mark = node.Mark();
    const std::size_t part = part_at(mark.line);
    return {part, mark.line - parts_[part].first_line + 1, mark.column + 1};
}

Problem YamlFile::problem(const YAML::Node& node, std::string code, std::string message, std::string hint) const
{
    const Place at = place(node);
    return {parts_[at.part].path, at.line, at.column, std::move(code), std::move(message), std::move(hint)};
}

std::optional<int> YamlFile::text_column(const YAML::Node& scalar) const
{
    const YAML::Mark mark = scalar.Mark();
    const Part& part = parts_[part_at(mark.line)];
    const int line = mark.line - part.first_line;
    if (line < 0 || static_cast<std::size_t>(line) >= part.lines.size())
        return std::nullopt;
    const std::size_t at = part.lines[static_cast<std::size_t>(line)] + static_cast<std::size_t>(mark.column);
    const std::string_view rest = std::string_view(part.text).substr(std::min(at, part.text.size()));
    const int quote = scalar.Tag() == "!" ? 1 : 0;
    if (rest.substr(std::min<std::size_t>(static_cast<std::size_t>(quote), rest.size())).starts_with(scalar.Scalar()))
        return mark.column + quote;
    return std::nullopt;
}

Problems yaml_problems(const std::string& path, const std::string& text)
{
    Problems problems;
    static_cast<void>(YamlFile::parse(path, text, problems));
    return problems;
}

}  // namespace headgate::mapping
