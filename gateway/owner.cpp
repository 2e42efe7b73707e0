#include "gateway/owner.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/fault_point.hpp"
#include "core/give_way.hpp"
#include "gateway/stages/decode.hpp"
#include "gateway/stages/deliver.hpp"
#include "gateway/stages/map.hpp"
#include "gateway/stages/route.hpp"

namespace headgate::gateway {

using namespace std::chrono_literals;

Owner::Owner(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(executor),
      with_(std::move(dependencies)),
      alive_(std::make_shared<bool>(true)),
      dispatcher_(executor, {with_.backlog, with_.systems, with_.metrics, with_.log, with_.health,
                             [this](asio::awaitable<void> work) { spawn(std::move(work)); }, [this] { return newest_; },
                             [this] { wake(); }, with_.on_lease_lost,
                             [this](const std::shared_ptr<Job>& job) { delivered(job); }}),
      outcomes_(executor,
                {with_.backlog, with_.historian, with_.metrics, with_.log, with_.health,
                 [this](asio::awaitable<void> work) { spawn(std::move(work)); }, with_.configuration.generation,
                 with_.on_lease_lost, [this](const std::shared_ptr<Job>& job) { ended(job); }}),
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
    return retry::boottime_ns() < with_.lease_until.load(std::memory_order_acquire);
}

void Owner::begin(std::uint64_t accepted_before)
{
    forget();
    accepted_before_ = accepted_before;
    for (const auto& [name, channel] : with_.configuration.channels)
        channel->waiting.store(0, std::memory_order_relaxed);  // what is there is counted when it is taken up
    newest_ = std::max(newest_, accepted_before);
    dispatcher_.begin(with_.lease);
    begun_ = true;
    wake();
}

void Owner::forget()
{
    ++epoch_;
    begun_ = false;
    feed_.restart();
    dispatcher_.forget();
    outcomes_.forget();
    unreadable_.ends();
    for (auto& [event, job] : working_)
        job->let_go();
    working_.clear();
    working_bytes_ = 0;
    with_.metrics.in_flight.set(0);
}

void Owner::resync()
{
    // Reading the streams from the start again: what is being worked on is known by its seq and skipped.
    feed_.restart();
    // With `durability: relaxed` a Redis that comes back may have lost what was reserved: ask again before sending.
    dispatcher_.distrust();
    wake();
}

void Owner::hand(Event event, std::uint64_t ordinal, bool whole)
{
    fault_point("accept_answered");
    newest_ = std::max(newest_, event.seq);
    if (!begun_)
        return;
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
    return begun_ && !draining_ && feed_.ready_count() > 0 && working_.size() < most_working &&
           working_bytes_ < most_bytes;
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
    job->event = std::move(event);
    job->begun = std::chrono::system_clock::now();
    working_.emplace(id, job);
    count_working(job, true);
    try {
        prepare(job);
    } catch (const std::exception& bug) {
        with_.log.error("an event could not be worked on",
                        observability::LogLine{}.field("event", id.text()).field("what", bug.what()));
        // With deliveries under way nobody can say what was sent: all is begun again from the stream.
        if (!job->attempts.empty())
            return with_.on_lease_lost();
        outcomes_.bury(job, "process",
                       {FailureClass::permanent, "internal_error", "Headgate failed on this event; see its log", {}});
    }
}

/// decode ─▶ map ─▶ route, and off to the lanes.
void Owner::prepare(const std::shared_ptr<Job>& job)
{
    Event& event = job->event;
    // What this process accepted was counted as waiting then; what it found or got back is counted now.
    if (event.channel != nullptr && (event.seq <= accepted_before_ || event.seq != event.origin_seq))
        event.channel->waiting.fetch_add(1, std::memory_order_relaxed);

    if (event.channel == nullptr && event.envelope.channel.empty())
        return outcomes_.bury(job, "decode",
                              {FailureClass::permanent, "envelope_unreadable", "the stored event cannot be read", {}});
    if (event.channel == nullptr)
        return outcomes_.bury(job, "decode",
                              {FailureClass::permanent,
                               "unknown_channel",
                               "the channel " + event.envelope.channel + " is no longer configured",
                               {}});
    if (event.envelope.body.empty()) {
        auto whole = decode_envelope(event.stored);
        if (!whole)
            return outcomes_.bury(job, "decode", std::move(whole.error()));
        event.envelope.body = std::move(whole->body);
    }
    auto decoded = decode(event);
    if (!decoded)
        return outcomes_.bury(job, "decode", std::move(decoded.error()));
    if (decoded->topic == nullptr) {
        job->reason = "filtered";
        return outcomes_.finish(job);
    }
    auto mapped = map(event, *decoded, &with_.metrics.unmapped);
    event.document.reset();
    event.envelope.body = {};  // from here on the packed one is enough
    if (!mapped)
        return outcomes_.bury(job, "map", std::move(mapped.error()));
    if (mapped->empty() || event.channel->config.mode == ChannelConfig::Mode::shadow) {
        job->reason = mapped->empty() ? "filtered" : "shadow";
        return outcomes_.finish(job);
    }
    auto routed = route(std::move(*mapped), with_.configuration, event.envelope.channel);
    if (!routed)
        return outcomes_.bury(job, "route", std::move(routed.error()));

    job->attempts = deliveries(job, std::move(*routed));
    job->unfinished = job->attempts.size();
    dispatcher_.start(job);
}

void Owner::delivered(const std::shared_ptr<Job>& job)
{
    for (const auto& attempt : job->attempts)
        if (!*attempt->outcome)
            return outcomes_.bury(job, "deliver", attempt->outcome->error());
    outcomes_.finish(job);
}

void Owner::ended(const std::shared_ptr<Job>& job)
{
    if (const Channel* channel = job->event.channel)
        if (channel->waiting.fetch_sub(1, std::memory_order_relaxed) <= 0)
            channel->waiting.fetch_add(1,
                                       std::memory_order_relaxed);  // its accept was never counted: the answer was lost
    if (job->again != 0)
        feed_.recall(job->event.partition, job->again);
    dispatcher_.ended(*job);
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
