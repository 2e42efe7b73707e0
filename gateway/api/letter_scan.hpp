#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/async.hpp"
#include "gateway/api/means.hpp"
#include "mapping/expression.hpp"

namespace headgate::gateway::api {

// Letters found by what their documents say, which no index knows: the document of each that a filter leaves is read
// until there are enough, or for most of a second.

inline constexpr std::size_t usual_matches = 50;

/// The condition that a text of the mapping language is: `bad_filter`, which says the column, when it is none.
Result<mapping::Expression> scan_condition(std::string_view text);

struct ScanPage {
    std::vector<observability::LetterRow> letters;
    std::string next;              // cursor; "": all were looked at
    std::uint64_t scanned = 0;     // looked at
    std::uint64_t unreadable = 0;  // of them: that have no document, or on which the condition fails
};

/// Newest first, `filter.limit` matches at most. Of edited documents, what they are now.
Task<ScanPage> scan_letters(const Means& with, observability::LetterFilter filter,
                            const mapping::Expression& condition);

}  // namespace headgate::gateway::api
