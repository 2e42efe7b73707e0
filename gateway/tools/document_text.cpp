#include "gateway/tools/document_text.hpp"

#include <algorithm>
#include <array>

#include "core/ascii.hpp"
#include "gateway/tools/yaml.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

constexpr std::size_t widest = 100;

void append(std::string& out, const Document& document, NodeIndex at)  // NOLINT(misc-no-recursion)
{
    const Node& node = document[at];
    const auto each_child = [&](const auto& visit) {
        for (const NodeIndex child : document.children(at)) {
            if (document[child].place > 0)
                out += ',';
            visit(child);
        }
    };
    switch (node.kind) {
    case NodeKind::null: out += "null"; break;
    case NodeKind::boolean:
    case NodeKind::number: out += node.text; break;
    case NodeKind::text: mapping::append_json_string(out, node.text); break;
    case NodeKind::list:
        out += '[';
        each_child([&](NodeIndex child) { append(out, document, child); });
        out += ']';
        break;
    case NodeKind::object:
        out += '{';
        each_child([&](NodeIndex child) {
            mapping::append_json_string(out, document[child].name);
            out += ':';
            append(out, document, child);
        });
        out += '}';
        break;
    }
}

bool is_plain_text(std::string_view text)
{
    constexpr std::array<std::string_view, 11> words{"true", "false", "null", "~", "yes", "no",
                                                     "on",   "off",   "y",    "n", ""};
    const std::string small = lower(text);
    if (std::ranges::find(words, small) != words.end() || text.ends_with(' '))
        return false;
    const auto is_letter = [](unsigned char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter >= 0x80;
    };
    // Behind a first letter nothing reads as a number; a digit first is safe once a letter shows that it is no number.
    const bool numeric = text.front() >= '0' && text.front() <= '9';
    if (!is_letter(static_cast<unsigned char>(text.front())) && !numeric)
        return false;
    if (numeric && std::ranges::none_of(text, [&](char letter) {
            return is_letter(static_cast<unsigned char>(letter)) &&
                   std::string_view("eExXoOZT").find(letter) == std::string_view::npos;
        }))
        return false;
    return std::ranges::all_of(text, [&](unsigned char letter) {
        return is_letter(letter) || (letter >= '0' && letter <= '9') ||
               std::string_view(" _-./+@()").find(static_cast<char>(letter)) != std::string_view::npos;
    });
}

std::string scalar(const Node& node)
{
    return node.kind == NodeKind::text   ? yaml_scalar(node.text)
           : node.kind == NodeKind::null ? "null"
                                         : std::string(node.text);
}

std::string flow(const Document& document, NodeIndex at)  // NOLINT(misc-no-recursion)
{
    const Node& node = document[at];
    if (node.kind != NodeKind::list && node.kind != NodeKind::object)
        return scalar(node);
    if (node.count == 0)
        return node.kind == NodeKind::list ? "[]" : "{}";
    std::string out = node.kind == NodeKind::list ? "[" : "{ ";
    for (const NodeIndex child : document.children(at)) {
        if (document[child].place > 0)
            out += ", ";
        if (node.kind == NodeKind::object)
            out += yaml_scalar(document[child].name) + ": ";
        out += flow(document, child);
    }
    return out + (node.kind == NodeKind::list ? "]" : " }");
}

bool holds_list(const Document& document, NodeIndex at)  // NOLINT(misc-no-recursion)
{
    for (const NodeIndex child : document.children(at))
        if ((document[child].kind == NodeKind::list && document[child].count > 0) || holds_list(document, child))
            return true;
    return false;
}

/// A value in one line: a scalar, a short list of scalars, an object without lists.
bool fits(const Document& document, NodeIndex at, std::size_t before)
{
    const Node& node = document[at];
    if ((node.kind != NodeKind::list && node.kind != NodeKind::object) || node.count == 0)
        return true;
    if (holds_list(document, at))
        return false;
    if (node.kind == NodeKind::list)
        for (const NodeIndex child : document.children(at))
            if (document[child].kind == NodeKind::object)
                return false;
    return before + flow(document, at).size() <= widest;
}

