#include "gateway/standing.hpp"

#include <algorithm>
#include <utility>

#include "gateway/letter.hpp"
#include "gateway/searched_fields.hpp"
#include "gateway/stages/deliver.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

// What waits for something that is not there asks for it again after this time at the earliest.
constexpr std::chrono::milliseconds missing_wait = 5s;

retry::Millis in_ms(std::chrono::system_clock::time_point at)
{
    return std::chrono::floor<std::chrono::milliseconds>(at);
}

}  // namespace

Standing parked(const Missing& missing)
{
    Standing standing;
    standing.outcome = retry::Outcome::park;
    standing.telling.at = missing.until;
    standing.telling.reason = missing.code;
    standing.telling.failure_class = FailureClass::dependency;
    standing.telling.missing = missing.key;
    standing.telling.what = missing.what;
    standing.telling.come = missing.come;
    standing.telling.pass = missing.in_own_lane;
    return standing;
}

Standing coalescing(const CoalesceConfig& coalesce, std::chrono::system_clock::time_point now)
{
    Standing standing;
    standing.telling.at = in_ms(now + coalesce.within);
    standing.telling.reason = "coalescing";
    return standing;
}

WaitsFor waits_for(const Attempt& attempt, std::string_view code)
{
    return {.code = code,
            .channel = attempt.delivery.channel,
            .type = attempt.delivery.transaction.type,
            .system = attempt.system};
}

Standing dead(const Attempt& attempt, std::string_view stage, const Failure& failure,
              const Configuration& configuration, std::chrono::system_clock::time_point now)
{
    Standing standing;
    standing.outcome = retry::Outcome::dead;
    standing.telling.reason = failure.code;
    standing.telling.failure_class = failure.failure_class;
    retry::Letter& letter = standing.telling.letter.emplace(
        letter_of(stage, failure, waits_for(attempt, failure.code), configuration, now));
    letter.entity = attempt.delivery.transaction.entity;
    letter.order_number = order_number_of(attempt.delivery.transaction.json);
    letter.fields = found_in(configuration.searched, attempt.delivery.transaction);
    standing.detail = failure.detail;
    return standing;
}

Standing standing_of(const Attempt& attempt, SystemAnswer answer, const RetryConfig& retry,
                     const Configuration& configuration, std::chrono::system_clock::time_point now,
                     std::minstd_rand& random)
{
    Failure& why = answer.result.error();
    const auto asked = answer.not_before.value_or(0ms);
    Standing standing;
    switch (fate_of(why.failure_class)) {
    case Fate::retry:
    case Fate::park:
        if (answer.needed) {
            standing = parked(
                missing_of(*answer.needed, attempt.delivery, attempt.system, configuration.deployment.parking, now));
        } else if (now - attempt.first >= retry.max_age) {
            why.detail += "; given up at the age of " + config::text_of(retry.max_age);
            standing = dead(attempt, "deliver", why, configuration, now);
        } else {
            auto wait = std::max(backoff(attempt.attempts, retry, random), asked);
            if (why.failure_class == FailureClass::dependency)
                wait = std::max(wait, missing_wait);
            standing.telling.at = in_ms(now + wait);
        }
        break;
    case Fate::slow_the_system:
    case Fate::pause_the_system:
        standing.outcome = retry::Outcome::throttled;
        standing.telling.at = in_ms(now + asked);
        break;
    case Fate::by_repeat:
        standing.outcome = retry::Outcome::hold;
        standing.telling.at = in_ms(now + queue_of(configuration.deployment.queues, waits_for(attempt, why.code)).sla);
        standing.telling.what = why.detail;
        break;
    case Fate::adopt_or_reread:
    case Fate::dead_letter: standing = dead(attempt, "deliver", why, configuration, now); break;
    }
    standing.telling.maybe = answer.maybe_done;
    if (standing.telling.reason.empty())
        standing.telling.reason = why.code;
    standing.telling.failure_class = why.failure_class;
    standing.telling.progress = std::move(answer.progress);
    standing.detail = std::move(why.detail);
    return standing;
}

}  // namespace headgate::gateway
