#include "gateway/owner.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/fault_point.hpp"
#include "core/give_way.hpp"
#include "gateway/historian.hpp"
#include "gateway/stages/decode.hpp"
#include "gateway/stages/deliver.hpp"
#include "gateway/stages/finish.hpp"
#include "gateway/stages/map.hpp"
#include "gateway/stages/route.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// So far beyond the newest seq a reservation reaches: about 20 ms of full load, so that reserving is a call for many.
constexpr std::uint64_t look_ahead = 256;

}  // namespace

/// Answers of a batch arrive one by one on the system's thread; they are handed to the loop together.
struct Owner::Completions {
    std::mutex mutex;
    std::vector<Completion> waiting;
    Owner* owner = nullptr;  // the loop's thread only
};

Owner::Owner(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(executor),
      with_(std::move(dependencies)),
      completions_(std::make_shared<Completions>()),
      alive_(std::make_shared<bool>(true)),
      ticker_(executor),
      random_(std::random_device{}())
{
    completions_->owner = this;
    tick();
}

Owner::~Owner()
{
    *alive_ = false;
    completions_->owner = nullptr;
    ticker_.cancel();
}

bool Owner::lease_valid() const
{
    return retry::boottime_ns() < with_.lease_until.load(std::memory_order_acquire);
}

void Owner::begin(std::uint64_t accepted_before)
{
    ++epoch_;
    accepted_before_ = accepted_before;
    for (const auto& [name, channel] : with_.configuration.channels)
        channel->waiting.store(0, std::memory_order_relaxed);  // what is there is counted when it is taken up
    newest_ = std::max(newest_, accepted_before);
    for (int p = 0; p < partition_count; ++p)
        high_water_[static_cast<std::size_t>(p)] = with_.lease.high_water(static_cast<Partition>(p));
    feed_.restart();
    begun_ = true;
    wake();
}

void Owner::forget()
{
    ++epoch_;
    begun_ = false;
    feed_.restart();
    lanes_.clear();
    unreserved_.clear();
    for (auto& [event, job] : working_)
        job->let_go();
    working_.clear();
    in_flight_ = 0;
    reserving_ = false;
    with_.metrics.in_flight.set(0);
}

void Owner::resync()
{
    // Reading the streams from the start again: what is being worked on is known by its seq and skipped.
    feed_.restart();
    // With `durability: relaxed` a Redis that comes back may have lost what was reserved: ask again before sending.
    high_water_.fill(0);
    wake();
}

bool Owner::idle() const
{
    return in_flight_ == 0 && active_loads_ == 0 && feed_.ready_count() == 0 && feed_.caught_up();
}

void Owner::hand(Event event, std::uint64_t ordinal, bool whole)
{
    fault_point("accept_answered");
    newest_ = std::max(newest_, event.seq);
    if (!begun_)
        return;
    const bool room = whole && feed_.ready_count() < most_ready && feed_.ready_bytes() < most_ready_bytes && !draining_;
    feed_.hand(std::move(event), ordinal, room);
    wake();
}

void Owner::heard_of(Partition partition, std::uint64_t seq)
{
    newest_ = std::max(newest_, seq);
    feed_.heard_of(partition, seq);
    wake();
}

void Owner::look_again()
{
    feed_.look_again();
    wake();
}

void Owner::readmitted(Partition partition, std::uint64_t seq)
{
    newest_ = std::max(newest_, seq);
    feed_.recall(partition, seq);
    wake();
}

void Owner::tick()
{
    feed_.tick();
    wake();
    ticker_.expires_after(50ms);
    ticker_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive)
            tick();
    });
}

void Owner::wake()
{
    if (woken_ || !begun_)
        return;
    woken_ = true;
    asio::post(executor_, [this, alive = alive_] {
        if (*alive)
            turn();
    });
}

void Owner::turn()
{
    woken_ = false;
    if (!begun_ || !lease_valid())
        return;
    for (std::size_t done = 0;
         done < events_per_turn && feed_.ready_count() > 0 && in_flight_ < most_in_flight && !draining_; ++done) {
        process(feed_.pop());
        let_others_go();
    }
    start_loads();
    reserve();
    if (feed_.ready_count() > 0 && in_flight_ < most_in_flight && !draining_)
        wake();
}

void Owner::start_loads()
{
    while (!draining_ && active_loads_ < most_loads && feed_.ready_count() < most_ready / 2 &&
           feed_.ready_bytes() < most_ready_bytes / 2) {
        const auto load_next = feed_.next_load();
        if (!load_next)
            return;
        ++active_loads_;
        spawn(load(*load_next, epoch_));
    }
}

