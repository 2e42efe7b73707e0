#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// Counters and cardinalities of one partition at one instant.
struct Tally {
    Partition partition = 0;
    std::int64_t accepted = 0, applied = 0, suppressed = 0, discarded = 0;         // events
    std::int64_t d_created = 0, d_applied = 0, d_suppressed = 0, d_discarded = 0;  // deliveries
    std::int64_t backlog = 0;                                                      // XLEN in
    std::int64_t open = 0;                                                         // HLEN open
    std::int64_t dead = 0;                                                         // letters: ZCARD dead
    std::int64_t frames = 0;                                                       // XLEN hist
    std::int64_t cause_sum = 0;                                                    // letters by causes
    std::uint64_t high_water = 0;                                                  // seq
    std::int64_t resting = 0;  // events of `open` with nothing but letters
    std::int64_t d_dead = 0;   // letters that are deliveries
    std::int64_t d_again = 0;  // readmitted, and not placed again yet
    std::int64_t ready = 0, due = 0, busy = 0, lane = 0, park = 0, hold = 0;  // deliveries by state
    std::int64_t kept = 0;                                                    // of `resting`: whose body is in Redis
    std::int64_t kept_bytes = 0;                                              // what those bodies take

    /// Events that are neither finished nor dead.
    [[nodiscard]] std::int64_t waiting() const { return backlog + open - resting; }
    /// Deliveries that have left the fast path and not ended, but for letters.
    [[nodiscard]] std::int64_t deliveries_waiting() const { return ready + due + busy + lane + park + hold; }
    /// I1: what was accepted and is nowhere; negative: what is there and was never accepted.
    [[nodiscard]] std::int64_t unaccounted() const
    {
        return accepted - applied - suppressed - discarded - backlog - open;
    }
    /// I2: deliveries that were created, have not ended and are nowhere; negative: that are somewhere too often.
    [[nodiscard]] std::int64_t deliveries_unaccounted() const
    {
        return d_created - d_applied - d_suppressed - d_discarded - d_again - d_dead - deliveries_waiting();
    }
};

/// The sums of all fields but `partition` and `high_water`.
[[nodiscard]] Tally total(std::span<const Tally> tallies);

/// All partitions, each atomic in itself, in one round trip. Fails as a Redis command does.
Task<std::vector<Tally>> tally_all(net::Redis& redis, const Scripts& scripts);

/// `headgate_unaccounted_events`: the sum of each partition's distance from 0, so that two errors never cancel.
[[nodiscard]] std::int64_t unaccounted(std::span<const Tally> tallies);

/// An invariant of ARCHITECTURE.md that does not hold.
struct Finding {
    std::string code;  // "I1"
    Partition partition = 0;
    std::string text;  // names ids, never contents
};

/// Looks at everything, page by page, while work goes on. Checks I1, I2 (sums and causes; each open delivery in one
/// set, each event's own counts), I3 (on the Redis side: what is marked `body=history` is not a finding), I5 (who has a
/// lane, and what is parked, know of each other) and I8 (each letter has its record). Fails as a Redis command does.
Task<std::vector<Finding>> verify(net::Redis& redis, const Scripts& scripts);

}  // namespace headgate::retry
