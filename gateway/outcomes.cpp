#include "gateway/outcomes.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/fault_point.hpp"
#include "gateway/stages/finish.hpp"

namespace headgate::gateway {

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

Outcomes::Outcomes(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies)),
      unwritten_(with_.health, with_.log, "outcomes_unwritten",
                 "outcomes cannot be written to Redis; they are tried again until they can")
{}

void Outcomes::finish(const std::shared_ptr<Job>& job)
{
    with_.spawn(finish_now(job));
}

void Outcomes::bury(const std::shared_ptr<Job>& job, std::string_view stage, Failure failure)
{
    with_.spawn(bury_now(job, std::string(stage), std::move(failure)));
}

void Outcomes::place(const std::shared_ptr<Job>& job)
{
    with_.spawn(place_now(job));
}

void Outcomes::resolve(const std::shared_ptr<Attempt>& attempt)
{
    with_.spawn(resolve_now(attempt));
}

asio::awaitable<bool> Outcomes::try_again(const Job& job, const Failure& why, int tries)
{
    if (why.code == "lease_lost") {
        with_.lease_lost();
        co_return false;
    }
    // Redis is away, or its answer was lost: saying it again is safe, what is done is done once.
    unwritten_.begins(why);
    asio::steady_timer timer(executor_, std::chrono::milliseconds(std::min(1000, 20 << std::min(tries, 6))));
    co_await timer.async_wait(use_tuple);
    co_return !job.over;
}

asio::awaitable<void> Outcomes::finish_now(std::shared_ptr<Job> job)
{
    bool sure = true;  // no try may have been written without its answer having come
    for (int tries = 0;; ++tries) {
        auto item = finished(*job, std::chrono::system_clock::now());
        const bool applied = item.redis.as == retry::Finished::As::applied;
        const std::string reason = item.reason;
        const auto answer = co_await with_.backlog.finish(std::move(item.redis));
        if (job->over)
            co_return;
        if (!answer) {
            sure = sure && answer.error().failure_class != FailureClass::unknown_outcome;
            const bool again = co_await try_again(*job, answer.error(), tries);
            if (!again)
                co_return;
            continue;
        }
        fault_point("after_finish");
        const bool before = sure && *answer == retry::FinishAnswer::gone;
        if (*answer == retry::FinishAnswer::in_open) {
            with_.log.error("an event of the backlog is known to the slow path as well",
                            observability::LogLine{}.field("event", job->event.envelope.event.text()));
        } else if (!before) {
            (applied ? with_.metrics.applied : with_.metrics.suppressed).add();
            tell(*job, applied ? "applied" : "suppressed", reason, nullptr, "");
        }
        written(job, before);
        co_return;
    }
}

asio::awaitable<void> Outcomes::bury_now(std::shared_ptr<Job> job, std::string stage, Failure failure)
{
    bool sure = true;
    for (int tries = 0;; ++tries) {
        auto item = burial(*job, stage, failure, with_.generation, std::chrono::system_clock::now());
        const auto answer = co_await with_.backlog.bury(std::move(item));
        if (job->over)
            co_return;
        if (!answer) {
            sure = sure && answer.error().failure_class != FailureClass::unknown_outcome;
            const bool again = co_await try_again(*job, answer.error(), tries);
            if (!again)
                co_return;
            continue;
        }
        const bool before = sure && *answer == retry::BuryAnswer::gone;
        if (!before) {
            with_.metrics.dead.add();
            tell(*job, "dead", failure.code, &failure, stage);
        }
        written(job, before);
        co_return;
    }
}

asio::awaitable<void> Outcomes::place_now(std::shared_ptr<Job> job)
{
    for (int tries = 0;; ++tries) {
        auto item = placement(*job, with_.generation, std::chrono::system_clock::now());
        const auto answer = co_await with_.deliveries.place(std::move(item));
        if (job->over)
            co_return;
        if (!answer) {
            const bool again = co_await try_again(*job, answer.error(), tries);
            if (!again)
                co_return;
            continue;
        }
        fault_point("after_place");
        unwritten_.ends();
        if (answer->ended)
            count_end(*answer->ended);
        for (std::uint64_t i = 0; i < answer->others_ended; ++i)
            count_end(retry::Ended::suppressed);
        for (const auto& attempt : job->attempts)
            tell_standing(*attempt);
        with_.historian.written(job->event.partition, job->event.envelope.event, std::move(job->event.stored));
        with_.placed(job, *answer);
        co_return;
    }
}

