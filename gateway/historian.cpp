#include "gateway/historian.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include <boost/asio/post.hpp>

#include "core/async.hpp"
#include "core/fault_point.hpp"
#include "gateway/letter.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/stages/finish.hpp"
#include "net/redis/wait_for.hpp"
#include "retry/envelopes.hpp"
#include "retry/tally.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
// Frames are gathered for this long: history is read by people, and one commit serves many events.
constexpr auto gathering = 100ms;

// Of one partition in a page, and of all of them in one commit. A page may carry the commit beyond its limit.
constexpr std::size_t most_frames = 128;
constexpr std::size_t most_rows = 1024;
constexpr std::size_t most_bytes = std::size_t{8} << 20U;

/// Then what is remembered of the event's envelope is what it was before.
bool tells_of_an_edit(const retry::Frame& frame)
{
    return frame.bytes.find(R"("edited":)") != std::string::npos;
}

/// Work that ends well takes no letter along: whatever was one was put back to work before, and told of. What is
/// replaced may be one.
bool may_change_letters(const retry::Frame& frame)
{
    switch (frame.state) {
    case retry::FrameState::applied: return false;
    case retry::FrameState::suppressed: return frame.delivery.has_value();
    default: return true;
    }
}

/// Each once.
std::vector<EventId> events_of(const auto& letters)
{
    std::vector<EventId> events;
    for (const auto& letter : letters)
        if (std::ranges::find(events, letter.event) == events.end())
            events.push_back(letter.event);
    return events;
}

/// Those of letters that are deliveries.
std::vector<retry::DeliveryId> deliveries_among(const std::vector<observability::LettersOf>& events)
{
    std::vector<retry::DeliveryId> deliveries;
    for (const auto& event : events)
        for (const auto& letter : event.letters)
            if (const auto id = parse_letter(letter.letter); id && id->delivery)
                deliveries.push_back({id->event, *id->delivery});
    return deliveries;
}

}  // namespace

Historian::Historian(asio::any_io_executor executor, net::Redis& redis, const retry::Scripts& scripts,
                     retry::Frames& frames, observability::HistoryStore& store, observability::Health& health,
                     observability::Log& log, std::function<void(Partition, EventId)> open, Superseding* superseding)
    : executor_(executor),
      redis_(redis),
      scripts_(scripts),
      letters_(redis, scripts),
      frames_(frames),
      store_(store),
      health_(health),
      log_(log),
      open_(std::move(open)),
      superseding_(superseding),
      pause_(executor)
{}

void Historian::remember(EventId event, std::string stored)
{
    if (stored.empty() || remembered_ + stored.size() > most_remembered)
        return;
    const std::size_t size = stored.size();
    if (bodies_.try_emplace(event, std::move(stored)).second)
        remembered_ += size;
}

void Historian::written(Partition partition, EventId event, std::string stored)
{
    remember(event, std::move(stored));
    dirty_.set(partition);
}

void Historian::look_everywhere()
{
    dirty_.set();
    rounds_to_comparison_ = 0;
    rounds_between_ = 1;
}

void Historian::stop()
{
    stopping_ = true;
    pause_.cancel();
}

asio::awaitable<void> Historian::run()
{
    std::chrono::milliseconds wait = gathering;
    while (!stopping_) {
        pause_.expires_after(wait);
        co_await pause_.async_wait(use_tuple);
        working_ = true;
        failed_ = false;
        while (!stopping_ && !failed_ && co_await carry()) {}
        if (rounds_to_comparison_ && !stopping_ && !failed_ && (*rounds_to_comparison_)-- == 0)
            co_await compare_letters();
        wait = failed_ ? 1000ms : gathering;  // Redis or history is away; nothing is lost by waiting
        if (!failed_ && away_) {
            away_ = false;
            health_.clear_note("history_behind");
        }
        working_ = false;
    }
}

/// A page of each partition that has something, in as few commits as their size allows. Whether some have more than
/// that: what comes meanwhile is gathered again.
asio::awaitable<bool> Historian::carry()
{
    Pages pages;
    if (dirty_.any() && superseding_ != nullptr) {
        auto asking = superseding_->has_any();
        pages.may_supersede = (co_await std::move(asking)).value_or(true);
    }
    const bool may_supersede = pages.may_supersede;
    bool is_behind = false;
    for (std::size_t partition = 0; partition < dirty_.size() && !stopping_; ++partition) {
        if (!dirty_.test(partition))
            continue;
        dirty_.reset(partition);
        const auto more = co_await gather(static_cast<Partition>(partition), pages);
        if (!more)
            failed(static_cast<Partition>(partition), more.error());
        else if (*more)
            dirty_.set(partition);
        is_behind = is_behind || (more && *more);
        if (pages.batch.rows.size() >= most_rows || pages.bytes >= most_bytes)
            co_await keep(std::exchange(pages, Pages{.may_supersede = may_supersede}));
    }
    if (!pages.batch.rows.empty())
        co_await keep(std::move(pages));
    // Every frame known of is in history. What is remembered still is of one that was there before its answer was.
    if (dirty_.none() && !is_behind) {
        bodies_.clear();
        remembered_ = 0;
    }
    co_return is_behind;
}

