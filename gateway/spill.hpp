#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "gateway/job.hpp"
#include "gateway/oldest_letters.hpp"
#include "net/redis/connection.hpp"
#include "observability/history.hpp"
#include "retry/deliveries.hpp"
#include "retry/letters.hpp"

namespace headgate::gateway {

/// Bodies leave Redis for history, and come from there again: of what waits, after a time; of dead letters, the oldest
/// ones when all of them together take more than they may. What history has committed waits here for its time; after a
/// take-over whatever is open is looked at, a page a second. What letters take is counted in Redis, so nothing of it
/// has to be remembered. One thread: its executor's.
class Spill {
public:
    struct Dependencies {
        net::Redis& redis;
        const retry::Scripts& scripts;
        retry::Deliveries& deliveries;
        const observability::HistoryStore& history;
        Spawn spawn;
        std::chrono::milliseconds after;  // what waits longer
        std::uint64_t resident = 0;       // bytes that bodies of letters may take of Redis
        asio::any_io_executor reader;     // where history is read, which blocks; what it runs must end before this does
    };
    Spill(asio::any_io_executor executor, Dependencies dependencies);
    Spill(const Spill&) = delete;
    Spill& operator=(const Spill&) = delete;

    /// The lease is held: what an owner before has left open is looked at.
    void begin();
    void forget();
    /// History has the body of an event that has not ended.
    void committed(Partition partition, EventId event);
    /// About once a second.
    void tick();

    /// The envelope of an event as history has it; "" when it has none.
    Task<std::string> read(EventId event);

private:
    struct Entry {
        std::chrono::steady_clock::time_point since;
        Partition partition = 0;
        EventId event;
    };
    using Events = std::vector<std::pair<Partition, EventId>>;
    static constexpr std::size_t most_waiting = 1'000'000;  // the rest is found after a restart
    static constexpr std::size_t most_at_a_time = 128;

    asio::awaitable<void> work(std::uint64_t epoch);
    asio::awaitable<void> spill_what_is_due(std::uint64_t epoch);
    asio::awaitable<void> look_at_open(std::uint64_t epoch);
    asio::awaitable<void> make_room(std::uint64_t epoch);
    Task<Events> oldest(std::uint64_t bytes, std::uint64_t epoch);
    Task<Events> in_history(Events events);

    asio::any_io_executor executor_;
    Dependencies with_;
    retry::Letters letters_;
    std::deque<Entry> waiting_;
    std::optional<int> look_at_;  // a partition whose open events are to be looked at
    std::string cursor_;
    OldestLetters oldest_;
    std::chrono::steady_clock::time_point next_pass_;  // over the letters, when one ended with too much left
    std::uint64_t epoch_ = 0;
    bool working_ = false;
};

}  // namespace headgate::gateway
