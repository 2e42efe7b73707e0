#include "gateway/owner.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "core/async.hpp"
#include "core/fault_point.hpp"
#include "core/give_way.hpp"
#include "gateway/approvals.hpp"
#include "gateway/stages/deliver.hpp"
#include "gateway/standing.hpp"
#include "gateway/unfolding.hpp"
#include "gateway/working_out.hpp"

namespace headgate::gateway {

using namespace std::chrono_literals;

Owner::Owner(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(executor),
      with_(std::move(dependencies)),
      alive_(std::make_shared<bool>(true)),
      sender_(executor, with_.systems, with_.health),
      outcomes_(executor,
                {with_.backlog, with_.deliveries, with_.historian, with_.metrics, with_.log, with_.health,
                 [this](asio::awaitable<void> work) { spawn(std::move(work)); }, with_.configuration,
                 with_.on_lease_lost, [this](const std::shared_ptr<Job>& job) { ended(job); },
                 [this](const Event& event, const mapping::MissedWord& missed) { words_.awaits(event, missed); },
                 [this](const std::shared_ptr<Job>& job, const retry::Placed& answer) { placed(job, answer); },
                 [this](const std::shared_ptr<Attempt>& attempt, const retry::Resolved& answer) {
                     slow_path_.resolved(attempt, answer);
                 }}),
      slow_path_({with_.redis, with_.scripts, with_.deliveries, with_.decisions, with_.configuration, sender_,
                  with_.log, with_.health, [this](asio::awaitable<void> work) { spawn(std::move(work)); },
                  with_.on_lease_lost, [this](const std::shared_ptr<Attempt>& attempt) { outcomes_.resolve(attempt); },
                  [this](std::string_view channel) { return paused_channels_.contains(channel); },
                  [this](EventId event) { return with_.spill.read(event); }, with_.applied_before,
                  [this](Partition partition) { with_.historian.written(partition, {}, {}); }}),
      words_({with_.redis, with_.scripts, with_.configuration, with_.log, with_.health,
              [this](asio::awaitable<void> work) { spawn(std::move(work)); },
              [this](EventId event) { return with_.spill.read(event); },
              [this](Partition partition, std::uint64_t seq) {
                  readmitted(partition, seq);
                  with_.historian.written(partition, {}, {});
              },
              [this] { resync(); }}),
      dispatcher_({with_.redis, with_.backlog, sender_, with_.log, with_.health,
                   [this](asio::awaitable<void> work) { spawn(std::move(work)); }, with_.configuration,
                   [this] { return newest_; }, [this] { wake(); }, with_.on_lease_lost,
                   [this](std::string_view system) { return slow_path_.may_have_lanes(system); },
                   [this](const std::shared_ptr<Job>& job) { outcomes_.finish(job); },
                   [this](const std::shared_ptr<Job>& job) {
                       slow_path_.expect(*job);
                       outcomes_.place(job);
                   }}),
      unreadable_(with_.health, with_.log, "backlog_unreadable",
                  "accepted events cannot be read from Redis; they wait there, and it is tried again"),
      ticker_(executor)
{
    tick();
}

Owner::~Owner()
{
    *alive_ = false;
    ticker_.cancel();
}

bool Owner::lease_valid() const
{
    return boottime_ns() < with_.lease_until.load(std::memory_order_acquire);
}

void Owner::begin(std::uint64_t accepted_before)
{
    forget();
    accepted_before_ = accepted_before;
    for (const auto& [name, channel] : with_.configuration.channels)
        channel->waiting.store(0, std::memory_order_relaxed);  // what is there is counted when it is taken up
    newest_ = std::max(newest_, accepted_before);
    dispatcher_.begin(with_.lease);
    slow_path_.begin();
    words_.begin();
    with_.spill.begin();
    read_pauses();
    begun_ = true;
    wake();
}

void Owner::forget()
{
    ++epoch_;
    begun_ = false;
    feed_.restart();
    dispatcher_.forget();
    slow_path_.forget();
    words_.forget();
    with_.spill.forget();
    outcomes_.forget();
    sender_.forget();
    unreadable_.ends();
    for (auto& [event, job] : working_)
        job->let_go();
    working_.clear();
    working_of_.clear();
    working_bytes_ = 0;
    with_.metrics.in_flight.set(0);
}

void Owner::resync()
{
    // Reading the streams from the start again: what is being worked on is known by its seq and skipped.
    feed_.restart();
    // With `durability: relaxed` a Redis that comes back may have lost what was reserved: ask again before sending.
    dispatcher_.distrust();
    slow_path_.look_everywhere();
    words_.look();
    wake();
}

void Owner::hand(Event event, std::uint64_t ordinal, bool whole)
{
    fault_point("accept_answered");
    newest_ = std::max(newest_, event.seq);
    if (!begun_)
        return;
    heard_from_[event.envelope.source] = steady_now();
    const bool room = whole && feed_.ready_count() < most_ready && feed_.ready_bytes() < most_bytes && !draining_;
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
    if (begun_ && lease_valid()) {
        if (std::exchange(pauses_unread_, false))
            read_pauses();
        slow_path_.tick();
        words_.tick();
        if (++ticks_ % 20 == 0) {
            with_.spill.tick();
            const auto lately = steady_now() - 10s;
            std::erase_if(heard_from_, [lately](const auto& source) { return source.second < lately; });
        }
    }
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

bool Owner::may_begin() const
{
    // Full of one source alone, it can wait: nobody else does.
    return begun_ && !draining_ && feed_.ready_count() > 0 && working_bytes_ < most_bytes &&
           (working_.size() < most_working || (heard_from_.size() > 1 && working_.size() < 2 * most_working));
}

bool Owner::floods(const Job& job) const
{
    const auto found = working_of_.find(job.event.envelope.source);
    return working_.size() >= most_working && found != working_of_.end() && found->second > most_working / 2;
}

void Owner::turn()
{
    woken_ = false;
    if (!begun_ || !lease_valid())
        return;
    for (std::size_t done = 0; done < events_per_turn && may_begin(); ++done) {
        process(feed_.pop());
        let_others_go();
    }
    if (!begun_)
        return;  // the lease was given up over one of them
    start_loads();
    dispatcher_.reserve();
    if (may_begin())
        wake();
}

void Owner::start_loads()
{
    while (!draining_ && active_loads_ < most_loads && feed_.ready_count() < most_ready / 2 &&
           feed_.ready_bytes() < most_bytes / 2) {
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
        if (entries.error().failure_class == FailureClass::permanent)
            unreadable_.begins(entries.error());
        co_return;  // the next tick tries again
    }
    unreadable_.ends();
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
    }
    return event;
}

void Owner::count_working(const std::shared_ptr<Job>& job, bool begins)
{
    working_bytes_ = begins ? working_bytes_ + job->weight : working_bytes_ - job->weight;
    const std::string& source = job->event.envelope.source;
    if (begins)
        ++working_of_[source];
    else if (const auto of = working_of_.find(source); of != working_of_.end() && --of->second == 0)
        working_of_.erase(of);
    with_.metrics.in_flight.set(static_cast<std::int64_t>(working_.size()));
}

void Owner::process(Event event)
{
    const EventId id = event.envelope.event;
    if (const auto found = working_.find(id); found != working_.end()) {
        // Loaded again while it is being worked on; or it died, was replayed, and only the answer to its death is
        // missing.
        if (found->second->event.seq != event.seq)
            found->second->again = event.seq;
        return;
    }
    auto job = std::make_shared<Job>();
    job->weight = event.weight();
    if (event.channel != nullptr)
        event.channel->heard_at(event.envelope.received_at);
    job->event = std::move(event);
    job->begun = wall_now();
    job->generation = with_.configuration.generation();
    working_.emplace(id, job);
    count_working(job, true);
    job->maybe_sent = dispatcher_.sent_before(job->event);
    // What this process accepted was counted as waiting then; what it found or got back is counted now.
    if (job->event.channel != nullptr && (job->event.seq <= accepted_before_ || job->replayed()))
        job->event.channel->waiting.fetch_add(1, std::memory_order_relaxed);
    if (job->replayed())
        return spawn(prepare_replayed(job));
    prepare(job, {});
}

void Owner::read_pauses()
{
    spawn(read_pauses_now(epoch_));
}

asio::awaitable<void> Owner::read_pauses_now(std::uint64_t epoch)
{
    const auto paused = co_await with_.decisions.paused();
    if (epoch != epoch_)
        co_return;
    pauses_unread_ = !paused;  // the next tick asks again
    if (!paused)
        co_return;
    for (const auto& [system, configured] : with_.systems)
        sender_.pause(system, paused->contains("system:" + system));
    std::erase_if(paused_channels_, [&](const auto& channel) { return !paused->contains("channel:" + channel); });
    for (const auto& [channel, configured] : with_.configuration.channels)
        if (paused->contains("channel:" + channel))
            paused_channels_.insert(channel);
}

asio::awaitable<void> Owner::prepare_replayed(std::shared_ptr<Job> job)
{
    Timer pause(executor_);
    for (;;) {
        auto known = co_await retry::known_event(with_.redis, with_.scripts, job->event.envelope.event);
        if (job->over)
            co_return;
        if (known) {
            unreadable_.ends();
            job->maybe_sent = job->maybe_sent || known->maybe_sent;
            auto terms = read_replay_terms(known->terms);
            if (auto made = read_stored_transaction(known->made))
                terms.made = std::move(*made);
            job->event.terms = shared(std::move(terms));
            co_return prepare(job, *known);
        }
        if (known.error().failure_class == FailureClass::permanent)
            unreadable_.begins(known.error());
        pause.expires_after(100ms);
        co_await pause.async_wait(use_tuple);
    }
}

/// decode ─▶ map ─▶ route, and off to the lanes.
void Owner::prepare(const std::shared_ptr<Job>& job, const retry::KnownEvent& known)
{
    if (!job->replayed())
        if (auto failed = failed_elsewhere(job->event.envelope))
            return outcomes_.bury(job, std::move(*failed));
    auto routed = work_out(job->event, with_.configuration, &with_.metrics.unmapped, with_.log);
    if (!routed)
        return outcomes_.bury(job, std::move(routed.error()));
    const bool shadow = job->event.channel->config.mode == ChannelConfig::Mode::shadow;
    const bool to_the_door = !routed->empty() && routed->front().transaction.type == events_type;
    const bool wanted = !routed->empty() && (!shadow || to_the_door);
    if (wanted)
        job->attempts = deliveries(job, std::move(*routed));
    if (!known.deliveries.empty())
        return leave_again(job, known);
    if (!wanted) {
        job->reason = !routed->empty()              ? "shadow"
                      : job->event.left_out.empty() ? "filtered"
                                                    : std::string(job->event.left_out);
        return outcomes_.finish(job);
    }
    job->leaving = floods(*job);
    const bool paused = paused_channels_.contains(job->event.envelope.channel);
    for (const auto& attempt : job->attempts) {
        if (paused)
            attempt->standing = parked(channel_missing(job->event.envelope.channel));
        else if (attempt->coalesce != nullptr)
            attempt->standing = coalescing(*attempt->coalesce, wall_now());
        else if (!to_the_door)
            attempt->standing = held_by_rule(*attempt, with_.configuration, wall_now());
        attempt->at_most_once = with_.configuration.at_most_once(attempt->system, attempt->delivery.transaction.type);
        job->leaving = job->leaving || attempt->standing || attempt->at_most_once;
    }
    job->unfinished = job->attempts.size();
    dispatcher_.start(job);
}

/// A letter of a delivery came back: it and what is new go to the slow path, the others are there or have ended.
void Owner::leave_again(const std::shared_ptr<Job>& job, const retry::KnownEvent& known)
{
    const EventId event = job->event.envelope.event;
    auto readmitted =
        std::ranges::count(known.deliveries, retry::DeliveryState::again, &retry::KnownEvent::Known::state);
    std::erase_if(job->attempts, [&](const std::shared_ptr<Attempt>& attempt) {
        const auto id = retry::DeliveryId::of(event, attempt->delivery.transaction.slot, attempt->system);
        const auto found = std::ranges::find(known.deliveries, id.half, &retry::KnownEvent::Known::half);
        if (found == known.deliveries.end())
            return false;
        attempt->at_most_once = true;  // what may have been sent of it Redis knows
        // Under the effect keys that it was sent with, and others of its event under theirs.
        if (auto own = read_replay_terms(found->terms); !own.nonce.empty()) {
            auto terms = attempt->terms ? *attempt->terms : ReplayTerms{};
            terms.nonce = std::move(own.nonce);
            on_terms(*attempt, shared(std::move(terms)));
        }
        readmitted -= found->state == retry::DeliveryState::again ? 1 : 0;
        return found->state != retry::DeliveryState::again;
    });
    job->leaving = true;
    if (readmitted > 0)
        job->reason = "not_mapped";
    if (!job->attempts.empty())
        return dispatcher_.start(job);
    slow_path_.expect(*job);
    outcomes_.place(job);
}

void Owner::placed(const std::shared_ptr<Job>& job, const retry::Placed& placed)
{
    dispatcher_.placed(job);
    slow_path_.placed(*job, placed);
    forget(job);
}

void Owner::ended(const std::shared_ptr<Job>& job)
{
    const auto went_well = [](const auto& attempt) { return attempt->applied.has_value(); };
    if (std::ranges::all_of(job->attempts, went_well))
        for (const auto& attempt : job->attempts) {
            sender_.told(*attempt);
            slow_path_.applied(*attempt);
        }
    forget(job);
}

/// The job is Redis's from here on, or history's.
void Owner::forget(const std::shared_ptr<Job>& job)
{
    if (const Channel* channel = job->event.channel)
        if (channel->waiting.fetch_sub(1, std::memory_order_relaxed) <= 0)
            channel->waiting.fetch_add(1,
                                       std::memory_order_relaxed);  // its accept was never counted: the answer was lost
    if (job->again != 0)
        feed_.recall(job->event.partition, job->again);
    job->let_go();
    working_.erase(job->event.envelope.event);
    count_working(job, false);
    wake();
}

/// Work that must end before this object does. An exception in it is a bug: nothing is lost, the events stay in their
/// streams and are begun again under the next lease.
void Owner::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(executor_, std::move(work), [this, alive = alive_](const std::exception_ptr& error) {
        if (!error || !*alive)
            return;
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& thrown) {
            with_.log.error("a task of the owner failed", observability::LogLine{}.field("what", thrown.what()));
            with_.on_lease_lost();
        }
    });
}

}  // namespace headgate::gateway
