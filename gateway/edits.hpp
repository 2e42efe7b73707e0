#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"
#include "core/result.hpp"

namespace headgate::gateway {

/// One change that a person makes to the document of a letter. What arrived stays as it is, and this beside it.
struct Edit {
    enum class Op {
        set,      // the member or item is this value; added when it is not there ("-" or the next place: a list's end)
        replace,  // the same of one that is there
        remove,   // it is not there any more: `delete`
    };
    Op op = Op::set;
    std::string path;   // RFC 6901: "/line_items/0/sku"
    std::string value;  // JSON, digits as they were written
};

/// Of a JSON list of {"op", "path", "value"}; other members are let be. `bad_edit` says what is wrong with which.
Result<std::vector<Edit>> read_edits(std::string_view json);

/// Behind what is there already (a JSON list or ""), with who made them, why and when: what an envelope keeps.
[[nodiscard]] std::string with_more(std::string_view edits, const std::vector<Edit>& more, std::string_view who,
                                    std::string_view why, std::string_view at);

/// The document as JSON with the edits made, one after the other. `edit_impossible` (permanent) says which cannot be.
Result<std::string> edited(const Document& document, const std::vector<Edit>& edits);

}  // namespace headgate::gateway
