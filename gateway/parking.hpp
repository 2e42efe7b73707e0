#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/async.hpp"
#include "core/hash.hpp"
#include "core/ids.hpp"
#include "gateway/job.hpp"
#include "gateway/missing.hpp"
#include "net/redis/connection.hpp"
#include "retry/decisions.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::gateway {

/// What deliveries of the slow path wait for: who waits for something goes back to work once it has come, and is told
/// of when it has waited too long. What it knows is a shortcut for what stands in Redis, where it looks now and then.
/// One thread: its executor's.
class Parking {
public:
    struct Dependencies {
        net::Redis& redis;
        const retry::Scripts& scripts;
        retry::Decisions& decisions;
        Spawn spawn;
        // Of a parent without a guard: what its system calls it, if history knows that it was applied there, or the
        // system has it.
        std::function<Task<std::optional<std::string>>(MissingText)> applied_before;
        std::function<void(const retry::DeliveryAt&)> ready;  // it is let go, and its turn has come
        std::function<void()> let_go;                         // everything that waited for one thing is
        std::function<void(retry::WaitingDelivery, Partition)> overdue;
    };
    explicit Parking(Dependencies dependencies);

    /// The lease is gone; answers that still come are ignored.
    void forget();

    /// Redis has it that a delivery waits.
    void parked(const Standing& standing, Partition partition);
    /// A delivery has been applied, and everybody may know: what waited for that goes back to work.
    void applied(const Attempt& attempt);

    [[nodiscard]] bool anything_missing() const { return !missing_.empty(); }
    /// Nobody may have lived to tell that something is there.
    void look_for_what_has_come();
    /// Once a second: who has waited too long by now.
    void look_for_overdue();

private:
    /// Until when the first of a partition is parked; nothing: not known.
    struct Deadline {
        std::optional<retry::Millis> next;
        bool looking = false;
    };

    void forget(Hash16 key);
    asio::awaitable<void> release(Hash16 key, std::uint64_t epoch);
    asio::awaitable<void> look_for_what_has_come(std::uint64_t epoch);
    asio::awaitable<void> ask_for(std::vector<std::pair<Hash16, MissingText>> parents, std::uint64_t epoch);
    asio::awaitable<void> look_for_overdue(Partition partition, std::uint64_t epoch);

    Dependencies with_;
    std::map<Hash16, std::string> missing_;                            // what is waited for: system and id
    std::map<std::string, std::set<Hash16>, std::less<>> missing_of_;  // the same the other way round
    std::set<Hash16> asked_;                                           // in this round, whether it was there before
    bool asking_ = false;
    std::array<Deadline, partition_count> deadlines_;  // of what is parked
    std::uint64_t epoch_ = 0;                          // of `forget`
};

}  // namespace headgate::gateway
