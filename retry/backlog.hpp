#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/guard.hpp"
#include "retry/lease.hpp"
#include "retry/letter.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// An accepted event that waits for its owner.
struct BacklogEntry {
    EventId event;
    std::uint64_t seq = 0;
    std::uint64_t origin_seq = 0;         // of the first acceptance; equals seq but after a replay
    std::optional<std::string> envelope;  // nothing: its body is not in Redis (I3 broken, or in history)
};

struct Reservation {
    Partition partition = 0;
    std::uint64_t upto = 0;  // seq
};

/// All deliveries of an event have ended well.
struct Finished {
    enum class As : std::uint8_t { applied, suppressed };
    Partition partition = 0;
    EventId event;
    std::uint64_t seq = 0;
    As as = As::applied;
    std::uint32_t deliveries_applied = 0;
    std::uint32_t deliveries_suppressed = 0;
    std::vector<GuardWrite> guards;
    std::string frame;  // for history; opaque here
};

enum class FinishAnswer : std::uint8_t {
    finished,
    gone,     // not in the backlog under this seq: finished or buried before, or lost by Redis; nothing was written
    in_open,  // the slow path knows it, or a delivery of it that has not ended: refused, nothing was written
};
enum class BuryAnswer : std::uint8_t { buried, gone };

/// The owner's side of what has been accepted and not finished. Every writing call is fenced by the lease's token:
/// transient `lease_lost` when another holds the partition or the time is up, and then nothing was written. Else
/// fails as a Redis command does; after `redis_no_answer` each call may be repeated (`gone` then means done).
/// Calls may overlap, all on the connection's thread.
class Backlog {
public:
    Backlog(net::Redis& redis, const Scripts& scripts, const Lease& lease);
    Backlog(const Backlog&) = delete;
    Backlog& operator=(const Backlog&) = delete;
    /// Items not yet sent fail with `redis_unavailable`; the references must outlive this and their replies.
    ~Backlog();

    /// At most `limit` (<= 128) entries with a seq above `after`, in order of seq, with their bodies.
    /// Bodies come in several answers where they are large, so that each keeps Redis's deadline.
    Task<std::vector<BacklogEntry>> load(Partition partition, std::uint64_t after, std::size_t limit = 128);
    /// Everything up to these seqs may be sent from now on. All or, with `lease_lost`, perhaps some of them.
    Task<void> reserve(std::vector<Reservation> reservations);
    /// Finishes ready in the same turn of the loop travel together.
    Task<FinishAnswer> finish(Finished finished);
    /// The event becomes a letter in one step.
    Task<BuryAnswer> bury(Burial burial);
    /// What was last applied, in the order asked; nothing where Redis remembers nothing. Never unknown_outcome.
    Task<std::vector<std::optional<Guard>>> guards(std::vector<Hash16> keys);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace headgate::retry
