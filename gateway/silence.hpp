#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/configuration.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/job.hpp"
#include "observability/health.hpp"
#include "observability/history.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// Tells when a channel with `expect` was not heard of for too long while it should have been: a note of /readyz, a
/// line of the log when it begins and ends, and `headgate_channel_silent`. Silence is counted from the last event that
/// was accepted, from when the channel opened, or from when this began, and what history knows is not forgotten by a
/// restart, to the hour. Run by whoever holds the lease. One thread: its executor's.
class SilenceWatch {
public:
    struct Dependencies {
        const Configuration& configuration;
        observability::HistoryStore& history;
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        Spawn spawn;
    };
    SilenceWatch(asio::any_io_executor executor, Dependencies dependencies);
    SilenceWatch(const SilenceWatch&) = delete;
    SilenceWatch& operator=(const SilenceWatch&) = delete;

    /// The lease is held.
    void begin();
    /// The lease is gone.
    void forget();

private:
    using Time = std::chrono::system_clock::time_point;
    asio::awaitable<void> keep(std::uint64_t epoch);
    void look(const Channel& channel, Time now);
    void end(const Channel& channel, std::string_view how);

    Dependencies with_;
    asio::steady_timer timer_;
    std::map<std::string, Time, std::less<>> from_;  // by channel: from here on silence counts
    std::map<std::string, bool, std::less<>> silent_;
    std::uint64_t epoch_ = 0;
};

}  // namespace headgate::gateway
