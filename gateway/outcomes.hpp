#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/gateway_metrics.hpp"
#include "gateway/historian.hpp"
#include "gateway/job.hpp"
#include "gateway/trouble.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/backlog.hpp"

namespace headgate::gateway {

/// Writes what became of a job, again and again until Redis has it, and tells it: to history, the counters and the log.
/// One thread: its executor's.
class Outcomes {
public:
    struct Dependencies {
        retry::Backlog& backlog;
        Historian& historian;
        GatewayMetrics& metrics;
        observability::Log& log;
        observability::Health& health;
        Spawn spawn;
        std::uint64_t generation;                                // of the configuration
        std::function<void()> lease_lost;                        // a fenced script said so
        std::function<void(const std::shared_ptr<Job>&)> ended;  // its outcome is written
    };
    Outcomes(asio::any_io_executor executor, Dependencies dependencies);

    /// All deliveries have ended well, or there is none.
    void finish(const std::shared_ptr<Job>& job);
    /// The job becomes a letter.
    void bury(const std::shared_ptr<Job>& job, std::string_view stage, Failure failure);
    /// The lease is gone: nothing of its jobs is written any more.
    void forget() { unwritten_.ends(); }

private:
    asio::awaitable<void> finish_now(std::shared_ptr<Job> job);
    asio::awaitable<void> bury_now(std::shared_ptr<Job> job, std::string stage, Failure failure);
    /// After a failed try: waits, and says whether to try again.
    asio::awaitable<bool> try_again(const Job& job, const Failure& why, int tries);
    /// `before`: an earlier life of this event had written it, and told it.
    void written(const std::shared_ptr<Job>& job, bool before);
    void tell(const Job& job, std::string_view state, std::string_view reason, const Failure* failure,
              std::string_view stage);

    asio::any_io_executor executor_;
    Dependencies with_;
    Trouble unwritten_;
};

}  // namespace headgate::gateway
