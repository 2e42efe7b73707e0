#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/stages/types.hpp"
#include "gateway/systems/vendor_api.hpp"
#include "net/http/pool.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// The vendors' APIs that one event loop asks before it accepts, by channel.
using IntakeApis = std::map<const Channel*, std::unique_ptr<VendorApi>>;

/// Fetches the keys that requests name, where their vendors publish them. What it learns is in the channel's KeyRing,
/// which all loops share and which says when to ask. One thread: its executor's; calls may overlap.
class KeyFetcher {
public:
    struct Dependencies {
        asio::any_io_executor executor;
        const IntakeApis& apis;  // of channels whose keys are asked for with a login
        GatewayMetrics& metrics;
        observability::Log& log;
    };
    explicit KeyFetcher(Dependencies dependencies) : with_(std::move(dependencies)) {}

    /// Waits until the key that a request names is known, or known not to be, as far as that can be had now: then
    /// `verify` has the word. Otherwise 503 `key_not_fetched`. For channels whose verifier has a `key_ring`.
    asio::awaitable<Intake<void>> ready(const Received& received);

private:
    void start(const Channel& channel, connectors::WantedKey wanted);
    asio::awaitable<void> fetch(const Channel& channel, connectors::WantedKey wanted);
    /// What the vendor answered; nothing when it says that it has no such key.
    Task<std::optional<std::string>> ask(const Channel& channel, const connectors::WantedKey& wanted);
    net::HttpPool& pool(const Channel& channel, const net::HttpOrigin& origin);

    Dependencies with_;
    std::map<std::pair<const Channel*, std::string>, std::unique_ptr<net::HttpPool>> pools_;  // by host and port
};

}  // namespace headgate::gateway
