#include "core/document.hpp"

#include <algorithm>
#include <cassert>

namespace headgate {

bool is_blank(std::string_view text)
{
    for (const char letter : text)
        if (letter != ' ' && letter != '\t' && letter != '\r' && letter != '\n')
            return false;
    return true;
}

NodeIndex Document::member(NodeIndex object, std::string_view name) const
{
    if (object == no_node || nodes_[object].kind != NodeKind::object)
        return no_node;
    const char first = name.empty() ? '\0' : name.front();
    for (NodeIndex child = nodes_[object].first; child != no_node; child = nodes_[child].next) {
        const std::string_view here = nodes_[child].name;
        if (here.size() == name.size() && (name.empty() || (here.front() == first && here == name)))
            return child;
    }
    return no_node;
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
    NodeIndex child = nodes_[list].first;
    for (; place > 0; --place)
        child = nodes_[child].next;
    return child;
}

std::string Document::pointer(NodeIndex index) const
{
    std::vector<std::string> steps;
    for (NodeIndex at = index; at != no_node && nodes_[at].parent != no_node; at = nodes_[at].parent) {
        const Node& parent = nodes_[nodes_[at].parent];
        std::string step;
        if (parent.kind == NodeKind::object) {
            for (const char letter : nodes_[at].name) {
                if (letter == '~')
                    step += "~0";
                else if (letter == '/')
                    step += "~1";
                else
                    step += letter;
            }
        } else {
            step = std::to_string(nodes_[at].place);
        }
        steps.push_back(std::move(step));
    }
    std::string text;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step)
        text.append("/").append(*step);
    return text;
}

DocumentBuilder::DocumentBuilder(std::size_t expected_nodes)
{
    document_.nodes_.reserve(expected_nodes);
}

Node& DocumentBuilder::add(NodeKind kind)
{
    const auto index = static_cast<NodeIndex>(document_.nodes_.size());
    Node& node = document_.nodes_.emplace_back();
    node.kind = kind;
    if (!open_.empty()) {
        Open& open = open_.back();
        node.parent = open.node;
        node.name = pending_name_;
        Node& parent = document_.nodes_[open.node];
        if (open.last_child == no_node)
            parent.first = index;
        else
            document_.nodes_[open.last_child].next = index;
        node.place = parent.count++;
        open.last_child = index;
    } else {
        assert(index == 0 && "one root");
    }
    pending_name_ = {};
    return node;
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
void DocumentBuilder::text(std::string_view borrowed)
{
    Node& node = add(NodeKind::text);
    node.text = borrowed;
    node.blank = is_blank(borrowed);
}

void DocumentBuilder::open_list()
{
    add(NodeKind::list);
    open_.push_back({static_cast<NodeIndex>(document_.nodes_.size() - 1), no_node});
}

void DocumentBuilder::open_object()
{
    add(NodeKind::object);
    open_.push_back({static_cast<NodeIndex>(document_.nodes_.size() - 1), no_node});
}

void DocumentBuilder::close()
{
    assert(!open_.empty());
    open_.pop_back();
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
