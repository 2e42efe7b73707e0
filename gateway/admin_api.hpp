#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/configuration.hpp"
#include "gateway/gateway_metrics.hpp"
#include "net/http/message.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/history.hpp"
#include "observability/log.hpp"
#include "retry/letters.hpp"
#include "retry/scripts.hpp"

namespace headgate::gateway {

/// What people and machines of the operator's ask: /livez, /readyz and /metrics openly, /api/v1/… with the admin
/// token as bearer. Blocking reads of history run on its thread, which is not an intake's.
class AdminApi {
public:
    struct Dependencies {
        const Configuration& configuration;
        const retry::Scripts& scripts;
        observability::HistoryStore& history;
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        std::string token;
        std::function<void(Partition, std::uint64_t seq)> readmitted;  // a letter is back in the stream
        std::function<void()> perhaps_readmitted;                      // the answer to that was lost
    };
    explicit AdminApi(Dependencies dependencies);

    asio::awaitable<net::Response> answer(net::Request& request);
    /// Until then /api/v1 answers 503 `starting`.
    void connected(net::Redis& redis);

private:
    asio::awaitable<net::Response> api(net::Request& request);
    asio::awaitable<net::Response> events(std::string_view query);
    asio::awaitable<net::Response> event(EventId id);
    asio::awaitable<net::Response> event_raw(EventId id);
    asio::awaitable<net::Response> letters(std::string_view query);
    asio::awaitable<net::Response> letter(EventId id);
    asio::awaitable<net::Response> replay(EventId id);
    asio::awaitable<net::Response> verify(std::string_view query);
    [[nodiscard]] net::Response unmapped(std::string_view query) const;
    asio::awaitable<Result<std::string>> stored(EventId id);

    Dependencies with_;
    net::Redis* redis_ = nullptr;
    std::optional<retry::Letters> letters_;
};

}  // namespace headgate::gateway
