#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "gateway/api/releases.hpp"
#include "gateway/configuration.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/masking/mask.hpp"
#include "gateway/registered.hpp"
#include "gateway/stages/types.hpp"
#include "net/redis/connection.hpp"
#include "observability/audit.hpp"
#include "observability/health.hpp"
#include "observability/history.hpp"
#include "observability/log.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::gateway::api {

/// What the owner of the partitions is told, from the admin API's thread.
struct OwnerCalls {
    using Heard = std::move_only_function<void()>;  // run once, on the owner's thread; may be empty

    std::function<void(Event, std::uint64_t ordinal)> accepted;    // as its accept answered
    std::function<void(Partition, std::uint64_t seq)> readmitted;  // a letter is back in the stream
    std::function<void()> perhaps_readmitted;                      // the answer to that was lost
    std::function<void(std::vector<retry::DeliveryAt>)> ready;     // these are, or what waits behind them
    std::function<void(Heard)> pauses_changed;                     // heard: it acts by what is paused now
    std::function<void(Heard)> references_changed;                 // heard: it has no older ones at hand
    std::function<void(Heard)> entries_changed;                    // heard: it maps by those of vocabularies now
    std::function<void()> replays_changed;                         // a replay job began, or goes on otherwise
    std::function<void(std::string channel, std::optional<std::int64_t> since)> poll;  // its polls are run now
    std::function<Task<Registered>(std::string channel, bool make)> subscriptions;     // what its vendor has
};

/// What the resources of the admin API work with, all of it on the API's thread. Blocking reads of history happen there
/// too: it is no intake's.
struct Means {
    const Configuration& configuration;
    const retry::Scripts& scripts;
    observability::HistoryStore& history;
    GatewayMetrics& metrics;
    observability::Health& health;
    observability::Log& log;
    const OwnerCalls& owner;
    net::Redis& redis;
    Releases& releases;
    observability::AuditLog& audit;
    const Mask& mask;
};

/// Tells the owner something and waits until it has heard.
asio::awaitable<void> heard(const std::function<void(OwnerCalls::Heard)>& tell);

}  // namespace headgate::gateway::api
