#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <string>

#include "core/async.hpp"
#include "core/hash.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

using LeaseToken = Hash16;  // 128 random bits, new for every acquisition
using PartitionSet = std::bitset<partition_count>;

struct LeaseConfig {
    std::string owner = "headgate";         // the node's name, for people
    std::chrono::milliseconds ttl{10'000};  // by Redis TIME
};

/// The right to work partitions, for `ttl` from each acquire or renew. The caller renews (every 3 s for 10 s).
/// One call at a time, on the connection's thread; fails as a Redis command does; a failed renew changes nothing
/// here, a failed acquire leaves nothing held.
class Lease {
public:
    Lease(net::Redis& redis, const Scripts& scripts, LeaseConfig config = {});

    /// Takes every partition that is free or lapsed, with a fresh token, and returns those. Whatever this object
    /// held before counts as given up (release first, or let it lapse).
    Task<PartitionSet> acquire();
    /// Extends what is held. A partition another token has taken meanwhile is gone from the answer and from `held`.
    Task<PartitionSet> renew();
    /// Gives everything back; after it nothing is held, whatever Redis said.
    Task<void> release();
    /// Frees what an earlier process held, whose end the caller has proved (flock of the data folder). Returns those.
    Task<PartitionSet> release(LeaseToken dead_owner);

    /// The fence of every owner script.
    [[nodiscard]] const LeaseToken& token() const { return token_; }
    [[nodiscard]] const PartitionSet& held() const { return held_; }
    /// CLOCK_BOOTTIME in ns until which `held` is surely ours: measured before the request left. 0: never.
    [[nodiscard]] std::int64_t valid_until() const { return valid_until_; }
    /// The highest seq of a partition that may have been sent, as it stood when it was acquired.
    [[nodiscard]] std::uint64_t high_water(Partition partition) const { return high_water_[partition]; }

private:
    Task<PartitionSet> call(std::string verb, LeaseToken token, PartitionSet partitions);

    net::Redis& redis_;
    const Scripts& scripts_;
    LeaseConfig config_;
    LeaseToken token_{};
    LeaseToken asked_{};  // of an acquire whose answer has not come; zero: none
    PartitionSet held_;
    std::int64_t valid_until_ = 0;
    std::array<std::uint64_t, partition_count> high_water_{};
};

}  // namespace headgate::retry
