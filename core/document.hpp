#pragma once

#include <cstdint>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    NodeIndex next = no_node;    // the sibling after this one
    NodeIndex first = no_node;   // the first child of a list or object (always this index + 1 when there is one)
    std::uint32_t count = 0;     // children
    std::uint32_t place = 0;     // among the parent's children
    NodeKind kind = NodeKind::null;
    bool blank = false;  // a text of nothing but white space
};

[[nodiscard]] bool is_blank(std::string_view text);

/// An event's body as one tree, whatever the wire format was: a flat tape in document order, root at 0.
/// Owns or borrows its text: views stay valid while the document and the bytes it was decoded from live.
/// Immutable once built; reading may overlap.
class Document {
public:
    [[nodiscard]] bool empty() const { return nodes_.empty(); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Node& operator[](NodeIndex index) const { return nodes_[index]; }
    [[nodiscard]] NodeIndex root() const { return nodes_.empty() ? no_node : 0; }

    /// The member of an object by name; no_node when absent or when `object` is no object.
    [[nodiscard]] NodeIndex member(NodeIndex object, std::string_view name) const;
    /// The item of a list by place; negative counts from the end; no_node when out of range.
    [[nodiscard]] NodeIndex item(NodeIndex list, std::int64_t place) const;
    /// RFC 6901 pointer of a node, for failures and effect keys: "/line_items/0/price"; the root is "".
    [[nodiscard]] std::string pointer(NodeIndex index) const;

private:
    friend class DocumentBuilder;
    std::vector<Node> nodes_;
    std::forward_list<std::string> owned_;  // texts that do not stand in the source as they read
    std::shared_ptr<const void> source_;    // what borrowed views point into, if the builder was given it
};

/// How formats build a document: depth first, in document order. Calls that do not nest are bugs and assert.
class DocumentBuilder {
public:
    explicit DocumentBuilder(std::size_t expected_nodes = 64);

    /// Names the next value; for members of objects only.
    void name(std::string_view borrowed) { pending_name_ = borrowed; }
    void null();
    void boolean(bool value);
    void number(std::string_view borrowed_digits);
    void text(std::string_view borrowed);
    void open_list();
    void open_object();
    void close();
    /// Copies a text into the document and returns the view to hand to `name`, `text` or `number`.
    std::string_view own(std::string text);
    /// Keeps `source` alive as long as the document.
    void keep(std::shared_ptr<const void> source) { document_.source_ = std::move(source); }
    [[nodiscard]] std::size_t depth() const { return open_.size(); }

    Document finish() &&;

private:
    Node& add(NodeKind kind);
    struct Open {
        NodeIndex node;
        NodeIndex last_child;
    };
    Document document_;
    std::vector<Open> open_;
    std::string_view pending_name_;
};

}  // namespace headgate
