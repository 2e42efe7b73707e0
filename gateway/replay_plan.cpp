#include "gateway/replay_plan.hpp"

#include <algorithm>
#include <utility>

#include "connectors/formats/json.hpp"
#include "core/clock.hpp"
#include "gateway/approvals.hpp"
#include "gateway/letter.hpp"
#include "gateway/tools/trial.hpp"

namespace headgate::gateway {

namespace {

using Verdict = LetterPlan::Verdict;

LetterPlan failing(FailedAt failed, std::string_view channel)
{
    LetterPlan plan;
    plan.verdict = Verdict::fails;
    plan.cause = cause_of(failed.stage, failed.failure,
                          {.code = failed.failure.code, .channel = channel, .type = {}, .system = {}});
    plan.failed = std::move(failed);
    return plan;
}

/// How a delivery of an event stands; nothing: no replay has met it yet.
std::optional<retry::DeliveryState> state_of(const retry::KnownEvent& known, const Hash16& half)
{
    const auto found = std::ranges::find(known.deliveries, half, &retry::KnownEvent::Known::half);
    return found == known.deliveries.end() ? std::nullopt : std::optional(found->state);
}

PlannedDelivery planned(const Attempt& attempt, const std::optional<StoredTransaction>& before,
                        const Configuration& configuration)
{
    PlannedDelivery delivery{.system = attempt.system, .transaction = attempt.delivery.transaction};
    if (const auto held = held_by_rule(attempt, configuration, wall_now()))
        delivery.rule = held->telling.rule;
    if (!before)
        return delivery;
    delivery.before = before->transaction;
    const auto was = connectors::read_json(text_of(before->transaction));
    const auto now = connectors::read_json(text_of(delivery.transaction));
    if (was && now)
        delivery.differences = differences(*was, *now);
    return delivery;
}

}  // namespace

std::string_view name_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::passes: return "passes";
    case Verdict::same: return "same";
    case Verdict::fails: return "fails";
    case Verdict::unwanted: return "unwanted";
    }
    std::unreachable();
}

LetterPlan plan_of(const LetterId& letter, std::string stored, const std::optional<StoredTransaction>& before,
                   const retry::KnownEvent& known, const Configuration& configuration, observability::Log& log)
{
    const auto envelope = decode_envelope_head(stored);
    auto made = make_all(letter.event, 0, 0, std::move(stored), read_replay_terms(known.terms), configuration, log);
    if (!made)
        return failing(std::move(made.error()), envelope ? std::string_view(envelope->channel) : "");
    LetterPlan plan;
    bool differs = false;
    for (const auto& attempt : (*made)->attempts) {
        const auto half = retry::DeliveryId::of(letter.event, attempt->delivery.transaction.slot, attempt->system).half;
        const auto state = state_of(known, half);
        const bool is_it = letter.delivery && half == *letter.delivery;
        if (!is_it && state && *state != retry::DeliveryState::again)
            continue;
        auto& delivery = plan.deliveries.emplace_back(planned(*attempt, is_it ? before : std::nullopt, configuration));
        delivery.is_new = !state;
        differs = differs || !delivery.before || !delivery.differences.empty();
    }
    (*made)->let_go();
    if (!plan.deliveries.empty())
        plan.verdict = differs ? Verdict::passes : Verdict::same;
    return plan;
}

}  // namespace headgate::gateway
