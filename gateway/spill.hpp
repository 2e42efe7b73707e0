#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "gateway/job.hpp"
#include "net/redis/connection.hpp"
#include "observability/history.hpp"
#include "retry/deliveries.hpp"

namespace headgate::gateway {

/// Bodies of what waits long leave Redis for history, and come from there again. What history has committed waits here
/// for its time; after a take-over whatever is open is looked at, a page a second. One thread: its executor's.
class Spill {
public:
    struct Dependencies {
        net::Redis& redis;
        retry::Deliveries& deliveries;
        const observability::HistoryStore& history;
        Spawn spawn;
        std::chrono::milliseconds after;  // what waits longer
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
    static constexpr std::size_t most_waiting = 1'000'000;  // the rest is found after a restart
    static constexpr std::size_t most_at_a_time = 512;

    void spill_what_is_due();
    asio::awaitable<void> spill(Entry entry, std::uint64_t epoch);
    asio::awaitable<void> look_at_open(std::uint64_t epoch);

    asio::any_io_executor executor_;
    Dependencies with_;
    std::deque<Entry> waiting_;
    std::optional<int> look_at_;  // a partition whose open events are to be looked at
    std::string cursor_;
    std::uint64_t epoch_ = 0;
    std::size_t spilling_ = 0;
    bool looking_ = false;
};

}  // namespace headgate::gateway
