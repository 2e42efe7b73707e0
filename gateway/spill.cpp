#include "gateway/spill.hpp"

#include <utility>

#include "core/clock.hpp"
#include "gateway/aside.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

Spill::Spill(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies))
{}

void Spill::begin()
{
    look_at_ = 0;
    cursor_.clear();
}

void Spill::forget()
{
    ++epoch_;
    waiting_.clear();
    look_at_.reset();
    looking_ = false;
    spilling_ = 0;
}

void Spill::committed(Partition partition, EventId event)
{
    if (waiting_.size() < most_waiting)
        waiting_.push_back({steady_now(), partition, event});
}

void Spill::tick()
{
    spill_what_is_due();
    if (look_at_ && !looking_) {
        looking_ = true;
        with_.spawn(look_at_open(epoch_));
    }
}

/// As fast as Redis does it: each that has gone lets the next one go.
void Spill::spill_what_is_due()
{
    const auto now = steady_now();
    while (spilling_ < most_at_a_time && !waiting_.empty() && now - waiting_.front().since >= with_.after) {
        ++spilling_;
        with_.spawn(spill(waiting_.front(), epoch_));
        waiting_.pop_front();
    }
}

asio::awaitable<void> Spill::spill(Entry entry, std::uint64_t epoch)
{
    const auto spilled = co_await with_.deliveries.spill(entry.partition, entry.event);
    if (epoch != epoch_)
        co_return;
    --spilling_;
    if (spilled)
        spill_what_is_due();
    else if (spilled.error().code != "lease_lost")
        waiting_.push_back(entry);  // Redis is away: the next second tries again
}

/// A page of what was open before this owner came: its body may be in Redis still, and history may have been put aside
/// since it was written, so that is asked first.
asio::awaitable<void> Spill::look_at_open(std::uint64_t epoch)
{
    const auto partition = static_cast<Partition>(*look_at_);
    auto cursor = cursor_;
    auto page = co_await retry::open_events(with_.redis, partition, std::move(cursor));
    if (epoch != epoch_)
        co_return;
    looking_ = false;
    if (!page)
        co_return;  // the next second asks again
    for (const EventId& event : page->resident) {
        const auto kept = co_await read(event);
        if (epoch != epoch_)
            co_return;
        if (kept && !kept->empty())
            committed(partition, event);
    }
    cursor_ = page->next;
    if (cursor_.empty() && ++*look_at_ == partition_count)
        look_at_.reset();
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
