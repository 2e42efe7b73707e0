#include "gateway/slow_path.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/give_way.hpp"
#include "core/random_seed.hpp"
#include "core/timer.hpp"
#include "gateway/approvals.hpp"
#include "gateway/missing.hpp"
#include "gateway/stages/deliver.hpp"
#include "gateway/standing.hpp"
#include "gateway/systems/progress.hpp"
#include "gateway/working_out.hpp"
#include "retry/envelopes.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

constexpr int ticks_between_counts = 20;   // of lanes, and looks at what is overdue: a second
constexpr int ticks_between_sweeps = 600;  // for what has come and nobody told of: half a minute

}  // namespace

SlowPath::SlowPath(Dependencies dependencies)
    : with_(std::move(dependencies)),
      unreadable_(with_.health, with_.log, "deliveries_unreadable",
                  "waiting deliveries cannot be read from Redis; it is tried again"),
      parking_(
          {with_.redis, with_.scripts, with_.decisions, with_.spawn,
           [this](MissingText parent) { return applied_before(std::move(parent)); },
           [this](const retry::DeliveryAt& ready) { look(ready); }, [this] { fill(); },
           [this](retry::WaitingDelivery delivery, Partition partition) { overdue(std::move(delivery), partition); }}),
      overdue_holds_({with_.redis, with_.scripts, with_.decisions, with_.configuration, with_.log, with_.spawn,
                      [this](const retry::DeliveryAt& moved) {
                          look(moved);
                          with_.happened(moved.partition);
                          fill();
                      }}),
      random_(random_seed())
{}

/// A system that takes nothing now is not asked either: its deliveries wait anyway.
Task<std::optional<std::string>> SlowPath::applied_before(MissingText parent)
{
    if (!with_.sender.knows(parent.system) || with_.sender.room(parent.system) == 0)
        co_return std::nullopt;
    auto asking = with_.applied_before(std::move(parent));
    co_return co_await std::move(asking);
}

void SlowPath::begin()
{
    with_.spawn(count_lanes(epoch_));
    take_over_if_needed();
}

void SlowPath::take_over_if_needed()
{
    if (taken_over_ || std::exchange(taking_over_, true))
        return;
    taken_over_ = true;  // unless Redis goes away meanwhile
    with_.spawn(take_over(epoch_));
}

void SlowPath::forget()
{
    ++epoch_;
    begun_ = taking_over_ = taken_over_ = false;
    lanes_known_ = false;
    lanes_of_.clear();
    systems_.clear();
    parking_.forget();
    overdue_holds_.forget();
    for (const auto& [id, attempt] : std::exchange(at_hand_, {}))
        if (attempt)
            attempt->job->let_go();
    sending_ = 0;
    placing_ = 0;
    unreadable_.ends();
}

void SlowPath::look_everywhere()
{
    for (auto& [system, waiting] : systems_)
        for (Share& share : waiting.shares)
            share.look = true;
    taken_over_ = false;
}

SlowPath::Waiting& SlowPath::of(std::string_view system)
{
    if (const auto found = systems_.find(system); found != systems_.end())
        return found->second;
    return systems_[std::string(system)];
}

void SlowPath::hint(std::string_view system, Partition partition)
{
    of(system).shares[partition].look = true;
}

void SlowPath::hint_due(std::string_view system, Partition partition, retry::Millis at)
{
    auto& next = of(system).shares[partition].next_due;
    next = next ? std::min(*next, at) : at;
}

void SlowPath::look(const retry::DeliveryAt& ready)
{
    ++changes_;
    // What woke it says nothing of its system; looking where nothing is costs one question.
    for (auto& [system, waiting] : systems_)
        waiting.shares[ready.partition].look = true;
}

// Taking over. -----------------------------------------------------------------------------------------------------

