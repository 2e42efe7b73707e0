#include "gateway/outcomes.hpp"

#include <algorithm>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/timer.hpp"
#include "gateway/missing.hpp"
#include "gateway/polled.hpp"
#include "gateway/stages/finish.hpp"

namespace headgate::gateway {

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

void Outcomes::bury(const std::shared_ptr<Job>& job, FailedAt failed)
{
    with_.spawn(bury_now(job, std::move(failed)));
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
    Timer timer(executor_, std::chrono::milliseconds(std::min(1000, 20 << std::min(tries, 6))));
    co_await timer.async_wait(use_tuple);
    co_return !job.over;
}

template <class Answer, class Say>
asio::awaitable<std::optional<Outcomes::Heard<Answer>>> Outcomes::say_until_heard(const Job& job, Say say)
{
    bool sure = true;
    for (int tries = 0;; ++tries) {
        auto said = say();
        Result<Answer> answer = co_await std::move(said);
        if (job.over)
            co_return std::nullopt;
        if (answer) {
            unwritten_.ends();
            co_return Heard<Answer>{std::move(*answer), sure};
        }
        sure = sure && answer.error().failure_class != FailureClass::unknown_outcome;
        const bool again = co_await try_again(job, answer.error(), tries);
        if (!again)
            co_return std::nullopt;
    }
}

asio::awaitable<void> Outcomes::finish_now(std::shared_ptr<Job> job)
{
    bool applied = false;
    std::string reason;
    auto say = [&] {
        auto item = finished(*job, wall_now());
        applied = item.redis.as == retry::Finished::As::applied;
        reason = std::move(item.reason);
        return with_.backlog.finish(std::move(item.redis));
    };
    auto saying = say_until_heard<retry::FinishAnswer>(*job, say);
    const auto heard = co_await std::move(saying);
    if (!heard)
        co_return;
    fault_point("after_finish");
    const bool before = heard->sure && heard->answer == retry::FinishAnswer::gone;
    if (heard->answer == retry::FinishAnswer::in_open) {
        with_.log.error("an event of the backlog is known to the slow path as well",
                        observability::LogLine{}.field("event", job->event.envelope.event.text()));
    } else if (!before) {
        (applied ? with_.metrics.applied : with_.metrics.suppressed).add();
        if (applied && was_missed(*job->event.channel, job->event.envelope))
            with_.metrics.backfilled(job->event.envelope.channel).add();
        tell(*job, applied ? "applied" : "suppressed", reason, nullptr, "");
    }
    written(job, before);
}

asio::awaitable<void> Outcomes::bury_now(std::shared_ptr<Job> job, FailedAt failed)
{
    auto say = [&] { return with_.backlog.bury(burial(*job, failed, with_.configuration, wall_now())); };
    auto saying = say_until_heard<retry::BuryAnswer>(*job, say);
    const auto heard = co_await std::move(saying);
    if (!heard)
        co_return;
    fault_point("after_bury");
    const bool before = heard->sure && heard->answer == retry::BuryAnswer::gone;
    if (!before) {
        with_.metrics.dead.add();
        tell(*job, "dead", failed.failure.code, &failed.failure, failed.stage);
    }
    if (failed.missed)
        with_.awaits(job->event, *failed.missed);
    written(job, before);
}

asio::awaitable<void> Outcomes::place_now(std::shared_ptr<Job> job)
{
    auto say = [&] { return with_.deliveries.place(placement(*job, wall_now())); };
    auto saying = say_until_heard<retry::Placed>(*job, say);
    const auto heard = co_await std::move(saying);
    if (!heard)
        co_return;
    fault_point("after_place");
    const retry::Placed& placed = heard->answer;
    if (placed.ended)
        count_end(*placed.ended);
    for (std::uint64_t i = 0; i < placed.others_ended; ++i)
        count_end(retry::Ended::suppressed);
    for (const auto& attempt : job->attempts)
        tell_standing(*attempt);
    with_.historian.written(job->event.partition, job->event.envelope.event, std::move(job->event.stored));
    with_.placed(job, placed);
}

asio::awaitable<void> Outcomes::resolve_now(std::shared_ptr<Attempt> attempt)
{
    const auto job = attempt->job;
    auto say = [&] { return with_.deliveries.resolve(resolution(*attempt, wall_now())); };
    auto saying = say_until_heard<retry::Resolved>(*job, say);
    const auto heard = co_await std::move(saying);
    if (!heard)
        co_return;
    fault_point("after_resolve");
    if (heard->answer.ended)
        count_end(*heard->answer.ended);
    if (heard->answer.answer == retry::Resolved::Answer::done)
        tell_standing(*attempt);
    with_.historian.written(job->event.partition, job->event.envelope.event, {});
    with_.resolved(attempt, heard->answer);
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
    if (attempt.standing && !attempt.standing->telling.rule.empty())
        return tell_held(attempt);
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
        with_.log.warn("a delivery waits for a person: nobody else knows whether it arrived", line);
    else if (outcome == retry::Outcome::park)
        with_.log.warn("a delivery waits for something that is not there yet",
                       line.field("for", missing_words(telling.what)));
    else
        with_.log.warn("a delivery failed and is tried again", line);
}

/// Somebody has to approve it: what a rule says, and no failure.
void Outcomes::tell_held(const Attempt& attempt)
{
    const auto& telling = attempt.standing->telling;
    const auto line = observability::LogLine{}
                          .field("event", attempt.job->event.envelope.event.text())
                          .field("system", attempt.system)
                          .field("entity", attempt.delivery.transaction.entity)
                          .field("code", telling.reason)
                          .field("rule", telling.rule);
    if (telling.reason == "rule_unsure")
        with_.log.warn("a delivery waits for an approval, for nobody can tell whether its rule wants one",
                       observability::LogLine(line).field("detail", attempt.standing->detail));
    else
        with_.log.info("a delivery waits for an approval", line);
}

void Outcomes::written(const std::shared_ptr<Job>& job, bool before)
{
    with_.historian.written(job->event.partition, job->event.envelope.event,
                            before ? std::string{} : std::move(job->event.stored));
    with_.ended(job);
}

/// The one wide line of an event that has ended.
void Outcomes::tell(const Job& job, std::string_view state, std::string_view reason, const Failure* failure,
                    std::string_view stage)
{
    const auto& envelope = job.event.envelope;
    const auto took = wall_now() - envelope.received_at;
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
