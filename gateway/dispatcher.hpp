#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/gateway_metrics.hpp"
#include "gateway/job.hpp"
#include "gateway/lanes.hpp"
#include "gateway/systems/guarded_system.hpp"
#include "gateway/systems/outlet.hpp"
#include "gateway/trouble.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/backlog.hpp"
#include "retry/lease.hpp"

namespace headgate::gateway {

/// A system, and what is configured of it; null: it takes everything at once.
struct ConfiguredSystem {
    System* system = nullptr;
    const SystemConfig* config = nullptr;
    GuardedSystem* guard = nullptr;  // of a system that does not know what it was told before
};
/// Where transactions go, by the system's name.
using Systems = std::map<std::string, ConfiguredSystem, std::less<>>;

/// Brings deliveries to their systems: one at a time in each lane, none before its seq is reserved, and again after a
/// wait when the system may take it later. One thread: its executor's.
class Dispatcher {
public:
    struct Dependencies {
        retry::Backlog& backlog;
        Systems systems;
        GatewayMetrics& metrics;
        observability::Log& log;
        observability::Health& health;
        Spawn spawn;
        std::function<std::uint64_t()> newest_seq;                   // known to be accepted
        std::function<void()> wake;                                  // `reserve` is to be called soon
        std::function<void()> lease_lost;                            // a fenced script said so
        std::function<void(const std::shared_ptr<Job>&)> delivered;  // every delivery of the job has an outcome
    };
    Dispatcher(asio::any_io_executor executor, Dependencies dependencies);
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    ~Dispatcher();

    /// What the lease's owner before may have sent counts as reserved.
    void begin(const retry::Lease& lease);
    /// The lease is gone, and with it everything here; answers that still come are ignored.
    void forget();
    /// Redis may have lost what was reserved: it is asked again before anything is sent.
    void distrust() { high_water_.fill(0); }

    /// The job's end is written. What systems took of one that became a letter stands in no guard in Redis, so it stays
    /// remembered here.
    void ended(const Job& job);

    /// Takes up all attempts of a job.
    void start(const std::shared_ptr<Job>& job);
    /// Reserves for every head that waits for it, in one call.
    void reserve();

private:
    struct Completion {
        std::shared_ptr<Attempt> attempt;
        SystemAnswer answer;
    };
    struct Completions;  // what the systems' threads hand back, in one wake-up

    [[nodiscard]] Outlet& outlet_of(const Attempt& attempt) const;
    void dispatch(const std::shared_ptr<Attempt>& attempt);
    void send(const std::shared_ptr<Attempt>& attempt);
    void completed(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer);
    /// Whether the delivery is tried again although it failed; then it will be. Else its failure says why not.
    bool goes_on(const std::shared_ptr<Attempt>& attempt, SystemAnswer& answer);
    void retry_later(const std::shared_ptr<Attempt>& attempt, const Failure& why, std::chrono::milliseconds wait);
    /// nullptr: the system takes what it is sent.
    void system_state(const std::string& system, const Failure* why);
    asio::awaitable<void> reserve_now(std::vector<retry::Reservation> reservations, std::uint64_t epoch);

    asio::any_io_executor executor_;
    Dependencies with_;
    Lanes lanes_;
    Trouble unreservable_;
    std::shared_ptr<Completions> completions_;
    std::shared_ptr<bool> alive_;
    std::array<std::uint64_t, partition_count> high_water_{};
    std::array<std::uint64_t, partition_count> sent_before_{};  // by whoever held the lease before
    std::map<std::string, std::unique_ptr<Outlet>, std::less<>> outlets_;
    std::vector<std::shared_ptr<Attempt>> unreserved_;
    std::set<std::string, std::less<>> failing_;  // systems
    std::uint64_t epoch_ = 0;                     // of `forget`
    bool reserving_ = false;
    std::minstd_rand random_;
};

}  // namespace headgate::gateway
