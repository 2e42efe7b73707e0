#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/document.hpp"
#include "core/envelope.hpp"
#include "core/result.hpp"
#include "core/system.hpp"
#include "core/transaction.hpp"
#include "gateway/configuration.hpp"
#include "gateway/replay_terms.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

/// Left of the bar: why a request is not accepted, as the sender hears it.
struct Refused {
    int status = 400;
    Failure failure;
    std::optional<std::chrono::seconds> retry_after;
};
template <class T>
using Intake = std::expected<T, Refused>;

/// After receive: a request for a channel that is open.
struct Received {
    const Channel* channel = nullptr;
    net::Request* request = nullptr;
    std::chrono::system_clock::time_point at;
};

/// After identify: everything that accept stores, and what the owner would otherwise have to make again.
struct Identified {
    const Channel* channel = nullptr;
    Envelope envelope;
    Digest digest{};                   // of the raw body, by body_digest
    std::optional<Document> document;  // of the body; nothing when it was not needed or does not decode
};

/// Right of the bar: one accepted event on its way. Owned by the owner until it is finished.
struct Event {
    Envelope envelope;   // with the body
    std::string stored;  // the envelope's bytes as accepted, for history
    std::optional<Document> document;
    Partition partition = 0;
    std::uint64_t seq = 0;
    std::uint64_t origin_seq = 0;
    const Channel* channel = nullptr;
    SharedTerms terms{};          // of a replay
    std::string_view left_out{};  // why nothing is made of it, where it is not the topic: a literal
    std::string said_topic{};     // what the body says happened, where that was not known when it was accepted

    /// What happened. Effect keys hold the envelope's, which stays what it was.
    [[nodiscard]] const std::string& topic() const { return said_topic.empty() ? envelope.topic : said_topic; }

    /// Roughly what it holds in memory, in bytes; a tree is counted by the text it was made of.
    [[nodiscard]] std::size_t weight() const
    {
        return sizeof(Event) + stored.size() + envelope.body.size() * (document ? 8U : 1U);
    }
};

static_assert(std::is_nothrow_move_constructible_v<Event>, "events are moved between queues, never copied");

/// After decode: the document and where in it the vendor's object starts.
struct Decoded {
    const Document* document = nullptr;
    NodeIndex root = 0;
    const Topic* topic = nullptr;
    bool nothing_at_document = false;  // the connector's `document:` is null in this body, and `root` is the body
};

/// After route: a transaction and one system it goes to.
struct Routed {
    Transaction transaction;
    std::string system;
    const CoalesceConfig* coalesce = nullptr;  // of the route
};

}  // namespace headgate::gateway
