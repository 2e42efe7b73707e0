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
    std::int64_t dead = 0;                                                         // ZCARD dead
    std::int64_t frames = 0;                                                       // XLEN hist
    std::int64_t cause_sum = 0;                                                    // letters by causes
    std::uint64_t high_water = 0;                                                  // seq

    /// Neither finished nor dead.
    [[nodiscard]] std::int64_t waiting() const { return backlog + open - dead; }
    /// I1: what was accepted and is nowhere; negative: what is there and was never accepted.
    [[nodiscard]] std::int64_t unaccounted() const
    {
        return accepted - applied - suppressed - discarded - backlog - open;
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

/// Looks at everything, page by page, while work goes on. Checks I1, I2 (dead and causes), I3 (on the Redis side: what
/// is marked `body=history` is not a finding) and I8 (each letter has its record). Fails as a Redis command does.
Task<std::vector<Finding>> verify(net::Redis& redis, const Scripts& scripts);

}  // namespace headgate::retry
