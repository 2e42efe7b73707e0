#pragma once

#include <optional>
#include <string>

#include "gateway/access.hpp"
#include "gateway/api/means.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

/// What people and machines of the operator's ask: /livez, /readyz and /metrics openly, /api/v1/… with the admin
/// token as bearer. What each request below /api/v1 is answered stands in gateway/api/.
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
        api::OwnerCalls owner;
    };
    explicit AdminApi(Dependencies dependencies);

    asio::awaitable<net::Response> answer(net::Request& request);
    /// Until then /api/v1 answers 503 `starting`.
    void connected(net::Redis& redis);

private:
    asio::awaitable<net::Response> route(net::Request& request, const Caller& caller);

    Dependencies with_;
    std::optional<api::Releases> releases_;
    std::optional<api::Means> means_;
};

}  // namespace headgate::gateway