asio::awaitable<void> Owner::load(Feed::Load load, std::uint64_t epoch)
{
    auto entries = co_await with_.backlog.load(load.partition, load.after, load.limit);
    --active_loads_;
    if (epoch != epoch_)
        co_return;
    if (!entries) {
        feed_.load_failed(load);
        co_return;  // the next tick tries again
    }
    std::vector<Event> events;
    events.reserve(entries->size());
    for (auto& entry : *entries) {
        newest_ = std::max(newest_, entry.seq);
        events.push_back(event_of(std::move(entry)));
        events.back().partition = load.partition;
    }
    with_.metrics.loaded.add(events.size());
    feed_.loaded(load, std::move(events));
    wake();
}

Event Owner::event_of(retry::BacklogEntry entry) const
{
    Event event;
    event.seq = entry.seq;
    event.origin_seq = entry.origin_seq;
    event.envelope.event = entry.event;
    if (!entry.envelope)
        return event;
    event.stored = std::move(*entry.envelope);
    // The body stays packed until its turn: what waits is small.
    if (auto envelope = decode_envelope_head(event.stored)) {
        event.envelope = std::move(*envelope);
        event.channel = with_.configuration.channel(event.envelope.channel);
    } else {
        event.envelope.channel.clear();
    }
    return event;
}

void Owner::process(Event event)
{
    const EventId id = event.envelope.event;
    if (working_.contains(id))
        return;  // loaded again while it is being worked on
    auto job = std::make_shared<Job>();
    job->epoch = epoch_;
    job->event = std::move(event);
    job->begun = std::chrono::system_clock::now();
    working_.emplace(id, job);
    ++in_flight_;
    with_.metrics.in_flight.set(static_cast<std::int64_t>(in_flight_));
    try {
        prepare(job);
    } catch (const std::exception& bug) {
        with_.log.error("an event could not be worked on",
                        observability::LogLine{}.field("event", id.text()).field("what", bug.what()));
        bury(job, "process",
             {FailureClass::permanent, "internal_error", "Headgate failed on this event; see its log", {}});
    }
}

/// decode ─▶ map ─▶ validate ─▶ route, and off to the lanes.
void Owner::prepare(const std::shared_ptr<Job>& job)
{
    Event& event = job->event;
    // What this process accepted was counted as waiting then; what it found or got back is counted now.
    if (event.channel != nullptr && (event.seq <= accepted_before_ || event.seq != event.origin_seq))
        event.channel->waiting.fetch_add(1, std::memory_order_relaxed);

    if (event.channel == nullptr && event.envelope.channel.empty())
        return bury(job, "decode",
                    {FailureClass::permanent, "envelope_unreadable", "the stored event cannot be read", {}});
    if (event.channel == nullptr)
        return bury(job, "decode",
                    {FailureClass::permanent,
                     "unknown_channel",
                     "the channel " + event.envelope.channel + " is no longer configured",
                     {}});
    if (event.envelope.body.empty()) {
        auto whole = decode_envelope(event.stored);
        if (!whole)
            return bury(job, "decode", std::move(whole.error()));
        event.envelope.body = std::move(whole->body);
    }
    auto decoded = decode(event);
    if (!decoded)
        return bury(job, "decode", std::move(decoded.error()));
    if (decoded->topic == nullptr) {
        job->reason = "filtered";
        return spawn(finish_now(job));
    }
    auto mapped = map(event, *decoded);
    event.document.reset();
    event.envelope.body = {};  // from here on the packed one is enough
    if (!mapped)
        return bury(job, "map", std::move(mapped.error()));
    if (mapped->empty() || event.channel->config.mode == ChannelConfig::Mode::shadow) {
        job->reason = mapped->empty() ? "filtered" : "shadow";
        return spawn(finish_now(job));
    }
    auto routed = route(std::move(*mapped), with_.configuration, event.envelope.channel);
    if (!routed)
        return bury(job, "route", std::move(routed.error()));

    job->attempts = deliveries(job, std::move(*routed));
    job->unfinished = job->attempts.size();
    // By value: a delivery that ends at once lets the attempts go.
    const auto attempts = job->attempts;
    for (const auto& attempt : attempts)
        if (lanes_.push(attempt))
            dispatch(attempt);
}

/// The head of a lane: sent at once when its seq is reserved, else with the next reservation.
void Owner::dispatch(const std::shared_ptr<Attempt>& attempt)
{
    if (attempt->delivery.seq <= high_water_[attempt->job->event.partition]) {
        send(attempt);
        return;
    }
    unreserved_.push_back(attempt);
    wake();
}

