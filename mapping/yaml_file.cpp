#include "mapping/yaml_file.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "core/config/tabs.hpp"

namespace headgate::mapping {

namespace {

void find_repeated(const YamlFile& file, const YAML::Node& node, int depth,
                   Problems& problems)  // NOLINT(misc-no-recursion)
{
    if (depth > 100) {
        problems.push_back(file.problem(node, "limit_depth", "the file is nested more than 100 deep", ""));
        return;
    }
    if (node.IsSequence())
        for (const auto& item : node)
            find_repeated(file, item, depth + 1, problems);
    if (!node.IsMap())
        return;
    std::set<std::string> names;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            problems.push_back(file.problem(entry.first, "wrong_value", "a key is a word", ""));
        else if (!names.insert(entry.first.Scalar()).second)
            problems.push_back(
                file.problem(entry.first, "repeated_key", "`" + entry.first.Scalar() + "` stands here twice", ""));
        find_repeated(file, entry.second, depth + 1, problems);
    }
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
    file.path_ = std::move(path);
    file.text_ = std::move(text);
    file.lines_.push_back(0);
    for (std::size_t i = 0; i < file.text_.size(); ++i)
        if (file.text_[i] == '\n')
            file.lines_.push_back(i + 1);
    try {
        const auto documents = YAML::LoadAll(file.text_);
        if (documents.size() > 1) {
            problems.push_back(file.problem(documents[1], "several_documents", "one file holds one YAML document", ""));
            return std::nullopt;
        }
        file.root_ = documents.empty() ? YAML::Node() : documents.front();
    } catch (const YAML::Exception& error) {
        if (auto tab = config::tab_problem(file.path_, file.text_, error.mark.line + 1, "yaml")) {
            problems.push_back(std::move(*tab));
            return std::nullopt;
        }
        problems.push_back({file.path_, error.mark.line + 1, error.mark.column + 1, "yaml", error.msg,
                            "a value that holds `: `, ` #` or starts with one of [ { \" ' * & ! % @ goes in quotes"});
        return std::nullopt;
    }
    const std::size_t before = problems.size();
    find_repeated(file, file.root_, 0, problems);
    if (problems.size() > before)
        return std::nullopt;
    return file;
}

YamlFile YamlFile::named(std::string path)
{
    YamlFile file;
    file.path_ = std::move(path);
    return file;
}

Problem YamlFile::problem(const YAML::Node& node, std::string code, std::string message, std::string hint) const
{
    const YAML::Mark mark = node.Mark();
    return {path_, mark.line + 1, mark.column + 1, std::move(code), std::move(message), std::move(hint)};
}

std::optional<int> YamlFile::text_column(const YAML::Node& scalar) const
{
    const YAML::Mark mark = scalar.Mark();
    if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= lines_.size())
        return std::nullopt;
    const std::size_t at = lines_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column);
    const std::string_view rest = std::string_view(text_).substr(std::min(at, text_.size()));
    const int quote = scalar.Tag() == "!" ? 1 : 0;
    if (rest.substr(std::min<std::size_t>(static_cast<std::size_t>(quote), rest.size())).starts_with(scalar.Scalar()))
        return mark.column + quote;
    return std::nullopt;
}

}  // namespace headgate::mapping
