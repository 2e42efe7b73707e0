#pragma once

#include <string>

#include "gateway/stages/types.hpp"
#include "mapping/context.hpp"

namespace headgate::gateway {

/// What expressions see of an accepted event: the document from `root` on, headers, event and channel. Borrows the
/// event, and itself where it stands: it is neither copied nor moved.
struct EventContext {
    EventContext(const Event& event, const Document& document, NodeIndex root);
    EventContext(const EventContext&) = delete;
    EventContext& operator=(const EventContext&) = delete;

    std::string id;
    std::string received_at;
    mapping::MappingContext seen;
};

}  // namespace headgate::gateway
