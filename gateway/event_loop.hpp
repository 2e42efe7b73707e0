#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "net/redis/connection.hpp"

namespace headgate::gateway {

/// One single-threaded event loop with its thread and its own Redis connection, sharing nothing with the others.
class EventLoop {
public:
    explicit EventLoop(net::RedisOptions redis);
    ~EventLoop();  // join()
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    enum class Priority : std::uint8_t { intake, background };
    /// An exception that leaves the loop ends it: `crash` is told, on its thread, what it was.
    using Crash = std::function<void(std::string_view what)>;
    void start(std::string name, Priority priority, Crash crash);
    /// Ends the thread; work that is still suspended goes with the loop.
    void join();

    [[nodiscard]] asio::io_context& io() { return io_; }
    [[nodiscard]] asio::io_context::executor_type executor() { return io_.get_executor(); }
    [[nodiscard]] net::Redis& redis() { return *redis_; }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::unique_ptr<net::Redis> redis_;
    std::thread thread_;
};

}  // namespace headgate::gateway