asio::awaitable<void> SlowPath::take_over(std::uint64_t epoch)
{
    Result<void> taken;
    std::set<std::string> strangers;
    const auto systems = co_await retry::placed_systems(with_.redis);
    if (epoch != epoch_)
        co_return;
    if (!systems)
        taken = std::unexpected(systems.error());
    for (std::size_t p = 0; p < partition_count && taken; ++p) {
        auto taking = take_over(static_cast<Partition>(p), (*systems)[p], strangers, epoch);
        taken = co_await std::move(taking);
        if (epoch != epoch_)
            co_return;
    }
    taking_over_ = false;
    if (!taken) {
        taken_over_ = false;  // the next tick begins again
        if (taken.error().failure_class == FailureClass::permanent)
            unreadable_.begins(taken.error());
        co_return;
    }
    unreadable_.ends();
    tell_strangers(strangers);
    begun_ = true;
    parking_.look_for_what_has_come();
    fill();
}

Task<void> SlowPath::take_over(Partition partition, const std::vector<std::string>& systems,
                               std::set<std::string>& strangers, std::uint64_t epoch)
{
    for (const std::string& system : systems) {
        auto name = system;
        const auto doubted = co_await doubt_what_is_busy(partition, std::move(name));
        if (!doubted || epoch != epoch_)
            co_return doubted;
        hint(system, partition);
        if (with_.sender.knows(system))
            continue;
        name = system;
        const auto waiting =
            co_await retry::next_deliveries(with_.redis, with_.scripts, partition, std::move(name), wall_now_ms(), 1);
        if (!waiting)
            co_return std::unexpected(waiting.error());
        if (waiting->ready + waiting->due > 0 || waiting->next_due)
            strangers.insert(system);
    }
    co_return Result<void>{};
}

/// What waits for a system that is not configured waits for ever.
void SlowPath::tell_strangers(const std::set<std::string>& strangers)
{
    constexpr auto note = "system_not_configured";
    if (strangers.empty())
        return with_.health.clear_note(note);
    std::string names;
    for (const std::string& system : strangers)
        names += (names.empty() ? "" : ", ") + system;
    with_.health.note(note, "deliveries wait for " + names + ", which is not configured");
    with_.log.warn("deliveries wait for a system that is not configured; configure it again, or nothing sends them",
                   observability::LogLine{}.field("systems", names));
}

/// What was on the wire when its owner went, or when Redis forgot its end: nobody knows what became of it.
Task<void> SlowPath::doubt_what_is_busy(Partition partition, std::string system)
{
    std::vector<retry::WaitingDelivery> busy;
    std::string cursor;
    do {
        auto name = system;
        auto page = co_await retry::waiting(with_.redis, with_.scripts, partition, retry::DeliveryState::busy,
                                            std::move(name), std::move(cursor));
        if (!page)
            co_return std::unexpected(std::move(page.error()));
        std::ranges::move(page->deliveries, std::back_inserter(busy));
        cursor = std::move(page->next);
    } while (!cursor.empty());
    for (auto& delivery : busy) {
        if (at_hand_.contains(delivery.id))
            continue;  // its answer is waited for here
        Progress progress = Progress::read(delivery.progress);
        progress.lost = true;
        progress.misses = 0;  // of an earlier doubt: it was sent since
        retry::Resolution resolution;
        resolution.partition = partition;
        resolution.delivery = delivery.id;
        resolution.attempts = delivery.attempts;
        resolution.outcome = retry::Outcome::unknown;
        resolution.telling.at = wall_now_ms();
        resolution.telling.reason = "owner_gone";
        resolution.telling.failure_class = FailureClass::unknown_outcome;
        resolution.telling.progress = progress.text();
        resolution.frame = "{\"reason\":\"owner_gone\"}";
        const auto resolved = co_await with_.deliveries.resolve(std::move(resolution));
        if (!resolved)
            co_return std::unexpected(resolved.error());
    }
    co_return Result<void>{};
}

// Lanes. -----------------------------------------------------------------------------------------------------------

bool SlowPath::may_have_lanes(std::string_view system) const
{
    return !lanes_known_ || lanes_of_.contains(system);
}

void SlowPath::expect(const Job& job)
{
    ++changes_;
    ++placing_;
    for (const auto& attempt : job.attempts)
        if (!attempt->applied)
            lanes_of_.insert(attempt->system);
}

