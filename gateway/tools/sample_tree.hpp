#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"

namespace headgate::gateway {

/// What samples show of one place in a vendor's documents: all of them laid over each other.
struct SampleNode {
    std::string name;
    bool is_object = false;
    bool is_list = false;
    std::set<NodeKind> scalars;               // kinds of scalars that were seen
    std::set<std::string, std::less<>> seen;  // some of their texts
    std::deque<SampleNode> members;           // of the object, or of the list's items
    mutable bool used = false;

    /// `.name`, quoted where the language asks for it.
    [[nodiscard]] std::string step() const;
    [[nodiscard]] bool is_scalar() const { return !scalars.empty() && !is_object && !is_list; }
    [[nodiscard]] bool all_seen(bool (*fits)(std::string_view)) const;
};

/// `starts`: the node of each that is its top; none: their roots.
[[nodiscard]] SampleNode tree_of(const std::vector<Document>& samples, const std::vector<NodeIndex>& starts);

[[nodiscard]] bool reads_as_number(std::string_view text);
[[nodiscard]] bool reads_as_integer(std::string_view text);
/// `2026-11-02` and what may follow.
[[nodiscard]] bool reads_as_date(std::string_view text);
/// With a time of day and an offset.
[[nodiscard]] bool reads_as_instant(std::string_view text);

}  // namespace headgate::gateway
