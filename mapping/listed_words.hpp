#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/problem.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::mapping {

/// A field with a closed list that a `lookup` fills and nothing else does.
struct ListedField {
    const Vocabulary* table;
    const std::vector<std::string>* words;
    bool falls_back;  // the call names no default, so the table's counts
};

/// What the table's own file gives the field, or with a channel the file that lies over it for that channel, and its
/// list has not: `not_in_list`, each where it stands. Reads the file again to find that.
[[nodiscard]] Problems not_listed(const ListedField& field, std::string_view channel, std::string_view mapping);

}  // namespace headgate::mapping
