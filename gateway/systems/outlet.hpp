#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/system.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/gate.hpp"

namespace headgate::gateway {

/// A system as the dispatcher sees it: what may be sent waits here until the system may be sent something, channel by
/// channel in turn, so that a flood of one does not hold up the others. One thread: its executor's.
class Outlet {
public:
    using Send = std::function<void(const std::shared_ptr<Attempt>&)>;

    /// Without a `config` the system takes everything at once.
    Outlet(asio::any_io_executor executor, System& system, const SystemConfig* config, Send send);
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    ~Outlet();

    [[nodiscard]] System& system() { return system_; }
    [[nodiscard]] const RetryConfig& retry() const { return retry_; }
    [[nodiscard]] bool left_alone() const { return gate_ && gate_->open_breaker(); }
    [[nodiscard]] std::size_t waiting() const { return count_; }

    void put(const std::shared_ptr<Attempt>& attempt);
    /// A sending has ended; what waits may go.
    void ended(const SystemAnswer& answer);
    /// Forgets what waits; what is on the wire still ends.
    void clear();

private:
    void pump();
    std::shared_ptr<Attempt> next();

    System& system_;
    Send send_;
    RetryConfig retry_;
    std::optional<SystemGate> gate_;
    std::map<std::string, std::deque<std::shared_ptr<Attempt>>> channels_;
    std::string last_channel_;
    std::size_t count_ = 0;
    asio::steady_timer timer_;
    std::shared_ptr<bool> alive_;
    bool pumping_ = false;
};

}  // namespace headgate::gateway
