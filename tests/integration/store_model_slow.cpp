#include <algorithm>
#include <tuple>

#include "store_model.hpp"

namespace headgate::test {

using retry::Decided;
using retry::Decision;
using retry::Ended;
using retry::Placed;
using retry::Taken;
using Readmission = retry::Readmitted::Answer;

bool StoreModel::has_lane(const Delivery& delivery)
{
    switch (delivery.state) {
    case State::ready:
    case State::due:
    case State::busy:
    case State::park:
    case State::hold: return true;
    case State::dead:
    case State::again: return delivery.order == Order::sequence;
    default: return false;
    }
}

std::int64_t StoreModel::count_of(std::uint64_t event, State state) const
{
    return count([&](const Name& name, const Delivery& d) { return name.event == event && d.state == state; });
}

std::int64_t StoreModel::left_of(std::uint64_t event) const
{
    return count([&](const Name& name, const Delivery& d) { return name.event == event && is_left(d.state); });
}

std::optional<StoreModel::Name> StoreModel::owner(const std::string& system, const std::string& entity) const
{
    for (const auto& [name, delivery] : deliveries)
        if (name.system == system && delivery.entity == entity && has_lane(delivery))
            return name;
    return {};
}

std::optional<StoreModel::Name> StoreModel::first_in_lane(const std::string& system, const std::string& entity) const
{
    std::optional<Name> first;
    for (const auto& [name, delivery] : deliveries) {
        if (name.system != system || delivery.entity != entity || delivery.state != State::lane)
            continue;
        auto at = [this](const Name& one) { return std::tuple(deliveries.at(one).seq, deliveries.at(one).place); };
        if (!first || at(name) < at(*first))
            first = name;
    }
    return first;
}

void StoreModel::move_up(const std::string& system, const std::string& entity, Effects& effects)
{
    if (auto next = first_in_lane(system, entity)) {
        deliveries[*next].state = State::ready;
        effects.ready.insert(*next);
    }
}

void StoreModel::move(const Name& name, State state, const Told& told, Effects& effects)
{
    auto& delivery = deliveries[name];
    bool had = has_lane(delivery);
    delivery.state = state;
    delivery.told = told;
    if (told.maybe)
        delivery.maybe = *told.maybe;
    auto& share = shares[home(name)];
    if (state == State::dead) {
        delivery.letter = {told.cause, records[name.event].round};
        records[name.event].worst = told.failure_class;
    }
    if (state == State::applied)
        ++share.d_applied;
    if (state == State::suppressed)
        ++share.d_suppressed;
    if (state == State::discarded)
        ++share.d_discarded;
    if (had && !has_lane(delivery))
        move_up(name.system, delivery.entity, effects);
}

bool StoreModel::to_work(const Name& name)
{
    auto& delivery = deliveries[name];
    auto has = owner(name.system, delivery.entity);
    // Whoever waits in a lane that nobody here has waits for the fast path.
    bool free = has ? *has == name : !first_in_lane(name.system, delivery.entity);
    delivery.state = free ? State::ready : State::lane;
    return free;
}

void StoreModel::end(const Told& told)
{
    tell_facts(told.facts);
    for (const auto& [id, theirs] : told.references)
        references[id] = theirs;
}

std::optional<Ended> StoreModel::settle(std::uint64_t event)
{
    auto& share = shares[records[event].partition];
    if (!share.open.contains(event) || letters.contains(event) ||
        left_of(event) + count_of(event, State::dead) + count_of(event, State::again) > 0)
        return {};
    share.open.erase(event);
    if (count_of(event, State::discarded) > 0) {
        ++share.discarded;
        return Ended::discarded;
    }
    if (count_of(event, State::applied) > 0) {
        ++share.applied;
        return Ended::applied;
    }
    ++share.suppressed;
    return Ended::suppressed;
}

std::uint64_t StoreModel::parked_on(const std::vector<std::uint64_t>& missing) const
{
    std::uint64_t n = 0;
    for (auto one : missing)
        n += static_cast<std::uint64_t>(count([&](const Name&, const Delivery& delivery) {
            return delivery.state == State::park && delivery.told.missing == one;
        }));
    return n;
}

std::optional<std::pair<Placed::Answer, StoreModel::Effects>> StoreModel::place(Partition partition,
                                                                                std::uint64_t entry,
                                                                                std::uint64_t event,
                                                                                const std::string& worst,
                                                                                const std::vector<New>& placed)
{
    const auto before = *this;
    auto& share = shares[partition];
    auto found = share.in.find(entry);
    if (found == share.in.end() || found->second.first != event)
        return std::pair(Placed::Answer::gone, Effects());
    auto origin = found->second.second;
    share.in.erase(found);
    share.open[event] = origin;
    auto& record = records[event];
    record.partition = partition;
    record.seq = origin;
    record.worst = worst;
    record.body_in_history = false;

    Effects effects;
    for (const auto& name : record.placed)
        if (deliveries[name].state == State::again &&
            std::ranges::none_of(placed, [&](const New& each) { return each.first == name; })) {
            Told told;
            told.reason = "not_mapped";
            told.failure_class = deliveries[name].told.failure_class;
            move(name, State::suppressed, told, effects);
        }
    std::map<std::uint64_t, std::set<Name>> parked;
    for (const auto& [name, delivery] : before.deliveries)
        if (delivery.state == State::park && before.home(name) == partition)
            parked[delivery.told.missing].insert(name);
    std::vector<std::uint64_t> wakes;
    for (const auto& [name, wanted] : placed) {
        auto known = deliveries.find(name);
        if (known != deliveries.end() && known->second.state != State::again)
            continue;
        auto next = wanted;
        next.seq = origin;
        if (known == deliveries.end()) {
            record.placed.push_back(name);
            ++share.d_created;
        } else {
            next.maybe = known->second.maybe;
            next.first = known->second.first;
            if (known->second.entity != next.entity && has_lane(known->second)) {
                auto left = known->second.entity;
                known->second.state = State::suppressed;
                move_up(name.system, left, effects);
            }
        }
        auto has = owner(name.system, next.entity);
        bool mine = has == name;
        if ((has_lane(next) && has && !mine) || (next.state == State::lane && mine)) {
            *this = before;
            return {};
        }
        auto state = next.state;
        next.state = mine ? State::busy : State::lane;  // whether it had the lane
        deliveries[name] = next;
        systems[partition].insert(name.system);
        move(name, state, next.told, effects);
        if (state == State::applied || state == State::suppressed) {
            end(next.told);
            wakes.insert(wakes.end(), next.told.wakes.begin(), next.told.wakes.end());
        }
    }
    for (auto missing : wakes)
        for (const auto& name : parked[missing])
            if (deliveries[name].state == State::park && to_work(name))
                effects.ready.insert(name);
    effects.still_parked = parked_on(wakes);
    effects.ended = settle(event);
    char state = effects.ended ? static_cast<char>(*effects.ended) : left_of(event) > 0 ? 'w' : 'd';
    share.history.push_back({event, state, record.round});
    return std::pair(Placed::Answer::placed, effects);
}

Taken StoreModel::take(Partition partition, const Name& name, std::uint32_t attempts, std::int64_t deadline)
{
    auto found = deliveries.find(name);
    if (found == deliveries.end() || home(name) != partition)
        return {Taken::Answer::gone, 0};
    auto& delivery = found->second;
    if (delivery.state == State::busy && delivery.attempts == attempts + 1)
        return {Taken::Answer::taken, delivery.attempts};
    bool head = delivery.state == State::lane && !owner(name.system, delivery.entity) &&
                first_in_lane(name.system, delivery.entity) == name;
    if (delivery.attempts != attempts || (delivery.state != State::ready && delivery.state != State::due && !head))
        return {Taken::Answer::gone, delivery.attempts};
    if (paused.contains(name.system))
        return {Taken::Answer::paused, delivery.attempts};
    delivery.state = State::busy;
    delivery.told.at = deadline;
    return {Taken::Answer::taken, ++delivery.attempts};
}

std::vector<std::optional<StoreModel::Effects>> StoreModel::resolve(std::vector<Resolving> items)
{
    using enum retry::Outcome;
    for (auto& item : items)
        if (item.outcome != applied && item.outcome != suppressed)
            item.told.wakes.clear();
    auto fits = [this](const Resolving& item) {
        auto found = deliveries.find(item.name);
        return found != deliveries.end() && home(item.name) == item.partition && found->second.state == item.from &&
               found->second.attempts == item.attempts;
    };
    // All are looked at before any is written.
    std::vector<bool> fitted;
    std::vector<std::set<Name>> parked(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        fitted.push_back(fits(items[i]));
        for (const auto& [name, delivery] : deliveries)
            for (auto missing : items[i].told.wakes)
                if (delivery.state == State::park && delivery.told.missing == missing &&
                    home(name) == items[i].partition)
                    parked[i].insert(name);
    }

    std::vector<std::optional<Effects>> answers(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& item = items[i];
        if (!fitted[i] || !fits(item))
            continue;
        Effects effects;
        auto told = item.told;
        auto& delivery = deliveries[item.name];
        if (item.outcome == throttled && delivery.attempts > 0)
            --delivery.attempts;
        if (item.outcome == unknown)
            told.maybe = true;
        const std::map<retry::Outcome, std::pair<State, char>> becomes{{applied, {State::applied, 'a'}},
                                                                       {suppressed, {State::suppressed, 's'}},
                                                                       {retry::Outcome::retry, {State::due, 0}},
                                                                       {throttled, {State::due, 0}},
                                                                       {park, {State::park, 'p'}},
                                                                       {hold, {State::hold, 'h'}},
                                                                       {unknown, {State::due, 0}},
                                                                       {dead, {State::dead, 'd'}}};
        auto [state, letter] = becomes.at(item.outcome);
        move(item.name, state, told, effects);
        if (state == State::applied || state == State::suppressed)
            end(told);
        for (const auto& name : parked[i]) {
            auto& other = deliveries[name];
            if (other.state == State::park && std::ranges::count(told.wakes, other.told.missing) > 0 && to_work(name))
                effects.woken.insert(name);
        }
        effects.ended = settle(item.name.event);
        if (letter != 0)
            shares[item.partition].history.push_back(
                {item.name.event, letter, records[item.name.event].round, item.name, effects.ended});
        answers[i] = effects;
    }
    for (std::size_t i = 0; i < items.size(); ++i)
        if (answers[i])
            answers[i]->still_parked = parked_on(items[i].told.wakes);
    return answers;
}

StoreModel::Effects StoreModel::release(std::uint64_t missing)
{
    Effects effects;
    effects.still_parked = parked_on({missing});  // were
    for (auto& [name, delivery] : deliveries)
        if (delivery.state == State::park && delivery.told.missing == missing && to_work(name))
            effects.woken.insert(name);
    return effects;
}

std::pair<Decided::Answer, StoreModel::Effects> StoreModel::decide(const Name& name, State seen, std::uint32_t attempts,
                                                                   Decision::Verdict verdict, const Told& told)
{
    using Verdict = Decision::Verdict;
    auto found = deliveries.find(name);
    if (found == deliveries.end())
        return {Decided::Answer::gone, {}};
    auto& delivery = found->second;
    if (delivery.state != seen || delivery.attempts != attempts)
        return {Decided::Answer::changed, {}};
    bool stands = seen == State::hold || seen == State::park || seen == State::dead;
    bool unknown = delivery.maybe && (stands || seen == State::due);
    bool allowed = false;
    switch (verdict) {
    case Verdict::approve: allowed = seen == State::hold && !delivery.maybe; break;
    case Verdict::arrived:
    case Verdict::not_arrived: allowed = unknown; break;
    case Verdict::discard: allowed = stands; break;
    case Verdict::supersede: allowed = stands && !delivery.maybe && delivery.attempts == 0; break;
    }
    if (!allowed)
        return {Decided::Answer::refused, {}};

    Effects effects;
    char letter = 'w';
    auto ends = [&](State state, char as) {
        auto next = told;
        next.failure_class = delivery.told.failure_class;
        move(name, state, next, effects);
        letter = as;
    };
    switch (verdict) {
    case Verdict::approve:
    case Verdict::not_arrived:
        delivery.maybe = false;
        to_work(name);
        break;
    case Verdict::arrived: ends(State::applied, 'a'); break;
    case Verdict::discard: ends(State::discarded, 'x'); break;
    case Verdict::supersede: ends(State::suppressed, 's'); break;
    }
    effects.ended = settle(name.event);
    shares[home(name)].history.push_back({name.event, letter, records[name.event].round, name, effects.ended});
    return {Decided::Answer::done, effects};
}

std::pair<Readmission, std::uint64_t> StoreModel::readmit(const Name& name, std::uint32_t round, bool with_body)
{
    auto found = deliveries.find(name);
    if (found == deliveries.end() || found->second.state != State::dead)
        return {Readmission::gone, 0};
    if (found->second.letter.round != round)
        return {Readmission::changed, 0};
    auto& record = records[name.event];
    auto& share = shares[record.partition];
    if (!share.open.contains(name.event) || letters.contains(name.event))
        return {Readmission::event_first, 0};
    if (!with_body && !bodies.contains(name.event))
        return {Readmission::body_in_history, 0};
    share.in[++seq] = {name.event, share.open[name.event]};
    share.open.erase(name.event);
    found->second.state = State::again;
    bodies.insert(name.event);
    record.body_in_history = false;
    share.history.push_back({name.event, 'r', ++record.round});
    return {Readmission::readmitted, seq};
}

bool StoreModel::spill(Partition partition, std::uint64_t event)
{
    if (!shares[partition].open.contains(event))
        return false;
    records[event].body_in_history = true;
    bodies.erase(event);
    return true;
}

}  // namespace headgate::test
