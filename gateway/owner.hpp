#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>

#include "core/timer.hpp"
#include "gateway/configuration.hpp"
#include "gateway/dispatcher.hpp"
#include "gateway/feed.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/job.hpp"
#include "gateway/missing_words.hpp"
#include "gateway/outcomes.hpp"
#include "gateway/slow_path.hpp"
#include "gateway/spill.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/backlog.hpp"
#include "retry/decisions.hpp"
#include "retry/lease.hpp"

namespace headgate::gateway {

class Historian;

/// The work right of the bar for the partitions this node holds: takes accepted events in order, decodes, maps and
/// routes them, has their deliveries dispatched and their outcomes written. Everything it holds in memory can be made
/// again from Redis. One thread: its executor's.
class Owner {
public:
    struct Dependencies {
        const Configuration& configuration;
        net::Redis& redis;
        const retry::Scripts& scripts;
        retry::Backlog& backlog;
        retry::Deliveries& deliveries;
        retry::Decisions& decisions;
        const retry::Lease& lease;
        Systems systems;
        Historian& historian;
        Spill& spill;
        std::function<Task<std::optional<std::string>>(MissingText)> applied_before;  // see SlowPath
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

    /// Deliveries became ready by what somebody else did.
    void ready(const retry::DeliveryAt& delivery) { slow_path_.look(delivery); }
    /// Entries of vocabularies were changed: `heard` is run once they count, and what waited for them goes back to
    /// work.
    void entries_changed(MissingWords::Heard heard) { words_.look(std::move(heard)); }
    /// What is paused is read again: its deliveries wait in Redis from here on.
    void read_pauses();

    /// No new events are begun; what is on its way goes on.
    void drain()
    {
        draining_ = true;
        slow_path_.drain();
    }
    [[nodiscard]] bool on_the_wire() const { return !working_.empty() || slow_path_.on_the_wire(); }

private:
    static constexpr std::size_t most_working = 4096;
    static constexpr std::size_t most_ready = 2048;
    static constexpr std::size_t most_bytes = std::size_t{64} << 20U;  // ready, and again being worked on
    static constexpr std::size_t most_loads = 4;
    static constexpr std::size_t events_per_turn = 16;

    void wake();
    void turn();
    void tick();
    [[nodiscard]] bool may_begin() const;
    /// Whether a source has so much under way that others would have to wait for it.
    [[nodiscard]] bool floods(const Job& job) const;
    void start_loads();
    asio::awaitable<void> load(Feed::Load load, std::uint64_t epoch);
    Event event_of(retry::BacklogEntry entry) const;
    void process(Event event);
    void prepare(const std::shared_ptr<Job>& job, const retry::KnownEvent& known);
    asio::awaitable<void> read_pauses_now(std::uint64_t epoch);
    void leave_again(const std::shared_ptr<Job>& job, const retry::KnownEvent& known);
    void forget(const std::shared_ptr<Job>& job);
    /// Of an event that comes again after a replay: what Redis knows of it comes first.
    asio::awaitable<void> prepare_replayed(std::shared_ptr<Job> job);
    void placed(const std::shared_ptr<Job>& job, const retry::Placed& placed);
    void ended(const std::shared_ptr<Job>& job);
    void count_working(const std::shared_ptr<Job>& job, bool begins);
    void spawn(asio::awaitable<void> work);
    [[nodiscard]] bool lease_valid() const;

    asio::any_io_executor executor_;
    Dependencies with_;
    std::shared_ptr<bool> alive_;
    Feed feed_;
    Sender sender_;
    Outcomes outcomes_;
    SlowPath slow_path_;
    MissingWords words_;
    Dispatcher dispatcher_;
    Trouble unreadable_;
    Timer ticker_;
    std::unordered_map<EventId, std::shared_ptr<Job>> working_;   // between process and finish
    std::map<std::string, std::size_t, std::less<>> working_of_;  // the same by source
    std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> heard_from_;  // sources, lately
    std::size_t working_bytes_ = 0;
    std::size_t active_loads_ = 0;
    std::set<std::string, std::less<>> paused_channels_;
    bool pauses_unread_ = false;
    std::uint64_t epoch_ = 0;  // of the lease
    std::uint64_t accepted_before_ = 0;
    std::uint64_t newest_ = 0;  // the highest seq known
    bool begun_ = false;
    bool draining_ = false;
    bool woken_ = false;
    int ticks_ = 0;
};

}  // namespace headgate::gateway