/// Systems that have none any more are sent to without asking. What is parked may get a lane by what others do, so it
/// is asked for first, and nothing is concluded while something moves here.
asio::awaitable<void> SlowPath::count_lanes(std::uint64_t epoch)
{
    const auto changes = changes_;
    const auto parked = co_await retry::anything_parked(with_.redis);
    auto systems = co_await retry::systems_with_lanes(with_.redis);
    if (!parked || !systems || epoch != epoch_ || changes != changes_ || placing_ > 0 || !at_hand_.empty())
        co_return;
    lanes_of_.clear();
    for (auto& system : *systems)
        lanes_of_.insert(std::move(system));
    lanes_known_ = !*parked;
}

// What waits. ------------------------------------------------------------------------------------------------------

/// What was waited for too long is a letter.
void SlowPath::overdue(retry::WaitingDelivery delivery, Partition partition)
{
    if (!at_hand_.emplace(delivery.id, nullptr).second)
        return;
    const auto attempt = attempt_of(std::move(delivery), partition);
    const auto& placed = *attempt->placed;
    attempt->standing =
        dead(*attempt, "deliver",
             {FailureClass::dependency,
              placed.reason,
              "waited for " + missing_words(placed.what) + " as long as `parking` says, and it did not come",
              {}},
             with_.configuration, wall_now());
    ++of(attempt->system).shares[partition].at_hand;
    with_.resolve(attempt);
}

void SlowPath::placed(const Job& job, const retry::Placed& placed)
{
    --placing_;
    const Partition partition = job.event.partition;
    if (job.event.channel != nullptr && !placed.ended)
        job.event.channel->placed.fetch_add(1, std::memory_order_relaxed);  // until they are counted again
    for (const auto& attempt : job.attempts) {
        if (attempt->applied) {
            with_.sender.told(*attempt);
            parking_.applied(*attempt);
            continue;
        }
        if (attempt->standing && attempt->standing->outcome == retry::Outcome::park)
            parking_.parked(*attempt->standing, partition);
        if (attempt->standing && attempt->standing->outcome == retry::Outcome::hold)
            overdue_holds_.held(*attempt->standing, partition);
        if (attempt->standing && retry::state_of(attempt->standing->outcome) == retry::DeliveryState::due)
            hint_due(attempt->system, partition, attempt->standing->telling.at);
        else
            hint(attempt->system, partition);
    }
    for (const auto& ready : placed.ready)
        look(ready);
    fill();
}

void SlowPath::resolved(const std::shared_ptr<Attempt>& attempt, const retry::Resolved& resolved)
{
    ++changes_;
    const Partition partition = attempt->job->event.partition;
    if (attempt->applied) {
        with_.sender.told(*attempt);
        parking_.applied(*attempt);
    } else if (attempt->standing->outcome == retry::Outcome::park) {
        parking_.parked(*attempt->standing, partition);
    } else if (attempt->standing->outcome == retry::Outcome::hold) {
        overdue_holds_.held(*attempt->standing, partition);
    } else if (retry::state_of(attempt->standing->outcome) == retry::DeliveryState::due) {
        hint_due(attempt->system, partition, attempt->standing->telling.at);
    }
    if (resolved.state == retry::DeliveryState::ready)
        hint(attempt->system, partition);
    if (resolved.next)
        hint(attempt->system, resolved.next->partition);
    let_go(attempt, resolved.answer != retry::Resolved::Answer::done);
    fill();
}

void SlowPath::tick()
{
    ++ticks_;
    take_over_if_needed();
    if (ticks_ % ticks_between_counts == 0 && (!lanes_known_ || !lanes_of_.empty()))
        with_.spawn(count_lanes(epoch_));
    if (begun_ && ticks_ % ticks_between_sweeps == 0 && parking_.anything_missing())
        parking_.look_for_what_has_come();
    if (begun_ && !draining_ && ticks_ % ticks_between_counts == 0)
        parking_.look_for_overdue();
    if (begun_ && !draining_ && ticks_ % ticks_between_counts == 0)
        overdue_holds_.look();
    fill();
}

void SlowPath::fill()
{
    if (!begun_ || draining_)
        return;
    const auto now = wall_now_ms();
    for (auto& [system, waiting] : systems_)
        if (with_.sender.knows(system))
            fill(system, waiting, now);
}

