#include "gateway/tools/format.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "connectors/connector.hpp"
#include "gateway/config.hpp"
#include "gateway/tools/yaml.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text)
{
    Lines lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

std::size_t indent_of(std::string_view line)
{
    return std::min(line.find_first_not_of(' '), line.size());
}

bool is_blank_line(std::string_view line)
{
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

bool is_comment(std::string_view line)
{
    const auto first = line.find_first_not_of(' ');
    return first != std::string_view::npos && line[first] == '#';
}

/// Whether a line ends in `|` or `>`: what follows is text, line by line.
bool opens_block_scalar(std::string_view line)
{
    if (const auto comment = line.find(" #"); comment != std::string_view::npos)
        line = line.substr(0, comment);
    while (!line.empty() && std::string_view(" \t\r+-123456789").find(line.back()) != std::string_view::npos)
        line.remove_suffix(1);
    return (line.ends_with('|') || line.ends_with('>')) && line.size() > 1 && line[line.size() - 2] == ' ';
}

/// The file is written in a way whose indentation this does not touch.
struct LeftAlone {};

/// Where each line that starts an entry is to stand.
class Indentation {
public:
    Indentation(const Lines& lines, const YAML::Node& root) : lines_(lines), column_(lines.size())
    {
        visit(root, 0);
        for (std::size_t i = 0; i < lines.size(); ++i)
            if (column_[i] && opens_block_scalar(lines[i]) && says_indentation(lines[i]))
                throw LeftAlone{};
    }

    Lines apply() const
    {
        Lines out;
        for (std::size_t i = 0; i < lines_.size();) {
            if (!column_[i]) {
                out.push_back(is_blank_line(lines_[i]) ? ""
                              : is_comment(lines_[i])  ? std::string(comment_column(i), ' ') + rest_of(i)
                                                       : lines_[i]);
                ++i;
                continue;
            }
            const auto shift = static_cast<long>(*column_[i]) - static_cast<long>(indent_of(lines_[i]));
            const std::size_t end = end_of_entry(i);
            out.push_back(std::string(*column_[i], ' ') + without_gap(rest_of(i)));
            for (++i; i < end; ++i)
                out.push_back(moved(lines_[i], shift));
        }
        return out;
    }

private:
    static bool says_indentation(std::string_view line)
    {
        const auto mark = line.find_last_of("|>");
        return line.find_first_of("123456789", mark) != std::string_view::npos;
    }

    static bool is_block(const YAML::Node& node)
    {
        return (node.IsMap() || node.IsSequence()) && node.size() > 0 && node.Style() != YAML::EmitterStyle::Flow;
    }

    /// The line and column where what is written of a node starts.
    static YAML::Mark start(const YAML::Node& node)
    {
        if (node.IsMap() && node.size() > 0 && node.Style() != YAML::EmitterStyle::Flow)
            return node.begin()->first.Mark();
        return node.Mark();
    }

    void visit(const YAML::Node& node, std::size_t column)  // NOLINT(misc-no-recursion)
    {
        if (!is_block(node))
            return;
        if (node.IsMap()) {
            for (const auto& entry : node) {
                const auto line = line_of(entry.first.Mark());
                if (!entry.first.IsScalar() || rest_of(line).starts_with('?'))
                    throw LeftAlone{};
                if (indent_of(lines_[line]) == static_cast<std::size_t>(entry.first.Mark().column))
                    column_[line] = column;
                if (is_block(entry.second) && start(entry.second).line >= entry.first.Mark().line)  // else an alias
                    visit(entry.second, column + 2);
            }
            return;
        }
        for (const auto& item : node) {
            const auto line = line_of(start(item));
            if (item.IsSequence() && is_block(item))
                throw LeftAlone{};
            if (!rest_of(line).starts_with('-'))
                throw LeftAlone{};
            column_[line] = column;
            visit(item, column + 2);
        }
    }

    std::size_t line_of(const YAML::Mark& mark) const
    {
        if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= lines_.size())
            throw LeftAlone{};
        return static_cast<std::size_t>(mark.line);
    }

    /// A line without what stands before its first letter.
    std::string rest_of(std::size_t line) const
    {
        std::string rest = lines_[line].substr(indent_of(lines_[line]));
        const bool is_text = column_[line] && opens_block_scalar(rest);
        if (!is_text || rest.find('#') == std::string::npos)
            rest.resize(rest.find_last_not_of(" \t\r") + 1);
        return rest;
    }

    /// `-   item` is `- item`.
    static std::string without_gap(std::string rest)
    {
        if (rest.starts_with("- "))
            if (const auto item = rest.find_first_not_of(' ', 1); item != std::string::npos && rest[item] != '#')
                rest.erase(2, item - 2);
        return rest;
    }

    /// Behind the last line that goes on what starts in `line`: text of a block scalar, or a value of several lines.
    std::size_t end_of_entry(std::size_t line) const
    {
        std::size_t next = line + 1;
        while (next < lines_.size() && !column_[next])
            ++next;
        std::size_t end = line + 1;
        const bool text = opens_block_scalar(lines_[line]);
        for (std::size_t i = line + 1; i < next; ++i) {
            const bool belongs = text ? !is_blank_line(lines_[i]) && indent_of(lines_[i]) > indent_of(lines_[line])
                                      : !is_blank_line(lines_[i]) && !is_comment(lines_[i]) &&
                                            !lines_[i].starts_with("---") && !lines_[i].starts_with("...");
            if (belongs)
                end = i + 1;
        }
        return end;
    }

    static std::string moved(const std::string& line, long shift)
    {
        if (is_blank_line(line))
            return "";
        if (shift >= 0)
            return std::string(static_cast<std::size_t>(shift), ' ') + line;
        return line.substr(std::min(indent_of(line), static_cast<std::size_t>(-shift)));
    }

    /// A comment goes with the nearest entry it stands in line with: the next one, else one before.
    std::size_t comment_column(std::size_t line) const
    {
        const std::size_t own = indent_of(lines_[line]);
        const auto in_line = [&](std::size_t other) { return column_[other] && indent_of(lines_[other]) == own; };
        std::size_t next = line;
        while (next < lines_.size() && !column_[next])
            ++next;
        if (next < lines_.size() && in_line(next))
            return *column_[next];
        for (std::size_t before = line; before-- > 0;)
            if (in_line(before))
                return *column_[before];
        return next < lines_.size() ? *column_[next] : own;
    }

    const Lines& lines_;
    std::vector<std::optional<std::size_t>> column_;
};

std::vector<std::string> top_of(const std::string& reference)
{
    std::vector<std::string> keys;
    for (const auto& line : lines_of(reference)) {
        std::string key = line.substr(0, line.find_first_of(".[\t"));
        if (keys.empty() || keys.back() != key)
            keys.push_back(std::move(key));
    }
    return keys;
}

/// The order of keys at the top, by groups: those of one group stay as they are.
std::vector<std::vector<std::string>> order_of(FileKind kind)
{
    const auto each_alone = [](const std::vector<std::string>& keys) {
        std::vector<std::vector<std::string>> groups;
        for (const auto& key : keys)
            groups.push_back({key});
        return groups;
    };
    switch (kind) {
    case FileKind::headgate: {
        DeploymentConfig config;
        return each_alone(top_of(config::reference([&](config::Schema& keys) { config.describe(keys); })));
    }
    case FileKind::connector: {
        connectors::ConnectorConfig config;
        return each_alone(top_of(config::reference([&](config::Schema& keys) { config.describe(keys); })));
    }
    case FileKind::mapping:  // names of a `let` that makes the identity are read better before it
        return {{"extends"}, {"name"},        {"transaction"}, {"topics"},
                {"each"},    {"as"},          {"when"},        {"entity", "id", "version", "depends_on", "let"},
                {"fields"},  {"transactions"}};
    case FileKind::fragment: return each_alone({"let", "fields"});
    case FileKind::vocabulary: return each_alone({"version", "unmapped", "entries", "rules", "factors", "items"});
    case FileKind::case_file:
        return each_alone({"description", "input", "topic", "zone", "channel", "headers", "expect", "expect_failure"});
    case FileKind::entries:
    case FileKind::other: return {};
    }
    return {};
}

/// Puts the keys at the top into order; what stands above a key goes with it, but for what stands above the first.
Lines in_order(const Lines& lines, const YAML::Node& root, const std::vector<std::vector<std::string>>& order)
{
    if (!root.IsMap() || root.Style() == YAML::EmitterStyle::Flow || order.empty())
        return lines;
    struct Part {
        std::size_t rank;
        std::size_t begin;
        std::size_t end;
    };
    std::vector<Part> parts;
    for (const auto& entry : root) {
        const auto rank =
            std::ranges::find_if(
                order, [&](const auto& group) { return std::ranges::count(group, entry.first.Scalar()) > 0; }) -
            order.begin();
        auto begin = static_cast<std::size_t>(entry.first.Mark().line);
        if (entry.first.Mark().column != 0 || (!parts.empty() && begin <= parts.back().begin))
            return lines;  // an alias, or keys in one line
        while (!parts.empty() && begin - 1 > parts.back().begin &&
               (is_blank_line(lines[begin - 1]) || lines[begin - 1].starts_with('#')))
            --begin;
        if (!parts.empty())
            parts.back().end = begin;
        parts.push_back({static_cast<std::size_t>(rank), begin, lines.size()});
    }
    if (parts.empty() || std::ranges::is_sorted(parts, {}, &Part::rank))
        return lines;
    Lines out(lines.begin(), lines.begin() + static_cast<long>(parts.front().begin));
    const std::size_t head = out.size();
    std::ranges::stable_sort(parts, {}, &Part::rank);
    for (const auto& part : parts)
        for (std::size_t i = part.begin; i < part.end; ++i)
            if (out.size() > head || !is_blank_line(lines[i]))
                out.push_back(lines[i]);
    return out;
}

std::string joined(const Lines& lines)
{
    std::string text;
    for (const auto& line : lines)
        text.append(line).append("\n");
    while (text.ends_with("\n\n"))
        text.pop_back();
    return text;
}

/// The text, when it still means the same.
std::optional<std::string> if_same(const std::string& file, const YAML::Node& before, std::string text)
{
    Problems ignored;
    const auto after = load_yaml(file, text, ignored);
    if (after && same_yaml(before, *after))
        return text;
    return std::nullopt;
}

}  // namespace

