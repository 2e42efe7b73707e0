#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/document.hpp"

namespace headgate::mapping {

/// All that an expression may see of one event. Borrows everything: it must outlive the call it is handed to.
struct MappingContext {
    const Document& document;
    NodeIndex root = 0;  // where `.` and `$doc` start: a vendor may wrap the object that matters
    std::span<const std::pair<std::string, std::string>> headers{};  // names in lower case
    std::string_view event_id{};
    std::string_view topic{};
    std::string_view received_at{};
    std::string_view channel_name{};
    std::string_view channel_zone{};  // "UTC", "+02:00" or an IANA name; empty: times must carry their offset
};

}  // namespace headgate::mapping