void lines(std::string& out, const Document& document, NodeIndex at, std::size_t indent)  // NOLINT(misc-no-recursion)
{
    const Node& node = document[at];
    const std::string space(indent, ' ');
    for (const NodeIndex child : document.children(at)) {
        const std::string key = node.kind == NodeKind::list ? "-" : yaml_scalar(document[child].name) + ":";
        if (fits(document, child, indent + key.size() + 1)) {
            out.append(space).append(key).append(" ").append(flow(document, child)).append("\n");
        } else if (node.kind == NodeKind::list) {
            const std::size_t begin = out.size();
            lines(out, document, child, indent + 2);
            out[begin + indent] = '-';  // in the indentation of the item's first line
        } else {
            out.append(space).append(key).append("\n");
            lines(out, document, child, indent + 2);
        }
    }
}

std::string shown(const Document& document, NodeIndex node)
{
    if (node == no_node || document[node].kind == NodeKind::null)
        return "nothing";
    constexpr std::size_t longest = 200;
    std::string text = json_text(document, node);
    if (text.size() <= longest)
        return text;
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end) + "…";
}

std::string member_path(const std::string& path, std::string_view name)
{
    return path.empty() ? std::string(name) : path + "." + std::string(name);
}

class Comparison {
public:
    Comparison(const Document& expected, const Document& got) : expected_(expected), got_(got) {}

    std::vector<Difference> differences()
    {
        compare("", expected_.root(), got_.root());
        return std::move(found_);
    }

private:
    void compare(const std::string& path, NodeIndex expected, NodeIndex got)  // NOLINT(misc-no-recursion)
    {
        const NodeKind wanted = kind(expected_, expected);
        if (wanted != kind(got_, got)) {
            differ(path, expected, got);
        } else if (wanted == NodeKind::object) {
            for (const NodeIndex child : expected_.children(expected))
                compare(member_path(path, expected_[child].name), child, got_.member(got, expected_[child].name));
            for (const NodeIndex child : got_.children(got))
                if (expected_.member(expected, got_[child].name) == no_node)
                    compare(member_path(path, got_[child].name), no_node, child);
        } else if (wanted == NodeKind::list) {
            const auto most = std::max(expected_[expected].count, got_[got].count);
            for (std::uint32_t i = 0; i < most; ++i)
                compare(path + "[" + std::to_string(i) + "]", expected_.item(expected, i), got_.item(got, i));
        } else if (wanted != NodeKind::null && expected_[expected].text != got_[got].text) {
            differ(path, expected, got);
        }
    }

    static NodeKind kind(const Document& document, NodeIndex node)
    {
        return node == no_node ? NodeKind::null : document[node].kind;
    }

    void differ(const std::string& path, NodeIndex expected, NodeIndex got)
    {
        found_.push_back({path, shown(expected_, expected), shown(got_, got)});
    }

    const Document& expected_;
    const Document& got_;
    std::vector<Difference> found_;
};

}  // namespace

std::string json_text(const Document& document, NodeIndex node)
{
    std::string out;
    append(out, document, node);
    return out;
}

std::string pretty_json(std::string_view text)
{
    std::string out;
    std::size_t depth = 0;
    bool in_text = false;
    const auto new_line = [&] { out.append("\n").append(depth * 2, ' '); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        if (in_text) {
            out += letter;
            if (letter == '\\')
                out += text[++i];
            in_text = letter != '"';
            continue;
        }
        switch (letter) {
        case '"':
            out += letter;
            in_text = true;
            break;
        case '[':
        case '{':
            out += letter;
            if (i + 1 < text.size() && (text[i + 1] == ']' || text[i + 1] == '}')) {
                out += text[++i];
                break;
            }
            ++depth;
            new_line();
            break;
        case ']':
        case '}':
            --depth;
            new_line();
            out += letter;
            break;
        case ',':
            out += letter;
            new_line();
            break;
        case ':': out += ": "; break;
        default: out += letter;
        }
    }
    return out;
}

std::string yaml_scalar(std::string_view text)
{
    if (is_plain_text(text))
        return std::string(text);
    std::string quoted;
    mapping::append_json_string(quoted, text);
    return quoted;
}

std::string yaml_lines(const Document& document, NodeIndex node, std::size_t indent)
{
    std::string out;
    lines(out, document, node, indent);
    return out;
}

std::string without_places(std::string_view field)
{
    std::string kept;
    bool inside = false;
    for (const char letter : field) {
        inside = letter == '[' || (inside && letter != ']');
        if (!inside && letter != ']')
            kept += letter;
    }
    return kept;
}

std::vector<Difference> differences(const Document& expected, const Document& got)
{
    return Comparison(expected, got).differences();
}

}  // namespace headgate::gateway
