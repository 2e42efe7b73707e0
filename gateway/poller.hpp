#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "core/timer.hpp"
#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/reports.hpp"
#include "gateway/systems/vendor_api.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

struct ApiPage;
struct Walked;

/// Asks vendors for what they have, again and again: each item arrives as an event, once by its key. Where the next run
/// begins stands in Redis (`hg:poll:<channel>`, a field a poll) and moves only behind what has been accepted; who dies
/// before asks for the same again. Run by whoever holds the lease. One thread: its executor's.
class Poller {
public:
    using Apis = std::map<std::string, std::unique_ptr<VendorApi>, std::less<>>;
    struct Dependencies {
        const Configuration& configuration;
        net::Redis& redis;
        const Apis& apis;  // by channel
        Admission& admission;
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        Spawn spawn;
    };
    Poller(asio::any_io_executor executor, Dependencies dependencies);
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;
    ~Poller();

    /// The lease is held.
    void begin();
    /// The lease is gone: runs under way end behind their next answer.
    void forget();
    /// Each poll of the channel is run now, from `since` on (seconds since 1970) where it is given. False: it has none.
    bool run_now(std::string_view channel, std::optional<std::int64_t> since);

private:
    struct Run;
    struct State;
    asio::awaitable<void> keep(std::shared_ptr<Run> run, std::uint64_t epoch);
    asio::awaitable<void> once(const std::shared_ptr<Run>& run, std::uint64_t epoch);
    asio::awaitable<void> end(std::shared_ptr<Run> run, State before, State now, std::int64_t from, Walked walked);
    Task<void> ask_for_report(Run& run, const mapping::MappingContext& context, State& state);
    Task<void> take(Run& run, const ApiPage& page, State& state);
    Task<void> take_reports(Run& run, const ApiPage& page, State& state);
    Task<State> read(const Run& run);
    Task<void> write(const Run& run, const State& state);

    asio::any_io_executor executor_;
    Dependencies with_;
    Reports reports_;
    std::shared_ptr<bool> alive_;
    std::vector<std::shared_ptr<Run>> runs_;
    std::uint64_t epoch_ = 0;
};

}  // namespace headgate::gateway
