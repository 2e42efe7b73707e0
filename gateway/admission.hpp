#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/awaitable.hpp>

#include "gateway/gateway_metrics.hpp"
#include "gateway/stages/accept.hpp"
#include "gateway/stages/types.hpp"
#include "retry/inbox.hpp"

namespace headgate::gateway {

/// The way of an identified event over the bar: stored once, counted, and handed to the owner. The same for a request,
/// an item of a batch, a document that was fetched and a row of a file. One event loop's.
class Admission {
public:
    struct Dependencies {
        retry::Inbox& inbox;
        GatewayMetrics& metrics;
        std::function<void(Event, std::uint64_t ordinal)> hand_over;
        std::function<void(Partition, std::uint64_t seq)> heard_of;
        std::function<void()> look_again;
    };
    explicit Admission(Dependencies dependencies) : with_(std::move(dependencies)) {}

    /// Fails as `accept` does; the same event may be given again then.
    asio::awaitable<Intake<Accepted>> admit(Identified identified);

private:
    Dependencies with_;
};

}  // namespace headgate::gateway
