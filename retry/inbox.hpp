#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/hash.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

enum class Claim : std::uint8_t {
    accepted,   // stored now, or by an earlier try with this very event id
    duplicate,  // the same key and the same digest came before, as the event named in the answer
    conflict,   // the same key came before with another digest; nothing was written, the caller decides
};

struct AcceptItem {
    EventId event;
    Hash16 key{};     // idempotency_hash(source, topic, key)
    Digest digest{};  // of the body: tells a duplicate from a conflict
    Partition partition = 0;
    std::chrono::seconds window{std::chrono::days(30)};  // how long the key is remembered; at least 1 s
    std::string envelope;                                // encode(Envelope)
};

struct AcceptAnswer {
    Claim claim = Claim::accepted;
    EventId event;              // the stored event: the caller's own when accepted
    Partition partition = 0;    // where the stored event went
    std::uint64_t seq = 0;      // its place in the arrival order of everything; 0: known, but its window has passed
    std::uint64_t ordinal = 0;  // it was the n-th accepted of its partition: the owner sees gaps by it; 0 like seq
};

/// The door to what has been accepted. What `accept` has answered survives the loss of this process and (at
/// appendfsync always) of Redis. What is ready in the same turn of the loop travels in as few calls as possible.
/// Calls may overlap, all on the connection's thread. Fails as a Redis command does: after `redis_no_answer` the same
/// item (same event id) may be given again and answers `accepted` with its first seq.
class Inbox {
public:
    Inbox(net::Redis& redis, const Scripts& scripts);
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;
    /// Items not yet sent fail with `redis_unavailable`; `redis` and `scripts` must outlive this and their replies.
    ~Inbox();

    Task<AcceptAnswer> accept(AcceptItem item);
    /// All of them, an answer each. When one fails others may be accepted all the same.
    Task<std::vector<AcceptAnswer>> accept(std::vector<AcceptItem> items);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace headgate::retry