void Historian::failed(Partition partition, const Failure& failure)
{
    dirty_.set(partition);
    failed_ = true;
    tell(failure);
}

/// History blocks nothing, so its absence is told and makes nobody unready. Redis's and the lease's are told elsewhere.
void Historian::tell(const Failure& failure)
{
    if (!failure.code.starts_with("history_") && !failure.code.starts_with("sqlite_"))
        return;
    health_.note("history_behind", failure.code);
    if (std::exchange(away_, true))
        return;
    log_.warn("history cannot be written now; outcomes wait in Redis",
              observability::LogLine{}.field("code", failure.code).field("detail", failure.detail));
}

/// Of frames whose bodies are not at hand. A delivery's needs none: the event's own came before and brought the body.
std::vector<EventId> Historian::bodies_not_remembered(const std::vector<retry::Frame>& frames) const
{
    std::vector<EventId> missing;
    for (const auto& frame : frames)
        if (!frame.delivery && (!bodies_.contains(frame.event) || tells_of_an_edit(frame)))
            missing.push_back(frame.event);
    return missing;
}

/// The first frames of a partition become rows; whether it may have more.
Task<bool> Historian::gather(Partition partition, Pages& pages)
{
    std::string from_the_first;
    auto frames = co_await frames_.read(partition, std::move(from_the_first), most_frames);
    if (!frames)
        co_return std::unexpected(std::move(frames.error()));
    if (frames->empty())
        co_return false;

    auto missing = bodies_not_remembered(*frames);
    auto asked = missing;
    auto read = co_await retry::envelopes(redis_, std::move(asked));
    if (!read)
        co_return std::unexpected(std::move(read.error()));
    std::unordered_map<EventId, std::string> bodies_read;
    for (std::size_t i = 0; i < missing.size(); ++i)
        bodies_read.try_emplace(missing[i], std::move((*read)[i]).value_or(""));

    for (const auto& frame : *frames) {
        std::string stored;
        if (const auto found = bodies_read.find(frame.event); found != bodies_read.end())
            stored = found->second;
        else if (const auto known = bodies_.find(frame.event); known != bodies_.end())
            stored = known->second;
        pages.bytes += stored.size();
        if (pages.may_supersede)
            std::ranges::move(applied_in(frame), std::back_inserter(pages.applied));
        auto row = history_row(frame, std::move(stored));
        if (!row) {
            observability::LogLine line;
            line.field("event", frame.event.text()).field("code", row.error().code);
            log_.error("an outcome cannot be written to history as it is; it is kept as found", line);
            pages.batch.rows.push_back(unreadable_row(frame, row.error()));
            continue;
        }
        // Nothing of it waits: its body leaves Redis when letters take too much, and not with time.
        const bool is_letter = frame.state == retry::FrameState::dead && !frame.delivery && frame.round == 0;
        if ((row->state == "waiting" || row->state == "dead") && !is_letter && !row->body.empty())
            pages.open.emplace_back(partition, frame.event);
        pages.batch.rows.push_back(std::move(*row));
    }
    auto gathering_letters = gather_letters(*frames, pages);
    if (auto gathered = co_await std::move(gathering_letters); !gathered)
        co_return std::unexpected(std::move(gathered.error()));
    pages.ends.emplace_back(partition, frames->back().id);
    co_return frames->size() == most_frames;
}

/// What letters their events have by now. Whatever changes a letter writes a frame, so behind the last of them this is
/// how it stays.
Task<void> Historian::gather_letters(const std::vector<retry::Frame>& frames, Pages& pages)
{
    std::set<EventId> events;
    for (const auto& frame : frames)
        if (may_change_letters(frame))
            events.insert(frame.event);
    if (events.empty())
        co_return Result<void>{};
    auto reading = letters_now({events.begin(), events.end()}, pages.batch.letters);
    co_return co_await std::move(reading);
}

/// What letters these events (<= 128) have now, at the end of a list; of an event without any, that.
Task<void> Historian::letters_now(std::vector<EventId> events, std::vector<observability::LettersOf>& into)
{
    std::unordered_map<EventId, std::size_t> places;
    for (const EventId& event : events) {
        places.emplace(event, into.size());
        into.push_back({event, {}});
    }
    auto reading = letters_.of(std::move(events));
    const auto letters = co_await std::move(reading);
    if (!letters)
        co_return std::unexpected(letters.error());
    for (const auto& letter : *letters)
        if (const auto place = places.find(letter.event); place != places.end())
            into[place->second].letters.push_back(letter_row(letter));
    co_return Result<void>{};
}

