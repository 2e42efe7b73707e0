#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"

namespace headgate::gateway {

/// A value of a document as compact JSON.
[[nodiscard]] std::string json_text(const Document& document, NodeIndex node);
/// JSON with a member or item a line. `text` is JSON.
[[nodiscard]] std::string pretty_json(std::string_view text);

/// A text as one YAML scalar that reads back as this text; plain where that is safe in either style.
[[nodiscard]] std::string yaml_scalar(std::string_view text);
/// A value as YAML lines, `indent` spaces deep. What fits in a line of 100 stands in flow style, as people write it.
[[nodiscard]] std::string yaml_lines(const Document& document, NodeIndex node, std::size_t indent);

/// A field whatever item of a list it is of: "lines.unit_price" of "lines[3].unit_price".
[[nodiscard]] std::string without_places(std::string_view field);

/// Where two documents differ.
struct Difference {
    std::string path;      // "lines[0].net.amount"
    std::string expected;  // JSON, or "nothing"
    std::string got;
};
/// In the order of `expected`; then what only `got` has. A member that is null is as good as none.
[[nodiscard]] std::vector<Difference> differences(const Document& expected, const Document& got);

}  // namespace headgate::gateway
