#include "gateway/tools/sample_tree.hpp"

#include <algorithm>

#include "core/ascii.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

constexpr std::size_t most_seen = 12;

void lay(SampleNode& onto, const Document& document, NodeIndex at)  // NOLINT(misc-no-recursion)
{
    const Node& node = document[at];
    const auto each_child = [&](const auto& visit) {
        for (const NodeIndex child : document.children(at))
            visit(child);
    };
    switch (node.kind) {
    case NodeKind::null: break;
    case NodeKind::list:
        onto.is_list = true;
        each_child([&](NodeIndex child) { lay(onto, document, child); });
        break;
    case NodeKind::object:
        onto.is_object = true;
        each_child([&](NodeIndex child) {
            auto known = std::ranges::find(onto.members, document[child].name, &SampleNode::name);
            if (known == onto.members.end()) {
                onto.members.emplace_back().name = std::string(document[child].name);
                known = onto.members.end() - 1;
            }
            lay(*known, document, child);
        });
        break;
    default:
        if (node.blank)
            break;
        onto.scalars.insert(node.kind);
        if (onto.seen.size() < most_seen)
            onto.seen.emplace(node.text);
    }
}

}  // namespace

std::string SampleNode::step() const
{
    const bool plain = !name.empty() && !is_digit(name.front()) && std::ranges::all_of(name, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || is_digit(letter) ||
               letter == '_';
    });
    if (plain)
        return "." + name;
    std::string quoted = ".";
    mapping::append_json_string(quoted, name);
    return quoted;
}

bool SampleNode::all_seen(bool (*fits)(std::string_view)) const
{
    return !seen.empty() && std::ranges::all_of(seen, [&](const std::string& text) { return fits(text); });
}

SampleNode tree_of(const std::vector<Document>& samples, const std::vector<NodeIndex>& starts)
{
    SampleNode root;
    for (std::size_t i = 0; i < samples.size(); ++i)
        lay(root, samples[i], i < starts.size() ? starts[i] : samples[i].root());
    return root;
}

bool reads_as_number(std::string_view text)
{
    if (text.starts_with('-'))
        text.remove_prefix(1);
    const auto dot = std::ranges::count(text, '.');
    return !text.empty() && is_digit(text.front()) && is_digit(text.back()) && dot <= 1 &&
           std::ranges::all_of(text, [](char letter) { return is_digit(letter) || letter == '.'; });
}

bool reads_as_integer(std::string_view text)
{
    return reads_as_number(text) && text.find('.') == std::string_view::npos;
}

bool reads_as_date(std::string_view text)
{
    return text.size() >= 10 && text[4] == '-' && text[7] == '-' && reads_as_integer(text.substr(0, 4)) &&
           reads_as_integer(text.substr(5, 2)) && reads_as_integer(text.substr(8, 2));
}

bool reads_as_instant(std::string_view text)
{
    return reads_as_date(text) && text.size() >= 17 && text[13] == ':' &&
           (text.ends_with('Z') || text.find_first_of("+-", 16) != std::string_view::npos);
}

}  // namespace headgate::gateway
