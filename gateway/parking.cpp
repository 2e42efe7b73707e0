#include "gateway/parking.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

Parking::Parking(Dependencies dependencies) : with_(std::move(dependencies)) {}

void Parking::forget()
{
    ++epoch_;
    missing_.clear();
    missing_of_.clear();
    asked_.clear();
    asking_ = false;
    deadlines_ = {};
}

void Parking::parked(const Standing& standing, Partition partition)
{
    const auto& telling = standing.telling;
    auto& next = deadlines_[partition].next;
    if (next)
        next = std::min(*next, telling.at);
    const auto text = read_missing(telling.what);
    if (!text || !missing_.emplace(telling.missing, text->system + '\0' + text->id).second)
        return;
    missing_of_[text->system + '\0' + text->id].insert(telling.missing);
}

void Parking::forget(Hash16 key)
{
    asked_.erase(key);
    const auto found = missing_.find(key);
    if (found == missing_.end())
        return;
    const auto all = missing_of_.find(found->second);
    all->second.erase(key);
    if (all->second.empty())
        missing_of_.erase(all);
    missing_.erase(found);
}

void Parking::applied(const Attempt& attempt)
{
    if (missing_of_.empty())
        return;
    const auto found = missing_of_.find(attempt.system + '\0' + attempt.delivery.transaction.entity);
    if (found == missing_of_.end())
        return;
    for (const Hash16& key : found->second)
        with_.spawn(release(key, epoch_));
}

asio::awaitable<void> Parking::release(Hash16 key, std::uint64_t epoch)
{
    for (bool more = true; more && epoch == epoch_;) {
        const auto released = co_await with_.decisions.release(key);
        if (!released || epoch != epoch_)
            co_return;  // the next sweep finds it
        for (const auto& ready : released->ready)
            with_.ready(ready);
        more = released->more && released->count > 0;
    }
    forget(key);  // who parks on it from here on says so
    with_.let_go();
}

void Parking::look_for_what_has_come()
{
    with_.spawn(look_for_what_has_come(epoch_));
}

/// After a take-over, and now and then: nobody may have lived to tell that something is there.
asio::awaitable<void> Parking::look_for_what_has_come(std::uint64_t epoch)
{
    const auto things = co_await retry::missing_things(with_.redis);
    if (!things || epoch != epoch_)
        co_return;
    std::vector<retry::Come> questions;
    std::vector<Hash16> keys;
    std::vector<std::pair<Hash16, MissingText>> parents;
    for (const auto& thing : *things) {
        auto text = read_missing(thing.what);
        if (!text)
            continue;
        if (const auto place = text->system + '\0' + text->id; missing_.emplace(thing.key, place).second)
            missing_of_[place].insert(thing.key);
        for (auto& one : come_of(*text)) {
            questions.push_back(std::move(one));
            keys.push_back(thing.key);
        }
        if (text->guard)
            parents.emplace_back(thing.key, std::move(*text));
    }
    const auto so = co_await retry::have_come(with_.redis, std::move(questions));
    if (!so || epoch != epoch_)
        co_return;
    std::set<Hash16> come;
    for (std::size_t i = 0; i < keys.size(); ++i)
        if ((*so)[i])
            come.insert(keys[i]);
    for (const Hash16& key : come)
        with_.spawn(release(key, epoch));
    std::erase_if(parents, [&](const auto& parent) { return come.contains(parent.first); });
    if (!asking_)
        with_.spawn(ask_for(std::move(parents), epoch));
}

/// A parent that is older than guards are kept is known to history or to its system alone. They are asked for one after
/// the other, so many a round, and again once all have been.
asio::awaitable<void> Parking::ask_for(std::vector<std::pair<Hash16, MissingText>> parents, std::uint64_t epoch)
{
    constexpr std::size_t most_asked = 256;
    asking_ = true;
    std::size_t asked = 0;
    for (auto& [key, parent] : parents) {
        if (asked == most_asked)
            break;
        if (!missing_.contains(key) || !asked_.insert(key).second)
            continue;
        ++asked;
        const Hash16 guard = *parent.guard;
        auto asking = with_.applied_before(std::move(parent));
        auto target = co_await std::move(asking);
        if (epoch != epoch_)
            co_return;
        if (!target || !*target)
            continue;  // an answer that failed is none: the next round asks again
        const auto told = co_await with_.decisions.there(guard, std::move(**target));
        if (epoch != epoch_)
            co_return;
        if (told)
            with_.spawn(release(key, epoch));
    }
    if (asked < most_asked)
        asked_.clear();
    asking_ = false;
}

void Parking::look_for_overdue()
{
    for (std::size_t p = 0; p < deadlines_.size(); ++p)
        if (!deadlines_[p].looking && (!deadlines_[p].next || *deadlines_[p].next <= wall_now_ms()))
            with_.spawn(look_for_overdue(static_cast<Partition>(p), epoch_));
}

asio::awaitable<void> Parking::look_for_overdue(Partition partition, std::uint64_t epoch)
{
    constexpr std::size_t at_a_time = 64;
    Deadline& deadline = deadlines_[partition];
    deadline.looking = true;
    auto overdue = co_await retry::overdue_deliveries(with_.redis, with_.scripts, partition, wall_now_ms(), at_a_time);
    if (epoch != epoch_)
        co_return;
    deadline.looking = false;
    if (!overdue)
        co_return;  // the next second asks again
    deadline.next =
        overdue->deliveries.size() < at_a_time ? overdue->next.value_or(retry::Millis::max()) : wall_now_ms();
    for (auto& delivery : overdue->deliveries)
        with_.overdue(std::move(delivery), partition);
}

}  // namespace headgate::gateway
