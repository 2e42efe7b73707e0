#include "gateway/spill.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "gateway/aside.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

Spill::Spill(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies)),
      letters_(with_.redis, with_.scripts)
{}

void Spill::begin()
{
    look_at_ = 0;
    cursor_.clear();
    oldest_.restart();
    next_pass_ = steady_now();
}

void Spill::forget()
{
    ++epoch_;
    waiting_.clear();
    look_at_.reset();
    working_ = false;
}

void Spill::committed(Partition partition, EventId event)
{
    if (waiting_.size() < most_waiting)
        waiting_.push_back({steady_now(), partition, event});
}

void Spill::tick()
{
    if (working_)
        return;
    working_ = true;
    with_.spawn(work(epoch_));
}

/// What fails is tried again with the next second. Once another lease has begun, nothing here is this one's any more.
asio::awaitable<void> Spill::work(std::uint64_t epoch)
{
    co_await spill_what_is_due(epoch);
    if (epoch == epoch_ && look_at_)
        co_await look_at_open(epoch);
    if (epoch == epoch_)
        co_await make_room(epoch);
    if (epoch == epoch_)
        working_ = false;
}

asio::awaitable<void> Spill::spill_what_is_due(std::uint64_t epoch)
{
    const auto now = steady_now();
    const auto is_due = [&](const Entry& entry) { return now - entry.since >= with_.after; };
    while (epoch == epoch_ && !waiting_.empty() && is_due(waiting_.front())) {
        retry::Spilling spilling{retry::Spilling::What::waiting, {}};
        for (const Entry& entry : waiting_) {
            if (!is_due(entry) || spilling.events.size() == most_at_a_time)
                break;
            spilling.events.emplace_back(entry.partition, entry.event);
        }
        const auto count = static_cast<std::ptrdiff_t>(spilling.events.size());
        const auto spilled = co_await with_.deliveries.spill(std::move(spilling));
        if (epoch != epoch_ || !spilled)
            co_return;
        waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    }
}

/// A page of what was open before this owner came: its body may be in Redis still.
asio::awaitable<void> Spill::look_at_open(std::uint64_t epoch)
{
    const auto partition = static_cast<Partition>(*look_at_);
    auto cursor = cursor_;
    const auto page = co_await retry::open_events(with_.redis, partition, std::move(cursor));
    if (!page)
        co_return;
    Events resident;
    for (const EventId& event : page->resident)
        resident.emplace_back(partition, event);
    auto looking = in_history(std::move(resident));
    const auto kept = co_await std::move(looking);
    if (epoch != epoch_ || !kept)
        co_return;
    for (const auto& [of, event] : *kept)
        committed(of, event);
    cursor_ = page->next;
    if (cursor_.empty() && ++*look_at_ == partition_count)
        look_at_.reset();
}

/// Until the bodies of letters take no more than they may, or the pass is over: an edited one stays, and one that
/// history has not got yet.
asio::awaitable<void> Spill::make_room(std::uint64_t epoch)
{
    const auto taken = co_await letters_.resident_bytes();
    std::uint64_t too_much = taken && *taken > with_.resident ? *taken - with_.resident : 0;
    while (epoch == epoch_ && too_much > 0 && steady_now() >= next_pass_) {
        auto finding = oldest(too_much, epoch);
        auto letters = co_await std::move(finding);
        if (epoch != epoch_ || !letters)
            co_return;
        if (letters->empty())
            continue;
        retry::Spilling spilling{retry::Spilling::What::letters, std::move(*letters)};
        const auto spilled = co_await with_.deliveries.spill(std::move(spilling));
        if (!spilled)
            co_return;
        too_much -= std::min(too_much, *spilled);
    }
}

/// The next letters of the pass that history has, up to so many bytes. Behind the last of all, a new pass begins a
/// while later.
Task<Spill::Events> Spill::oldest(std::uint64_t bytes, std::uint64_t epoch)
{
    Events events;
    for (std::uint64_t found = 0; found < bytes && events.size() < most_at_a_time;) {
        while (const auto from = oldest_.wanted()) {
            auto page = co_await letters_.resident(*from);
            if (!page)
                co_return std::unexpected(std::move(page.error()));
            if (epoch != epoch_)
                co_return Events{};
            oldest_.add(from->partition, std::move(*page));
        }
        const auto letter = oldest_.take();
        if (!letter) {
            oldest_.restart();
            next_pass_ = steady_now() + with_.after;
            break;
        }
        found += letter->bytes;
        events.emplace_back(letter->partition, letter->event);
    }
    auto looking = in_history(std::move(events));
    co_return co_await std::move(looking);
}

/// Those whose bodies history has: it may have been put aside since it was written.
Task<Spill::Events> Spill::in_history(Events events)
{
    auto looking = aside<Events>(with_.reader, executor_, [this, events = std::move(events)]() -> Result<Events> {
        std::vector<EventId> asked;
        for (const auto& [partition, event] : events)
            asked.push_back(event);
        const auto have = with_.history.have_bodies(asked);
        if (!have)
            return std::unexpected(have.error());
        Events kept;
        for (std::size_t i = 0; i < events.size(); ++i)
            if ((*have)[i])
                kept.push_back(events[i]);
        return kept;
    });
    co_return co_await std::move(looking);
}

Task<std::string> Spill::read(EventId event)
{
    auto reading = aside<std::string>(with_.reader, executor_, [this, event]() -> Result<std::string> {
        auto found = with_.history.raw(event);
        if (!found)
            return std::unexpected(std::move(found.error()));
        return std::move(*found).value_or("");
    });
    co_return co_await std::move(reading);
}

}  // namespace headgate::gateway