void Owner::reserve()
{
    if (reserving_ || unreserved_.empty())
        return;
    std::array<bool, partition_count> wanted{};
    for (const auto& attempt : unreserved_)
        wanted[attempt->job->event.partition] = true;
    std::vector<retry::Reservation> reservations;
    for (std::size_t p = 0; p < wanted.size(); ++p)
        if (wanted[p])
            reservations.push_back({static_cast<Partition>(p), newest_ + look_ahead});
    reserving_ = true;
    spawn(reserve_now(std::move(reservations), epoch_));
}

asio::awaitable<void> Owner::reserve_now(std::vector<retry::Reservation> reservations, std::uint64_t epoch)
{
    auto copy = reservations;
    const auto reserved = co_await with_.backlog.reserve(std::move(copy));
    reserving_ = false;
    if (epoch != epoch_)
        co_return;
    if (!reserved) {
        if (reserved.error().code == "lease_lost")
            with_.on_lease_lost();
        co_return;  // the next tick asks again
    }
    for (const auto& reservation : reservations)
        high_water_[reservation.partition] = std::max(high_water_[reservation.partition], reservation.upto);
    fault_point("after_reserve");
    auto heads = std::exchange(unreserved_, {});
    for (const auto& attempt : heads)
        dispatch(attempt);
    wake();
}

void Owner::send(const std::shared_ptr<Attempt>& attempt)
{
    const auto system = with_.systems.find(attempt->system);
    if (system == with_.systems.end()) {
        completed(attempt, fail(FailureClass::permanent, "unknown_system",
                                "the system " + attempt->system + " is no longer configured"));
        return;
    }
    ++attempt->attempts;
    // The system checks the lease itself, right before it writes.
    system->second->apply(attempt->delivery,
                          [completions = completions_, executor = executor_, attempt](Result<Applied> result) {
                              const std::lock_guard lock(completions->mutex);
                              completions->waiting.push_back({attempt, std::move(result)});
                              if (completions->waiting.size() > 1)
                                  return;  // the loop knows already
                              asio::post(executor, [completions] {
                                  std::vector<Completion> batch;
                                  {
                                      const std::lock_guard inside(completions->mutex);
                                      batch.swap(completions->waiting);
                                  }
                                  if (completions->owner == nullptr)
                                      return;
                                  fault_point("after_ledger_commit");
                                  for (auto& completion : batch)
                                      completions->owner->completed(completion.attempt, std::move(completion.result));
                              });
                          });
}

void Owner::completed(const std::shared_ptr<Attempt>& attempt, Result<Applied> result)
{
    const auto job = attempt->job;
    if (job->epoch != epoch_)
        return;
    if (!result && fate_of(result.error().failure_class) == Fate::retry) {
        // A letter that came back is as old as its return.
        const bool replayed = job->event.seq != job->event.origin_seq;
        const auto age = std::chrono::system_clock::now() - (replayed ? job->begun : job->event.envelope.received_at);
        if (age < max_age) {
            with_.log.warn("a delivery failed and is tried again",
                           observability::LogLine{}
                               .field("event", job->event.envelope.event.text())
                               .field("system", attempt->system)
                               .field("entity", attempt->delivery.transaction.entity)
                               .field("attempts", attempt->attempts)
                               .field("code", result.error().code)
                               .field("detail", result.error().detail));
            return retry_later(attempt);
        }
        result.error().detail += "; given up at the age of 3 days";
    }
    attempt->outcome = std::move(result);
    if (const auto next = lanes_.pop(attempt->lane))
        dispatch(next);
    if (--job->unfinished == 0)
        end_of_deliveries(job);
}

void Owner::retry_later(const std::shared_ptr<Attempt>& attempt)
{
    with_.metrics.retries.add();
    auto timer = std::make_shared<asio::steady_timer>(executor_, backoff(attempt->attempts, random_));
    timer->async_wait([this, alive = alive_, timer, attempt](const boost::system::error_code& error) {
        if (!error && *alive && attempt->job->epoch == epoch_)
            dispatch(attempt);
    });
}

void Owner::end_of_deliveries(const std::shared_ptr<Job>& job)
{
    for (const auto& attempt : job->attempts)
        if (!*attempt->outcome)
            return bury(job, "deliver", attempt->outcome->error());
    spawn(finish_now(job));
}

void Owner::bury(std::shared_ptr<Job> job, std::string_view stage, Failure failure)
{
    spawn(bury_now(std::move(job), std::string(stage), std::move(failure)));
}

void Owner::unwritten(std::string_view code)
{
    if (code.empty() == !unwritten_)
        return;
    unwritten_ = !code.empty();
    if (!unwritten_) {
        with_.health.clear("outcomes_unwritten");
        return;
    }
    with_.health.set("outcomes_unwritten", code);
    with_.log.warn("outcomes cannot be written to Redis; they are tried again until they can",
                   observability::LogLine{}.field("code", code));
}

