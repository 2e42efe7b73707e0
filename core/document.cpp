#include "core/document.hpp"

#include <algorithm>
#include <cassert>

namespace headgate {

NodeIndex Document::search(std::span<const NodeIndex> members, std::string_view name, std::size_t from) const
{
    const auto among = [&](std::span<const NodeIndex> some) {
        for (const NodeIndex member : some)
            if (same_text(nodes_[member].name, name))
                return member;
        return no_node;
    };
    from = from < members.size() ? from : 0;
    const NodeIndex behind = among(members.subspan(from));
    return behind != no_node ? behind : among(members.first(from));
}

NodeIndex Document::item(NodeIndex list, std::int64_t place) const
{
    if (list == no_node || nodes_[list].kind != NodeKind::list)
        return no_node;
    const std::int64_t count = nodes_[list].count;
    if (place < 0)
        place += count;
    if (place < 0 || place >= count)
        return no_node;
    return children(list)[static_cast<std::size_t>(place)];
}

namespace {

void append_step(std::string& pointer, std::string_view name)
{
    pointer += '/';
    for (const char letter : name) {
        if (letter == '~')
            pointer += "~0";
        else if (letter == '/')
            pointer += "~1";
        else
            pointer += letter;
    }
}

}  // namespace

std::string Document::pointer(NodeIndex index) const
{
    std::vector<NodeIndex> way;
    for (NodeIndex at = index; at != no_node && nodes_[at].parent != no_node; at = nodes_[at].parent)
        way.push_back(at);
    std::string text;
    for (auto at = way.rbegin(); at != way.rend(); ++at) {
        if (nodes_[nodes_[*at].parent].kind == NodeKind::object)
            append_step(text, nodes_[*at].name);
        else
            append_step(text, std::to_string(nodes_[*at].place));
    }
    return text;
}

DocumentBuilder::DocumentBuilder(std::size_t expected_nodes)
{
    document_.nodes_.reserve(expected_nodes);
    document_.children_.reserve(expected_nodes);
    open_.reserve(8);
    growing_.reserve(128);
}

void DocumentBuilder::null()
{
    add(NodeKind::null);
}
void DocumentBuilder::boolean(bool value)
{
    add(NodeKind::boolean).text = value ? "true" : "false";
}
void DocumentBuilder::number(std::string_view digits)
{
    add(NodeKind::number).text = digits;
}
void DocumentBuilder::open_list()
{
    add(NodeKind::list);
    open_.push_back({static_cast<NodeIndex>(document_.nodes_.size() - 1), static_cast<std::uint32_t>(growing_.size())});
}

void DocumentBuilder::open_object()
{
    add(NodeKind::object);
    open_.push_back({static_cast<NodeIndex>(document_.nodes_.size() - 1), static_cast<std::uint32_t>(growing_.size())});
}

void DocumentBuilder::close()
{
    assert(!open_.empty());
    const auto [index, from] = open_.back();
    Node& node = document_.nodes_[index];
    node.children = static_cast<std::uint32_t>(document_.children_.size());
    node.count = static_cast<std::uint32_t>(growing_.size() - from);
    document_.children_.insert(document_.children_.end(), growing_.begin() + from, growing_.end());
    growing_.resize(from);
    open_.pop_back();
}

std::string DocumentBuilder::next_pointer() const
{
    if (open_.empty())
        return {};
    std::string text = document_.pointer(open_.back().node);
    if (document_[open_.back().node].kind == NodeKind::object)
        append_step(text, pending_name_);
    else
        append_step(text, std::to_string(open_children().size()));
    return text;
}

std::string_view DocumentBuilder::own(std::string text)
{
    return document_.owned_.emplace_front(std::move(text));
}

Document DocumentBuilder::finish() &&
{
    assert(open_.empty());
    return std::move(document_);
}

}  // namespace headgate
