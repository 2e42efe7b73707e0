#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "gateway/pipeline.hpp"
#include "net/http/server.hpp"
#include "net/redis/connection.hpp"
#include "observability/log.hpp"
#include "retry/inbox.hpp"
#include "retry/scripts.hpp"

namespace headgate::gateway {

/// One event loop on one thread, sharing nothing with the others: its own listener (SO_REUSEPORT), Redis connection
/// and buffers.
class IntakeLoop {
public:
    struct Dependencies {
        const Configuration& configuration;
        const retry::Scripts& scripts;
        net::RedisOptions redis;
        GatewayMetrics& metrics;
        RateLimiter& listener_rate;
        observability::Log& log;
        std::function<void(Event, std::uint64_t ordinal)> hand_over;
    };
    explicit IntakeLoop(Dependencies dependencies);
    ~IntakeLoop();
    IntakeLoop(const IntakeLoop&) = delete;
    IntakeLoop& operator=(const IntakeLoop&) = delete;

    /// Starts the thread. What follows is called from other threads and runs on the loop.
    void start(int number);
    [[nodiscard]] asio::io_context& io() { return io_; }
    [[nodiscard]] net::Redis& redis() { return *redis_; }

    /// On the loop only.
    Result<std::uint16_t> listen(const config::Endpoint& address, bool share_port);
    /// Takes no more, lets what is under way end within `limit`, then cuts.
    asio::awaitable<void> stop_intake(std::chrono::milliseconds limit);
    /// Ends the thread; work that is still suspended is dropped with the loop.
    void join();

private:
    Dependencies with_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::unique_ptr<net::Redis> redis_;
    std::unique_ptr<retry::Inbox> inbox_;
    std::unique_ptr<Pipeline> pipeline_;
    std::unique_ptr<net::HttpServer> server_;
    std::thread thread_;
};

}  // namespace headgate::gateway