/// A file of an earlier version, or one that was put back or lost, knows other letters than there are.
asio::awaitable<void> Historian::compare_letters()
{
    const auto known = store_.count_letters({}, std::numeric_limits<std::int64_t>::max());
    const auto tallies = co_await retry::tally_all(redis_, scripts_);
    constexpr unsigned most_rounds = 600;
    rounds_between_ = std::min(2 * rounds_between_, most_rounds);
    rounds_to_comparison_ = rounds_between_;
    if (!known || !tallies) {
        failed_ = true;
        co_return;
    }
    const auto now = retry::total(*tallies);
    if (now.frames != 0)
        co_return;
    rounds_to_comparison_.reset();
    if (static_cast<std::int64_t>(*known) == now.dead)
        co_return;
    log_.warn("history knows other letters than there are; they are written anew",
              observability::LogLine{}.field("known", *known).field("letters", now.dead));
    auto writing = write_letters_anew();
    if (const auto done = co_await std::move(writing); !done) {
        rounds_to_comparison_ = 0;
        failed_ = true;
        tell(done.error());
    }
}

Task<void> Historian::write_letters_anew()
{
    constexpr std::size_t page_size = 100;
    std::optional<retry::LetterCursor> from = retry::LetterCursor{};
    while (from && !stopping_) {
        auto listing = letters_.list(*from, page_size);
        const auto page = co_await std::move(listing);
        if (!page)
            co_return std::unexpected(page.error());
        auto writing = write_letters_anew(events_of(page->letters));
        if (auto done = co_await std::move(writing); !done)
            co_return done;
        from = page->next;
    }
    observability::LetterFilter known{.limit = page_size};
    do {
        const auto page = store_.letters(known);
        if (!page)
            co_return std::unexpected(page.error());
        auto writing = write_letters_anew(events_of(page->letters));
        if (auto done = co_await std::move(writing); !done)
            co_return done;
        known.cursor = page->next;
    } while (!known.cursor.empty() && !stopping_);
    co_return Result<void>{};
}

/// Of events that history may not know any more, the envelope says where they came from.
Task<void> Historian::write_letters_anew(std::vector<EventId> events)
{
    if (events.empty())
        co_return Result<void>{};
    observability::HistoryBatch batch;
    auto asked = events;
    auto reading = letters_now(std::move(asked), batch.letters);
    if (auto done = co_await std::move(reading); !done)
        co_return done;
    const auto bodies = co_await retry::envelopes(redis_, std::move(events));
    if (!bodies)
        co_return std::unexpected(bodies.error());
    for (std::size_t i = 0; i < bodies->size(); ++i) {
        const auto& body = (*bodies)[i];
        const auto envelope = body ? decode_envelope_head(*body) : Result<Envelope>(Envelope{});
        for (auto& letter : batch.letters[i].letters)
            if (envelope) {
                letter.channel = envelope->channel;
                letter.source = envelope->source;
                letter.topic = envelope->topic;
            }
    }
    auto writing = commit(std::move(batch));
    co_return co_await std::move(writing);
}

/// Commits the rows, and then lets their frames go.
asio::awaitable<void> Historian::keep(Pages pages)
{
    std::vector<EventId> events;
    events.reserve(pages.batch.rows.size());
    for (const auto& row : pages.batch.rows)
        events.push_back(row.event);
    const auto letters = deliveries_among(pages.batch.letters);
    auto committed = co_await commit(std::move(pages.batch));
    if (committed) {
        fault_point("after_history");
        auto ending = supersede(std::move(pages.applied), letters);
        committed = co_await std::move(ending);
    }
    if (!committed) {
        for (const auto& [partition, last] : pages.ends)
            failed(partition, committed.error());
        co_return;
    }
    for (const auto& [partition, event] : pages.open)
        open_(partition, event);
    for (const EventId& event : events)
        if (const auto found = bodies_.find(event); found != bodies_.end()) {
            remembered_ -= found->second.size();
            bodies_.erase(found);
        }
    for (auto& [partition, last] : pages.ends) {
        const auto archived = co_await frames_.archive(partition, std::move(last));
        if (!archived)
            failed(partition, archived.error());
    }
}

/// Before the frames go, so that it is asked again when the process dies here.
Task<void> Historian::supersede(std::vector<observability::EntityAt> applied, std::vector<retry::DeliveryId> letters)
{
    if (superseding_ == nullptr || (applied.empty() && letters.empty()))
        co_return Result<void>{};
    auto ending = superseding_->end(std::move(applied), std::move(letters));
    const auto told = co_await std::move(ending);
    if (!told)
        co_return std::unexpected(told.error());
    for (const Partition partition : *told)
        dirty_.set(partition);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Historian::commit(observability::HistoryBatch batch)
{
    // The store answers on its own thread; resume on ours.
    auto start = [this, &batch](std::move_only_function<void(Result<void>)> done) {
        auto shared = std::make_shared<std::move_only_function<void(Result<void>)>>(std::move(done));
        store_.write(std::move(batch), [executor = executor_, shared](Result<void> result) {
            asio::post(executor, [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); });
        });
    };
    auto waiting = net::wait_for<Result<void>>(std::move(start));
    auto result = co_await std::move(waiting);
    co_return result;
}

}  // namespace headgate::gateway
