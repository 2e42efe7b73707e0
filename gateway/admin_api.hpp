#pragma once

#include <expected>
#include <optional>
#include <string>

#include "gateway/api/means.hpp"
#include "gateway/api/route.hpp"
#include "gateway/tokens.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

/// What people and machines of the operator's ask: /livez, /readyz and /metrics openly, /api/v1/… with a token as
/// bearer, the data folder's own or one of `access`. What each request below /api/v1 is answered stands in
/// gateway/api/.
class AdminApi {
public:
    struct Dependencies {
        const Configuration& configuration;
        const retry::Scripts& scripts;
        observability::HistoryStore& history;
        observability::AuditLog& audit;
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        std::string token;  // the data folder's own, of the caller `admin`
        api::OwnerCalls owner;
    };
    explicit AdminApi(Dependencies dependencies);

    asio::awaitable<net::Response> answer(net::Request& request);
    /// Until then /api/v1 answers 503 `starting`.
    void connected(net::Redis& redis);

private:
    /// Who calls, or how they are refused.
    std::expected<const Caller*, net::Response> caller_of(const net::Request& request) const;
    asio::awaitable<net::Response> route(net::Request& request, const Caller& caller);
    /// What a route answers to this caller, with what the query has revealed.
    asio::awaitable<net::Response> ask(const api::Route& route, api::Call call);
    /// With a line in the audit log in front of it and one behind it; without the first nothing is done.
    asio::awaitable<net::Response> audited(const api::Route& route, const api::Call& call);

    Dependencies with_;
    Tokens tokens_;
    Mask mask_;
    std::optional<api::Releases> releases_;
    std::optional<api::Means> means_;
};

}  // namespace headgate::gateway
