#pragma once

#include <functional>
#include <memory>

#include "gateway/event_loop.hpp"
#include "gateway/file_upload.hpp"
#include "gateway/key_fetcher.hpp"
#include "gateway/pipeline.hpp"
#include "gateway/postback.hpp"
#include "net/http/server.hpp"
#include "observability/log.hpp"
#include "retry/inbox.hpp"
#include "retry/scripts.hpp"

namespace headgate::gateway {

/// An event loop that takes requests in: with its own listener (SO_REUSEPORT), Redis connection and buffers.
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
        std::function<void(Partition, std::uint64_t seq)> heard_of;
        std::function<void()> look_again;
    };
    /// Throws std::runtime_error when a vendor's API that is asked before accepting could never be reached.
    explicit IntakeLoop(Dependencies dependencies);
    ~IntakeLoop();
    IntakeLoop(const IntakeLoop&) = delete;
    IntakeLoop& operator=(const IntakeLoop&) = delete;

    [[nodiscard]] EventLoop& loop() { return loop_; }

    /// On the loop only.
    Result<std::uint16_t> listen(const config::Endpoint& address, net::HttpServer::PortUse use);
    /// Takes no more, lets what is under way end within `limit`, then cuts.
    asio::awaitable<void> stop_intake(std::chrono::milliseconds limit);

private:
    Dependencies with_;
    EventLoop loop_;
    std::unique_ptr<retry::Inbox> inbox_;
    IntakeApis apis_;
    std::unique_ptr<KeyFetcher> keys_;
    std::unique_ptr<Postback> postback_;
    std::unique_ptr<Pipeline> pipeline_;
    std::unique_ptr<FileUploads> uploads_;  // none: no channel takes files
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace headgate::gateway
