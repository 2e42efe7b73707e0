#pragma once

#include "gateway/stages/types.hpp"
#include "retry/inbox.hpp"

namespace headgate::gateway {

/// What the sender is told, and what goes on.
struct Accepted {
    EventId event;            // the stored one
    bool duplicate = false;   // it was known: nothing was written
    bool conflict = false;    // the key was known with another body: accepted as an event of its own
    Partition partition = 0;  // of the stored event
    std::uint64_t seq = 0;
    std::uint64_t ordinal = 0;
    std::optional<Event> fresh;  // what the owner works on next
};

/// Claims the key, stores the event and enqueues it in one step; answered after the write is as durable as the
/// deployment asks. The same key with another body is stored again under H(key, digest), once however often it comes,
/// and the guard decides by version. 503 when Redis does not answer: the sender tries again with the same key.
asio::awaitable<Intake<Accepted>> accept(retry::Inbox& inbox, Identified identified);

}  // namespace headgate::gateway