/// Partitions take turns, so that none is read dry before another is looked at.
void SlowPath::fill(const std::string& system, Waiting& waiting, retry::Millis now)
{
    auto room = with_.sender.room(system);
    room -= std::min(room, waiting.reading);
    for (std::size_t looked = 0; looked < waiting.shares.size() && room > 0; ++looked) {
        const std::size_t at = (waiting.turn + looked) % waiting.shares.size();
        Share& share = waiting.shares[at];
        const bool wanted = share.look || (share.next_due && *share.next_due <= now);
        if (!wanted || share.reading)
            continue;
        share.reading = true;
        share.look = false;
        share.next_due.reset();
        const std::size_t count = std::min<std::size_t>(room, 16);
        room -= count;
        waiting.reading += count;
        waiting.turn = at + 1;
        with_.spawn(read(system, static_cast<Partition>(at), count, epoch_));
    }
}

asio::awaitable<void> SlowPath::read(std::string system, Partition partition, std::size_t count, std::uint64_t epoch)
{
    const std::size_t at_hand = of(system).shares[partition].at_hand;
    auto name = system;
    auto next = co_await retry::next_deliveries(with_.redis, with_.scripts, partition, std::move(name), wall_now_ms(),
                                                std::min<std::size_t>(256, count + at_hand));
    if (epoch != epoch_)
        co_return;
    Waiting& waiting = of(system);
    Share& share = waiting.shares[partition];
    share.reading = false;
    waiting.reading -= count;
    if (!next) {
        if (next.error().failure_class == FailureClass::permanent)
            unreadable_.begins(next.error());
        share.look = true;  // the next tick asks again
        co_return;
    }
    unreadable_.ends();
    if (next->next_due)
        hint_due(system, partition, *next->next_due);
    if (next->ready + next->due > next->deliveries.size())
        share.look = true;
    std::erase_if(next->deliveries,
                  [this](const auto& delivery) { return !at_hand_.emplace(delivery.id, nullptr).second; });
    if (next->deliveries.empty())
        co_return fill();  // what was kept for it is there for others
    share.at_hand += next->deliveries.size();
    std::vector<EventId> events;
    for (const auto& delivery : next->deliveries)
        events.push_back(delivery.id.event);
    auto stored = co_await retry::envelopes(with_.redis, std::move(events));
    if (epoch != epoch_)
        co_return;
    for (std::size_t i = 0; i < next->deliveries.size(); ++i) {
        auto& delivery = next->deliveries[i];
        Result<std::string> envelope;
        if (!stored)
            envelope = std::unexpected(stored.error());
        else if ((*stored)[i])
            envelope = std::move(*(*stored)[i]);
        else
            envelope = co_await with_.spilled(delivery.id.event);
        if (epoch != epoch_)
            co_return;
        if (envelope) {
            bring(std::move(delivery), partition, std::move(*envelope));
            let_others_go();
            continue;
        }
        at_hand_.erase(delivery.id);
        --share.at_hand;
        share.look = true;  // the next tick asks again
    }
}

/// A delivery as Redis knows it, without its transaction.
std::shared_ptr<Attempt> SlowPath::attempt_of(retry::WaitingDelivery delivery, Partition partition)
{
    auto job = std::make_shared<Job>();
    job->event.partition = partition;
    job->event.seq = job->event.origin_seq = delivery.seq;
    job->event.envelope.event = delivery.id.event;
    auto attempt = std::make_shared<Attempt>();
    attempt->job = job;
    job->attempts = {attempt};
    attempt->system = delivery.system;
    attempt->delivery.event = delivery.id.event;
    attempt->delivery.channel = delivery.channel;
    attempt->delivery.transaction.type = delivery.type;
    fill_in(*attempt, std::move(delivery));
    return attempt;
}

void SlowPath::fill_in(Attempt& attempt, retry::WaitingDelivery delivery)
{
    attempt.courier = this;
    attempt.attempts = delivery.attempts;
    attempt.first = delivery.first;
    attempt.maybe_sent = delivery.maybe;
    attempt.progress = std::move(delivery.progress);
    attempt.placed = std::move(delivery);
    at_hand_[attempt.placed->id] = attempt.job->attempts.front();
}

