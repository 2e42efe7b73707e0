#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "connectors/systems/sqlite_ledger.hpp"
#include "gateway/configuration.hpp"
#include "gateway/feed.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/job.hpp"
#include "gateway/lanes.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/backlog.hpp"
#include "retry/lease.hpp"

namespace headgate::gateway {

class Historian;

/// Where transactions go, by the system's name.
using Systems = std::map<std::string, connectors::SqliteLedger*, std::less<>>;

/// The work right of the bar for the partitions this node holds: takes accepted events in order, decodes, maps and
/// routes them, sends each delivery when its lane is free and its seq is reserved, retries what may be retried, and
/// finishes or buries. Everything it holds in memory can be made again from Redis. One thread: its executor's.
class Owner {
public:
    struct Dependencies {
        const Configuration& configuration;
        retry::Backlog& backlog;
        const retry::Lease& lease;
        Systems systems;
        Historian& historian;
        GatewayMetrics& metrics;
        observability::Log& log;
        std::atomic<std::int64_t>& lease_until;  // CLOCK_BOOTTIME ns, margin taken off
        observability::Health& health;
        std::function<void()> on_lease_lost;
    };
    Owner(asio::any_io_executor executor, Dependencies dependencies);
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner();

    /// The lease is held: load what waits and begin. `accepted_before` is the accept sequence at this moment: what
    /// was accepted later has been counted as waiting by whoever accepted it.
    void begin(std::uint64_t accepted_before);
    /// The lease is gone: forget everything; answers that still come are ignored.
    void forget();

    /// An event as its accept answered; `whole` is false when its body was left behind for want of room.
    void hand(Event event, std::uint64_t ordinal, bool whole);
    /// A duplicate named an event that should be in the stream: its own answer may have been lost.
    void heard_of(Partition partition, std::uint64_t seq);
    /// Accept answers may have been lost.
    void look_again();
    void readmitted(Partition partition, std::uint64_t seq);
    /// Redis was away: answers may have been lost, so the streams are read again.
    void resync();

    /// Nothing waits and nothing is on its way.
    [[nodiscard]] bool idle() const;
    /// No new events are begun; what is on its way goes on.
    void drain() { draining_ = true; }
    [[nodiscard]] bool on_the_wire() const { return in_flight_ > 0; }

private:
    static constexpr std::size_t most_in_flight = 1024;
    static constexpr std::size_t most_ready = 2048;
    static constexpr std::size_t most_ready_bytes = std::size_t{64} << 20U;
    static constexpr std::size_t most_loads = 4;
    static constexpr std::size_t events_per_turn = 16;

    void wake();
    void turn();
    void tick();
    void start_loads();
    asio::awaitable<void> load(Feed::Load load, std::uint64_t epoch);
    Event event_of(retry::BacklogEntry entry) const;

    void process(Event event);
    void prepare(const std::shared_ptr<Job>& job);
    void dispatch(const std::shared_ptr<Attempt>& attempt);
    void send(const std::shared_ptr<Attempt>& attempt);
    void completed(const std::shared_ptr<Attempt>& attempt, Result<Applied> result);
    void retry_later(const std::shared_ptr<Attempt>& attempt);
    void reserve();
    asio::awaitable<void> reserve_now(std::vector<retry::Reservation> reservations, std::uint64_t epoch);

    void end_of_deliveries(const std::shared_ptr<Job>& job);
    void bury(std::shared_ptr<Job> job, std::string_view stage, Failure failure);
    asio::awaitable<void> finish_now(std::shared_ptr<Job> job);
    asio::awaitable<void> bury_now(std::shared_ptr<Job> job, std::string stage, Failure failure);
    /// Why outcomes cannot be written now, for people; empty: they can.
    void unwritten(std::string_view code);
    void tell(const Job& job, std::string_view state, std::string_view reason, const Failure* failure,
              std::string_view stage);
    void ended(Job& job);
    /// Spawns work that must end before this object does.
    void spawn(asio::awaitable<void> work);
    [[nodiscard]] bool lease_valid() const;

    struct Completion {
        std::shared_ptr<Attempt> attempt;
        Result<Applied> result;
    };
    struct Completions;  // what the systems' threads hand back, in one wake-up

    asio::any_io_executor executor_;
    Dependencies with_;
    Feed feed_;
    Lanes lanes_;
    std::shared_ptr<Completions> completions_;
    std::shared_ptr<bool> alive_;
    asio::steady_timer ticker_;
    std::array<std::uint64_t, partition_count> high_water_{};
    std::vector<std::shared_ptr<Attempt>> unreserved_;
    std::unordered_map<EventId, std::shared_ptr<Job>> working_;  // between process and finish
    std::size_t in_flight_ = 0;
    std::size_t active_loads_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint64_t accepted_before_ = 0;
    std::uint64_t newest_ = 0;  // the highest seq known
    bool begun_ = false;
    bool draining_ = false;
    bool woken_ = false;
    bool reserving_ = false;
    bool unwritten_ = false;
    std::minstd_rand random_;
};

}  // namespace headgate::gateway
