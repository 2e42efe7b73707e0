#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "core/system.hpp"
#include "core/timer.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/gate.hpp"

namespace headgate::gateway {

/// The way to one system: what may be sent waits here until the system may be sent something, channel by channel in
/// turn, so that a flood of one does not hold up the others; and what comes off the slow path takes turns with what is
/// new. Only so much waits: the rest belongs into Redis. One thread: its
/// executor's.
class Outlet {
public:
    /// Without a `config` the system takes everything at once. Of the fast path so many wait here at most.
    Outlet(asio::any_io_executor executor, const SystemConfig* config, std::size_t most_waiting);
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    ~Outlet();

    [[nodiscard]] const RetryConfig& retry() const { return retry_; }

    /// Its courier hears when it is its turn, perhaps before this returns. False, and nothing was taken: one of the
    /// fast path, and the system is left alone, or enough waits already.
    [[nodiscard]] bool put(const std::shared_ptr<Attempt>& attempt);
    /// How many more of the slow path are of use now.
    [[nodiscard]] std::size_t room() const;
    /// A turn was not used.
    void passed(const Attempt& attempt);
    /// A sending has ended; what waits may go, or is turned away when the system is left alone from here on.
    void ended(const Attempt& attempt, const SystemAnswer& answer);
    void pause(bool paused);
    /// Forgets what waits; what is on the wire still ends.
    void clear();

private:
    using Queue = std::pair<bool, std::string>;  // of the slow path, channel

    static constexpr std::size_t most_ungated = 256;

    /// For longer than a moment: nothing waits for the end of that in memory.
    [[nodiscard]] bool left_alone(SystemGate::Clock::time_point now) const;
    void left(const Attempt& attempt);
    void turn_away();
    void pump();
    std::shared_ptr<Attempt> next();

    RetryConfig retry_;
    std::optional<SystemGate> gate_;
    std::size_t concurrency_ = 0;
    std::map<Queue, std::deque<std::shared_ptr<Attempt>>> queues_;
    Queue last_;
    std::size_t placed_ = 0;  // of the slow path: waiting here or at the system
    std::size_t fast_ = 0;    // of the fast path, waiting here
    std::size_t most_fast_;
    Timer timer_;
    std::shared_ptr<bool> alive_;
    bool paused_ = false;
    bool pumping_ = false;
};

}  // namespace headgate::gateway
