#pragma once

#include <cassert>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/same_text.hpp"

namespace headgate {

/// What a node of a document is. `text` and `number` keep their source text; nothing is converted on the way in.
enum class NodeKind : std::uint8_t { null, boolean, number, text, list, object };

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xffffffffU;

/// One value of a document. `text` is: the unescaped text of a text, the source digits of a number, "true" or "false".
struct Node {
    std::string_view name;       // the member's name when the parent is an object, else empty
    std::string_view text;       // scalars only
    NodeIndex parent = no_node;  // no_node for the root
    std::uint32_t children = 0;  // where the document's list of children begins to be about this node
    std::uint32_t count = 0;     // children
    std::uint32_t place = 0;     // among the parent's children
    NodeKind kind = NodeKind::null;
    bool blank = false;  // a text of nothing but white space
};

[[nodiscard]] inline bool is_blank(std::string_view text)
{
    for (const char letter : text)
        if (letter != ' ' && letter != '\t' && letter != '\r' && letter != '\n')
            return false;
    return true;
}

/// An event's body as one tree, whatever the wire format was: a flat tape in document order, root at 0.
/// Owns or borrows its text: views stay valid while the document and the bytes it was decoded from live.
/// Immutable once built; reading may overlap.
class Document {
public:
    [[nodiscard]] bool empty() const { return nodes_.empty(); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Node& operator[](NodeIndex index) const { return nodes_[index]; }
    [[nodiscard]] NodeIndex root() const { return nodes_.empty() ? no_node : 0; }

    /// The members of an object, the items of a list, nothing of a scalar; in document order.
    [[nodiscard]] std::span<const NodeIndex> children(NodeIndex index) const
    {
        return {children_.data() + nodes_[index].children, nodes_[index].count};
    }
    /// The member of an object by name; no_node when absent or when `object` is no object.
    [[nodiscard]] NodeIndex member(NodeIndex object, std::string_view name) const { return member(object, name, 0); }
    /// As above, for who asks many alike documents: looks at the place `guess` among the members first, and goes on
    /// behind it.
    [[nodiscard]] NodeIndex member(NodeIndex object, std::string_view name, std::uint32_t guess) const
    {
        if (object == no_node || nodes_[object].kind != NodeKind::object)
            return no_node;
        const auto members = children(object);
        if (guess < members.size() && same_text(nodes_[members[guess]].name, name))
            return members[guess];
        return search(members, name, guess);
    }
    /// The item of a list by place; negative counts from the end; no_node when out of range.
    [[nodiscard]] NodeIndex item(NodeIndex list, std::int64_t place) const;
    /// RFC 6901 pointer of a node, for failures and effect keys: "/line_items/0/price"; the root is "".
    [[nodiscard]] std::string pointer(NodeIndex index) const;

private:
    friend class DocumentBuilder;
    [[nodiscard]] NodeIndex search(std::span<const NodeIndex> members, std::string_view name, std::size_t from) const;
    std::vector<Node> nodes_;
    std::vector<NodeIndex> children_;       // of each list and object, one after the other
    std::forward_list<std::string> owned_;  // texts that do not stand in the source as they read
    std::shared_ptr<const void> source_;    // what borrowed views point into, if the builder was given it
};

/// How formats build a document: depth first, in document order. Calls that do not nest are bugs and assert. The names
/// of one object's members differ: the format sees to it.
class DocumentBuilder {
public:
    explicit DocumentBuilder(std::size_t expected_nodes = 64);

    /// Names the next value; for members of objects only.
    void name(std::string_view borrowed) { pending_name_ = borrowed; }
    void null();
    void boolean(bool value);
    void number(std::string_view borrowed_digits);
    void text(std::string_view borrowed)
    {
        Node& node = add(NodeKind::text);
        node.text = borrowed;
        node.blank = is_blank(borrowed);
    }
    void open_list();
    void open_object();
    void close();
    /// Copies a text into the document and returns the view to hand to `name`, `text` or `number`.
    std::string_view own(std::string text);
    /// Keeps `source` alive as long as the document.
    void keep(std::shared_ptr<const void> source) { document_.source_ = std::move(source); }
    [[nodiscard]] std::size_t depth() const { return open_.size(); }
    /// What is built so far; the innermost open list or object, and its children up to now.
    [[nodiscard]] const Document& document() const { return document_; }
    [[nodiscard]] NodeIndex open() const { return open_.back().node; }
    [[nodiscard]] std::span<const NodeIndex> open_children() const
    {
        return std::span(growing_).subspan(open_.back().children);
    }
    /// The sibling before the innermost open one; no_node when that is its parent's first child.
    [[nodiscard]] NodeIndex before_open() const
    {
        const auto [node, children] = open_.back();
        return document_[node].place == 0 ? no_node : growing_[children - 2];
    }
    /// RFC 6901 pointer of where the next value will stand, for failures.
    [[nodiscard]] std::string next_pointer() const;

    Document finish() &&;

private:
    struct Open {
        NodeIndex node;
        std::uint32_t children;  // where its children begin in `growing_`
    };
    Node& add(NodeKind kind)
    {
        const auto index = static_cast<NodeIndex>(document_.nodes_.size());
        assert((index == 0) == open_.empty() && "one root");
        Node& node = document_.nodes_.emplace_back();
        node.kind = kind;
        if (!open_.empty()) {
            node.parent = open_.back().node;
            node.name = pending_name_;
            node.place = static_cast<std::uint32_t>(growing_.size() - open_.back().children);
            growing_.push_back(index);
        }
        pending_name_ = {};
        return node;
    }
    Document document_;
    std::vector<Open> open_;
    std::vector<NodeIndex> growing_;  // the children of what is open, innermost last
    std::string_view pending_name_;
};

}  // namespace headgate
