#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/sqs.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// Reads the queues of Amazon SQS that channels name: each message arrives as an event, once by its key, and is deleted
/// only when it has been accepted. Who dies before leaves it in the queue, which gives it again `sqs_hidden` later.
/// What was received and cannot be accepted (Redis is away or full) is kept at hand until it can, and nothing else is
/// received: so an outage takes one of the times that a queue gives a message before it puts it aside.
///
/// Run by whoever holds the lease. Where a queue stands is in Redis (`hg:sqs:<channel>`) to be shown, and nothing
/// depends on it. One thread: its executor's.
class SqsReader {
public:
    struct Dependencies {
        const Configuration& configuration;
        net::Redis& redis;
        Admission& admission;
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        Spawn spawn;
    };
    /// Throws std::runtime_error as `Sqs` does.
    SqsReader(asio::any_io_executor executor, Dependencies dependencies);
    SqsReader(const SqsReader&) = delete;
    SqsReader& operator=(const SqsReader&) = delete;
    ~SqsReader();

    /// The lease is held.
    void begin();
    /// The lease is gone: what is being received is still accepted, for which no lease is needed, and nothing more.
    void forget();
    /// Ends the calls under way, for good: one may wait for messages for `sqs_wait`.
    void close();

private:
    struct Run;
    struct Taken;
    asio::awaitable<void> keep(std::shared_ptr<Run> run, std::uint64_t epoch);
    asio::awaitable<std::chrono::milliseconds> once(Run& run, std::uint64_t epoch);
    [[nodiscard]] Taken take(const Run& run, std::vector<SqsMessage> messages);
    asio::awaitable<bool> accept(Run& run, const Taken& taken, std::uint64_t epoch);
    Task<void> remove(Run& run, std::vector<std::string> receipts);
    asio::awaitable<void> rest(Run& run, std::chrono::milliseconds time);
    void fails(Run& run, const Failure& why);
    void goes_on(Run& run);
    asio::awaitable<void> show(const Run& run);

    asio::any_io_executor executor_;
    Dependencies with_;
    std::vector<std::unique_ptr<Sqs>> queues_;
    std::vector<std::shared_ptr<Run>> runs_;
    std::uint64_t epoch_ = 0;
};

}  // namespace headgate::gateway
