#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/gateway_metrics.hpp"
#include "gateway/historian.hpp"
#include "gateway/job.hpp"
#include "gateway/trouble.hpp"
#include "gateway/working_out.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/backlog.hpp"
#include "retry/deliveries.hpp"

namespace headgate::gateway {

/// Writes what became of a job or a delivery, again and again until Redis has it, and tells it: to history, the
/// counters and the log. One thread: its executor's.
class Outcomes {
public:
    struct Dependencies {
        retry::Backlog& backlog;
        retry::Deliveries& deliveries;
        Historian& historian;
        GatewayMetrics& metrics;
        observability::Log& log;
        observability::Health& health;
        Spawn spawn;
        const Configuration& configuration;
        std::function<void()> lease_lost;                                      // a fenced script said so
        std::function<void(const std::shared_ptr<Job>&)> ended;                // its outcome is written
        std::function<void(const Event&, const mapping::MissedWord&)> awaits;  // a letter, and for want of what
        /// It is on the slow path; and it was before, or may have been, when `placed` says gone.
        std::function<void(const std::shared_ptr<Job>&, const retry::Placed&)> placed;
        std::function<void(const std::shared_ptr<Attempt>&, const retry::Resolved&)> resolved;
    };
    Outcomes(asio::any_io_executor executor, Dependencies dependencies);

    /// All deliveries have ended well, or there is none.
    void finish(const std::shared_ptr<Job>& job);
    /// The job becomes a letter.
    void bury(const std::shared_ptr<Job>& job, FailedAt failed);
    /// Its deliveries leave the fast path, each as it stands.
    void place(const std::shared_ptr<Job>& job);
    /// What became of a delivery of the slow path.
    void resolve(const std::shared_ptr<Attempt>& attempt);
    /// The lease is gone: nothing of its jobs is written any more.
    void forget() { unwritten_.ends(); }

private:
    /// What Redis answered; `sure`: no try before may have been written without its answer having come.
    template <class Answer>
    struct Heard {
        Answer answer;
        bool sure = true;
    };
    /// Says it until it is answered; nothing when the job is over or the lease gone.
    template <class Answer, class Say>
    asio::awaitable<std::optional<Heard<Answer>>> say_until_heard(const Job& job, Say say);
    asio::awaitable<void> finish_now(std::shared_ptr<Job> job);
    asio::awaitable<void> bury_now(std::shared_ptr<Job> job, FailedAt failed);
    asio::awaitable<void> place_now(std::shared_ptr<Job> job);
    asio::awaitable<void> resolve_now(std::shared_ptr<Attempt> attempt);
    void count_end(retry::Ended ended);
    void tell_standing(const Attempt& attempt);
    void tell_held(const Attempt& attempt);
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
