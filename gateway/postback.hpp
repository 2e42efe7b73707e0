#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "gateway/key_fetcher.hpp"

namespace headgate::gateway {

/// Asks vendors whether they sent what came in their name. Asking twice does no harm. One thread: that of the APIs;
/// calls may overlap.
class Postback {
public:
    struct Dependencies {
        const IntakeApis& apis;
        GatewayMetrics& metrics;
        observability::Log& log;
    };
    explicit Postback(Dependencies dependencies) : with_(dependencies) {}

    /// 401 `postback_refused` when the vendor does not say so; 503 `postback_failed` when it says nothing, or too many
    /// questions are open: anybody can cause one. For channels with a `postback`.
    asio::awaitable<Intake<void>> confirmed(const Received& received);

private:
    Dependencies with_;
    std::map<const Channel*, std::shared_ptr<std::size_t>> open_;
};

}  // namespace headgate::gateway