asio::awaitable<void> Owner::finish_now(std::shared_ptr<Job> job)
{
    bool first = true;
    for (auto wait = 20ms; job->epoch == epoch_; wait = std::min(wait * 2, std::chrono::milliseconds(1000))) {
        auto item = finished(*job, std::chrono::system_clock::now());
        const bool applied = item.as == retry::Finished::As::applied;
        auto answer = co_await with_.backlog.finish(std::move(item));
        if (job->epoch != epoch_)
            co_return;
        if (answer) {
            fault_point("after_finish");
            unwritten({});
            if (*answer == retry::FinishAnswer::in_open)
                with_.log.error("an event of the backlog is known to the slow path as well",
                                observability::LogLine{}.field("event", job->event.envelope.event.text()));
            // Gone at the first try: it had ended before and was only loaded again.
            const bool again = first && *answer == retry::FinishAnswer::gone;
            std::string reason = job->reason;
            for (const auto& attempt : job->attempts)
                if (!applied)
                    reason = (**attempt->outcome).outcome == Applied::Outcome::stale ? "stale" : "repeated";
            if (!again) {
                (applied ? with_.metrics.applied : with_.metrics.suppressed).add();
                tell(*job, applied ? "applied" : "suppressed", applied ? "" : reason, nullptr, "");
            }
            with_.historian.written(job->event.partition, job->event.envelope.event,
                                    again ? std::string{} : std::move(job->event.stored));
            ended(*job);
            co_return;
        }
        if (answer.error().code == "lease_lost") {
            with_.on_lease_lost();
            co_return;
        }
        // Redis is away, or its answer was lost: saying it again is safe, what is done is done once.
        first = first && answer.error().failure_class != FailureClass::unknown_outcome;
        unwritten(answer.error().code);
        asio::steady_timer timer(executor_, wait);
        co_await timer.async_wait(use_tuple);
    }
}

asio::awaitable<void> Owner::bury_now(std::shared_ptr<Job> job, std::string stage, Failure failure)
{
    bool first = true;
    for (auto wait = 20ms; job->epoch == epoch_; wait = std::min(wait * 2, std::chrono::milliseconds(1000))) {
        auto item = burial(*job, stage, failure, with_.configuration.generation, std::chrono::system_clock::now());
        auto answer = co_await with_.backlog.bury(std::move(item));
        if (job->epoch != epoch_)
            co_return;
        if (answer) {
            unwritten({});
            const bool again = first && *answer == retry::BuryAnswer::gone;
            if (!again) {
                with_.metrics.dead.add();
                tell(*job, "dead", failure.code, &failure, stage);
            }
            with_.historian.written(job->event.partition, job->event.envelope.event,
                                    again ? std::string{} : std::move(job->event.stored));
            ended(*job);
            co_return;
        }
        if (answer.error().code == "lease_lost") {
            with_.on_lease_lost();
            co_return;
        }
        first = first && answer.error().failure_class != FailureClass::unknown_outcome;
        unwritten(answer.error().code);
        asio::steady_timer timer(executor_, wait);
        co_await timer.async_wait(use_tuple);
    }
}

void Owner::ended(Job& job)
{
    if (const Channel* channel = job.event.channel)
        if (channel->waiting.fetch_sub(1, std::memory_order_relaxed) <= 0)
            channel->waiting.fetch_add(1,
                                       std::memory_order_relaxed);  // its accept was never counted: the answer was lost
    --in_flight_;
    with_.metrics.in_flight.set(static_cast<std::int64_t>(in_flight_));
    job.let_go();
    working_.erase(job.event.envelope.event);
    wake();
}

/// The one wide line of an event that has ended.
void Owner::tell(const Job& job, std::string_view state, std::string_view reason, const Failure* failure,
                 std::string_view stage)
{
    const auto& envelope = job.event.envelope;
    const auto took = std::chrono::system_clock::now() - envelope.received_at;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    with_.metrics.finish_seconds.observe(static_cast<std::uint64_t>(std::max<std::int64_t>(0, us)));

    if (with_.log.enabled(failure != nullptr ? observability::LogLevel::warn : observability::LogLevel::info)) {
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
}

void Owner::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(executor_, std::move(work), [this, alive = alive_](const std::exception_ptr& error) {
        if (!error)
            return;
        // A bug: nothing is lost, the event stays in its stream and is begun again by the next owner.
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& thrown) {
            if (!*alive)
                return;
            with_.log.error("a task of the owner failed", observability::LogLine{}.field("what", thrown.what()));
            with_.on_lease_lost();
        }
    });
}

}  // namespace headgate::gateway
