#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/lease.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// The slow path: deliveries that did not end well at the first try, and the lanes they stand in. An event is placed
/// with all of its deliveries; each is then taken, sent and resolved until it has ended.
///
/// Every call is fenced by the lease's token: transient `lease_lost` when another holds the partition or the time is
/// up, and then nothing was written. Else fails as a Redis command does; after `redis_no_answer` each call may be
/// repeated as it was, and says what that means. Items ready in the same turn of the loop travel together.
/// Calls may overlap, all on the connection's thread.
class Deliveries {
public:
    Deliveries(net::Redis& redis, const Scripts& scripts, const Lease& lease);
    Deliveries(const Deliveries&) = delete;
    Deliveries& operator=(const Deliveries&) = delete;
    /// Items not yet sent fail with `redis_unavailable`; the references must outlive this and their replies.
    ~Deliveries();

    /// The event leaves the backlog in one step. A delivery that would have a lane which another one has in Redis waits
    /// in it instead, whatever is said of it. Again: `gone` means done.
    Task<Placed> place(Placement placement);
    /// Counted and durable before the first byte is sent. Again, with the attempts before: the same answer.
    Task<Taken> take(Take take);
    /// Compare-and-set on state and attempts. Again: `late` means done, or overtaken.
    Task<Resolved> resolve(Resolution resolution);
    /// Bodies that are in history leave Redis; how many bytes those were that went. The body of an event stays that is
    /// not open (any more), or was edited. May be repeated.
    Task<std::uint64_t> spill(Spilling spilling);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace headgate::retry
