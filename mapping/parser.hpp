#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/lexer.hpp"
#include "mapping/tree.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::mapping {

/// The names that `let`, `as` and `with` have bound where an expression stands.
struct Names {
    std::vector<std::pair<std::string, int>> bound;  // name, slot
    bool in_each = false;                            // `$index` means something
    [[nodiscard]] int find(std::string_view name) const;
};

/// What an expression is compiled against.
struct ParseContext {
    Program& program;
    const Names& names;
    const std::string* file = nullptr;
    int line = 1;
    int column = 1;
    bool exact_columns = true;                   // offsets in the text are columns of the file
    const Vocabularies* vocabularies = nullptr;  // null: tables that a call names are not looked for
    bool request = false;                        // may read what changes with every delivery
};

[[nodiscard]] Site site_of(const ParseContext& context, std::size_t offset);

/// Compiles one expression of `text` (kept by the program) from `from` on. It ends where the text does, or in a text
/// with insertions before the `}` whose end `end` gives. Throws SyntaxError.
[[nodiscard]] ExprPtr parse_expression(std::string_view text, std::size_t from, bool until_brace, std::size_t& end,
                                       const ParseContext& context);

}  // namespace headgate::mapping