asio::awaitable<void> Outcomes::resolve_now(std::shared_ptr<Attempt> attempt)
{
    const auto job = attempt->job;
    for (int tries = 0;; ++tries) {
        auto item = resolution(*attempt, std::chrono::system_clock::now());
        const auto answer = co_await with_.deliveries.resolve(std::move(item));
        if (job->over)
            co_return;
        if (!answer) {
            const bool again = co_await try_again(*job, answer.error(), tries);
            if (!again)
                co_return;
            continue;
        }
        fault_point("after_resolve");
        unwritten_.ends();
        if (answer->ended)
            count_end(*answer->ended);
        if (answer->answer == retry::Resolved::Answer::done)
            tell_standing(*attempt);
        with_.historian.written(job->event.partition, job->event.envelope.event, {});
        with_.resolved(attempt, *answer);
        co_return;
    }
}

void Outcomes::count_end(retry::Ended ended)
{
    switch (ended) {
    case retry::Ended::applied: with_.metrics.applied.add(); return;
    case retry::Ended::suppressed: with_.metrics.suppressed.add(); return;
    case retry::Ended::discarded: return;
    }
}

/// The line of a delivery that a sending did not end well, or that ended on the slow path.
void Outcomes::tell_standing(const Attempt& attempt)
{
    const auto outcome = attempt.standing ? attempt.standing->outcome : retry::Outcome::applied;
    const bool is_dead = outcome == retry::Outcome::dead;
    if (is_dead)
        with_.metrics.dead.add();
    else if (attempt.attempts == 0 || (!attempt.standing && !attempt.placed))
        return;  // it was not sent, or ended as is usual
    else if (attempt.standing)
        with_.metrics.retries.add();
    observability::LogLine line;
    line.field("event", attempt.job->event.envelope.event.text())
        .field("system", attempt.system)
        .field("entity", attempt.delivery.transaction.entity)
        .field("attempts", attempt.attempts);
    if (!attempt.standing)
        return with_.log.info("a delivery is applied that had waited", line);
    const auto& telling = attempt.standing->telling;
    line.field("code", telling.reason).optional("detail", attempt.standing->detail);
    if (telling.letter)
        line.optional("where", telling.letter->where.document).optional("config", telling.letter->where.config);
    if (is_dead)
        with_.log.warn("dead", line);
    else if (outcome == retry::Outcome::hold)
        with_.log.warn("a delivery waits for a person", line);
    else
        with_.log.warn("a delivery failed and is tried again", line);
}

void Outcomes::written(const std::shared_ptr<Job>& job, bool before)
{
    unwritten_.ends();
    with_.historian.written(job->event.partition, job->event.envelope.event,
                            before ? std::string{} : std::move(job->event.stored));
    with_.ended(job);
}

/// The one wide line of an event that has ended.
void Outcomes::tell(const Job& job, std::string_view state, std::string_view reason, const Failure* failure,
                    std::string_view stage)
{
    const auto& envelope = job.event.envelope;
    const auto took = std::chrono::system_clock::now() - envelope.received_at;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    with_.metrics.finish_seconds.observe(static_cast<std::uint64_t>(std::max<std::int64_t>(0, us)));
    if (!with_.log.enabled(failure != nullptr ? observability::LogLevel::warn : observability::LogLevel::info))
        return;

    observability::LogLine line;
    line.field("event", envelope.event.text()).field("state", state).optional("reason", reason);
    line.field("channel", envelope.channel).field("topic", envelope.topic).field("seq", job.event.seq);
    std::uint32_t attempts = 0;
    for (const auto& attempt : job.attempts)
        attempts += attempt->attempts;
    if (!job.attempts.empty())
        line.field("entity", job.attempts.front()->delivery.transaction.entity);
    line.field("deliveries", job.attempts.size()).field("attempts", attempts);
    line.optional("conflict_of", envelope.conflict_of);
    if (failure != nullptr)
        line.field("stage", stage)
            .field("detail", failure->detail)
            .optional("where", failure->where.document)
            .optional("config", failure->where.config);
    line.field("us", us);
    if (failure != nullptr)
        with_.log.warn("dead", line);
    else
        with_.log.event_line(line);
}

}  // namespace headgate::gateway
