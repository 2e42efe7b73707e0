#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/job.hpp"
#include "gateway/systems/guarded_system.hpp"
#include "gateway/systems/outlet.hpp"
#include "observability/health.hpp"

namespace headgate::gateway {

/// A system, and what is configured of it; null: it takes everything at once.
struct ConfiguredSystem {
    System* system = nullptr;
    const SystemConfig* config = nullptr;
    GuardedSystem* guard = nullptr;  // of a system that does not know what it was told before
    bool is_door = false;            // it is no system of others, but Headgate's own door
};
/// Where transactions go, by the system's name.
using Systems = std::map<std::string, ConfiguredSystem, std::less<>>;

/// Who brings deliveries: the fast path and the slow path.
class Courier {
public:
    Courier() = default;
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;
    virtual ~Courier() = default;

    /// It is the attempt's turn: `Sender::apply` or `Sender::pass` follows.
    virtual void turn(const std::shared_ptr<Attempt>& attempt) = 0;
    /// Its system is left alone for a while, and nothing waits for that in memory.
    virtual void turned_away(const std::shared_ptr<Attempt>& attempt) = 0;
    virtual void answered(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer) = 0;
};

/// Brings attempts to their systems, each in its turn, and what became of them back to their couriers. One thread: its
/// executor's.
class Sender {
public:
    Sender(asio::any_io_executor executor, Systems systems, observability::Health& health);
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    ~Sender();

    [[nodiscard]] bool knows(std::string_view system) const { return systems_.contains(system); }
    [[nodiscard]] const RetryConfig& retry(std::string_view system) const { return outlet(system).retry(); }
    /// False: the system takes nothing now, or enough waits for it already.
    [[nodiscard]] bool put(const std::shared_ptr<Attempt>& attempt) { return outlet(attempt->system).put(attempt); }
    /// How many more of the slow path are of use to it now.
    [[nodiscard]] std::size_t room(std::string_view system) const { return outlet(system).room(); }
    /// A person wants it left alone, or not any more.
    void pause(std::string_view system, bool paused) { outlet(system).pause(paused); }

    /// In its turn: none of its lane is on the wire, and none will be until this one has ended or passes. False: one
    /// is. What lets others of its lane by, because it waits for one of them, may get the lane while one is.
    [[nodiscard]] bool claim_lane(const Attempt& attempt)
    {
        return on_the_wire_.try_emplace(attempt.lane, &attempt).first->second == &attempt;
    }
    /// In its turn: on the wire, as `Sending` says. The system checks the lease itself, right before it writes.
    void apply(const std::shared_ptr<Attempt>& attempt, Sending sending);
    /// In its turn: not now after all.
    void pass(const std::shared_ptr<Attempt>& attempt)
    {
        free_lane(*attempt);
        outlet(attempt->system).passed(*attempt);
    }

    /// What a delivery told stands in the guard in Redis, so nobody else need remember it.
    void told(const Attempt& attempt);
    /// The lease is gone, and with it everything that waits here; answers that still come are handed on.
    void forget();

private:
    struct Completion {
        std::shared_ptr<Attempt> attempt;
        SystemAnswer answer;
    };
    struct Completions;  // what the systems' threads hand back, in one wake-up

    /// Routes lead to configured systems only.
    [[nodiscard]] Outlet& outlet(std::string_view system) const { return *outlets_.find(system)->second; }
    void completed(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer);
    void free_lane(const Attempt& attempt);
    /// nullptr: the system takes what it is sent.
    void system_state(const std::string& system, const Failure* why);

    asio::any_io_executor executor_;
    Systems systems_;
    observability::Health& health_;
    std::shared_ptr<Completions> completions_;
    std::map<std::string, std::unique_ptr<Outlet>, std::less<>> outlets_;
    std::set<std::string, std::less<>> failing_;                   // systems
    std::unordered_map<std::string, const Attempt*> on_the_wire_;  // by lane
};

}  // namespace headgate::gateway
