#include "gateway/stages/receive.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

std::unexpected<Refused> refuse(int status, FailureClass failure_class, std::string code, std::string detail,
                                std::optional<std::chrono::seconds> retry_after = {})
{
    return std::unexpected(Refused{status, {failure_class, std::move(code), std::move(detail), {}}, retry_after});
}

}  // namespace

Intake<void> admits(const Channel& channel, RateLimiter& listener_rate, const IntakeState& state)
{
    if (channel.config.mode == ChannelConfig::Mode::closed)
        return refuse(503, FailureClass::transient, "channel_closed", "the channel is closed", 60s);
    const auto now = std::chrono::steady_clock::now();
    if (!channel.rate.take(now) || !listener_rate.take(now))
        return refuse(429, FailureClass::throttled, "rate_exceeded", "more requests per second than the channel takes",
                      1s);
    if (!state.redis_connected)
        return refuse(503, FailureClass::transient, "redis_unavailable", "events cannot be stored now", 5s);
    return {};
}

Intake<Received> receive(net::Request& request, const Channel* channel, RateLimiter& listener_rate,
                         const IntakeState& state)
{
    if (channel == nullptr)
        return refuse(404, FailureClass::permanent, "unknown_channel", "no channel listens at this path");
    if (request.method != "POST")
        return refuse(405, FailureClass::permanent, "method_not_allowed", "a channel takes POST");
    if (auto may = admits(*channel, listener_rate, state); !may)
        return std::unexpected(std::move(may.error()));
    if (channel->backlog() >= channel->config.backlog)
        return refuse(503, FailureClass::transient, "backlog_full", "the channel's backlog is full", 10s);
    return Received{channel, &request, std::chrono::system_clock::now()};
}

}  // namespace headgate::gateway
