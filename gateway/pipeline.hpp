#pragma once

#include <boost/asio/awaitable.hpp>

#include "gateway/admission.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/key_fetcher.hpp"
#include "gateway/postback.hpp"
#include "gateway/stages/receive.hpp"
#include "gateway/stages/types.hpp"
#include "net/http/message.hpp"
#include "observability/log.hpp"
#include "retry/inbox.hpp"

namespace headgate::gateway {

/// The way of an event left of the bar, for one event loop. Right of the bar see Owner.
class Pipeline {
public:
    struct Dependencies {
        const Configuration& configuration;
        retry::Inbox& inbox;
        GatewayMetrics& metrics;
        RateLimiter& listener_rate;
        KeyFetcher& keys;
        Postback& postback;
        std::function<IntakeState()> state;
        std::function<void(Event, std::uint64_t ordinal)> hand_over;
        std::function<void(Partition, std::uint64_t seq)> heard_of;
        std::function<void()> look_again;
    };
    explicit Pipeline(Dependencies dependencies)
        : with_(std::move(dependencies)),
          admission_({with_.inbox, with_.metrics, with_.hand_over, with_.heard_of, with_.look_again})
    {}

    /// receive ─▶ verify ─▶ identify ─▶ accept; what comes out of it is the answer.
    asio::awaitable<net::Response> run(net::Request& request);

private:
    Dependencies with_;
    Admission admission_;
};

}  // namespace headgate::gateway
