#pragma once

#include <atomic>
#include <filesystem>
#include <functional>

#include <boost/asio/any_io_executor.hpp>

#include "core/timer.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/lease.hpp"

namespace headgate::gateway {

/// Keeps this node the owner of all partitions: takes them when they are free, renews every 3 s, and says when they
/// are lost. The token is kept in the data folder, so that the next process of the same folder, which holds its
/// lock and so knows that this one is dead, need not wait for the lease to lapse. One thread: its executor's.
class LeaseKeeper {
public:
    struct Events {
        std::function<void()> held;  // all partitions are ours from now on
        std::function<void()> lost;  // some are not any more
    };
    LeaseKeeper(asio::any_io_executor executor, retry::Lease& lease, std::filesystem::path token_file,
                std::atomic<std::int64_t>& valid_until, observability::Health& health, observability::Log& log,
                Events events);

    /// Works until `stop`, then gives the lease back. Awaited by the app.
    asio::awaitable<void> run();
    void stop();
    /// A fenced script said that the lease is gone.
    void suspect();

private:
    asio::awaitable<void> free_predecessor();
    void save_token() const;
    void publish();
    void lose();

    asio::any_io_executor executor_;
    retry::Lease& lease_;
    std::filesystem::path token_file_;
    std::atomic<std::int64_t>& valid_until_;
    observability::Health& health_;
    observability::Log& log_;
    Events events_;
    Timer pause_;
    bool holding_ = false;
    bool suspected_ = false;
    bool stopping_ = false;
};

}  // namespace headgate::gateway