FileKind kind_of_file(const std::string& path)
{
    std::vector<std::string> names;
    for (const auto& part : fs::path(path).lexically_normal())
        names.push_back(part.string());
    const auto up = [&](std::size_t levels) { return names.size() > levels ? names[names.size() - 1 - levels] : ""; };
    if (!up(0).ends_with(".yaml"))
        return FileKind::other;
    if (up(0) == "headgate.yaml")
        return FileKind::headgate;
    if (up(0) == "connector.yaml")
        return FileKind::connector;
    if (up(1) == "fragments" && up(2) == "mappings")
        return FileKind::fragment;
    if (up(1) == "mappings")
        return FileKind::mapping;
    if (up(1) == "vocabularies" || up(2) == "vocabularies")
        return FileKind::vocabulary;
    if (up(1) == "cases")
        return FileKind::case_file;
    return up(1) == "channels" || up(1) == "systems" ? FileKind::entries : FileKind::other;
}

std::expected<std::string, Problems> formatted(const std::string& file, const std::string& text, FileKind kind)
{
    Problems problems;
    const auto root = load_yaml(file, text, problems);
    if (!root)
        return std::unexpected(std::move(problems));
    Lines lines = lines_of(text);
    try {
        lines = Indentation(lines, *root).apply();
    } catch (const LeftAlone&) {
        for (auto& line : lines)
            line.resize(line.find_last_not_of(" \t\r") + 1);
    }
    auto made = if_same(file, *root, joined(lines));
    if (!made)
        return std::unexpected(
            Problems{{file, 0, 0, "would_change", "formatted, the file would mean something else; it is left as it is",
                      "please report it, and format it by hand"}});
    if (const auto again = load_yaml(file, *made, problems))
        if (auto ordered = if_same(file, *root, joined(in_order(lines_of(*made), *again, order_of(kind)))))
            return *ordered;  // an anchor must stand before its aliases: then the order stays
    return *made;
}

std::vector<std::string> yaml_files(const std::string& path)
{
    std::error_code error;
    if (!fs::is_directory(path, error))
        return {path};
    std::vector<std::string> files;
    for (auto entry = fs::recursive_directory_iterator(path, error); entry != fs::recursive_directory_iterator();
         entry.increment(error)) {
        if (error)
            break;
        const bool hidden = entry->path().filename().string().starts_with('.');
        std::error_code unknown;  // of a link that leads to itself, which reading it will tell
        if (hidden && entry->is_directory(unknown))
            entry.disable_recursion_pending();
        else if (!hidden && (entry->is_regular_file(unknown) || unknown) &&
                 kind_of_file(entry->path()) != FileKind::other)
            files.push_back(entry->path());
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace headgate::gateway