/// Makes the delivery again from its event and puts it where its turn comes.
void SlowPath::bring(retry::WaitingDelivery delivery, Partition partition, std::string stored)
{
    auto job = make_again(delivery.id, partition, delivery.seq, std::move(stored), read_replay_terms(delivery.terms),
                          with_.configuration, with_.log);
    if (!job) {
        const auto attempt = attempt_of(std::move(delivery), partition);
        attempt->standing = dead(*attempt, job.error().stage, job.error().failure, with_.configuration, wall_now());
        return with_.resolve(attempt);
    }
    const auto attempt = (*job)->attempts.front();
    fill_in(*attempt, std::move(delivery));
    const Event& event = (*job)->event;
    if (with_.paused(event.envelope.channel)) {
        attempt->standing = parked(channel_missing(event.envelope.channel));
        return with_.resolve(attempt);
    }
    if (attempt->coalesce != nullptr && attempt->coalesce->expires &&
        wall_now() - event.envelope.received_at > *attempt->coalesce->expires) {
        attempt->applied = Applied{Applied::Outcome::expired, {}};
        return with_.resolve(attempt);
    }
    attempt->standing = held_by_rule(*attempt, with_.configuration, wall_now());
    if (attempt->standing)
        return with_.resolve(attempt);
    static_cast<void>(with_.sender.put(attempt));  // it takes what it had room for
}

void SlowPath::let_go(const std::shared_ptr<Attempt>& attempt, bool look_again)
{
    Share& share = of(attempt->system).shares[attempt->job->event.partition];
    at_hand_.erase(attempt->placed->id);
    if (share.at_hand > 0)
        --share.at_hand;
    share.look = share.look || look_again;
    attempt->job->let_go();
}

// On the wire. -----------------------------------------------------------------------------------------------------

void SlowPath::turn(const std::shared_ptr<Attempt>& attempt)
{
    if (draining_ || !with_.sender.claim_lane(*attempt)) {
        with_.sender.pass(attempt);
        return let_go(attempt, true);
    }
    ++sending_;
    with_.spawn(take_and_send(attempt, epoch_));
}

void SlowPath::turned_away(const std::shared_ptr<Attempt>& attempt)
{
    let_go(attempt, true);
}

asio::awaitable<void> SlowPath::take_and_send(std::shared_ptr<Attempt> attempt, std::uint64_t epoch)
{
    constexpr auto longest_sending = 1h;  // of all steps; for people who look
    retry::Take take;
    take.partition = attempt->job->event.partition;
    take.delivery = attempt->placed->id;
    take.attempts = attempt->placed->attempts;
    take.deadline = wall_now_ms() + longest_sending;
    auto taken = co_await with_.deliveries.take(take);
    if (!taken && taken.error().failure_class == FailureClass::unknown_outcome) {
        // It may be taken: nobody but us would ever let it go again. Said again, it answers the same.
        Timer timer(co_await asio::this_coro::executor);
        while (!taken && epoch == epoch_ && taken.error().code != "lease_lost") {
            timer.expires_after(100ms);
            co_await timer.async_wait(use_tuple);
            taken = co_await with_.deliveries.take(take);
        }
    }
    if (epoch != epoch_)
        co_return with_.sender.pass(attempt);
    if (!taken || taken->answer != retry::Taken::Answer::taken) {
        --sending_;
        if (!taken && taken.error().code == "lease_lost")
            with_.lease_lost();
        with_.sender.pass(attempt);
        co_return let_go(attempt, true);
    }
    fault_point("after_take");
    attempt->placed->state = retry::DeliveryState::busy;
    attempt->attempts = attempt->placed->attempts = taken->attempts;
    with_.sender.apply(attempt, {taken->attempts, attempt->maybe_sent, attempt->progress});
}

void SlowPath::answered(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer)
{
    --sending_;
    if (answer.result)
        attempt->applied = std::move(*answer.result);
    else
        attempt->standing = standing_of(*attempt, std::move(answer), with_.sender.retry(attempt->system),
                                        with_.configuration, wall_now(), random_);
    with_.resolve(attempt);
}

}  // namespace headgate::gateway
