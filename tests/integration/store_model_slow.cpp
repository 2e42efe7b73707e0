#include <algorithm>
#include <tuple>

#include "slow_path.hpp"
#include "store_model.hpp"

namespace headgate::test {

using retry::Decided;
using retry::Decision;
using retry::Ended;
using retry::Placed;
using retry::Taken;
using Readmission = retry::Readmitted::Answer;

namespace {

/// What decides between two of an event that say the same place, as those of two rounds may.
std::string in_bytes(const StoreModel::Name& name)
{
    return id_of(name.event, name.slot, name.system).raw();
}

}  // namespace

bool StoreModel::has_lane(const Delivery& delivery)
{
    switch (delivery.state) {
    case State::ready:
    case State::due:
    case State::busy:
    case State::hold: return true;
    case State::park: return !delivery.told.pass;
    case State::dead:
    case State::again: return delivery.order == Order::sequence;
    default: return false;
    }
}

bool StoreModel::has_come(const Come& come) const
{
    return (come.fact ? facts.contains(*come.fact) : references.contains(come.reference)) == come.there;
}

std::int64_t StoreModel::count_of(std::uint64_t event, State state) const
{
    return count([&](const Name& name, const Delivery& d) { return name.event == event && d.state == state; });
}

std::int64_t StoreModel::left_of(std::uint64_t event) const
{
    return count([&](const Name& name, const Delivery& d) { return name.event == event && is_left(d.state); });
}

bool StoreModel::keeps_body(std::uint64_t event) const
{
    const auto record = records.find(event);
    return record != records.end() && shares.at(record->second.partition).open.contains(event) && left_of(event) == 0 &&
           bodies.contains(event);
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
        auto at = [this](const Name& one) {
            return std::tuple(deliveries.at(one).seq, deliveries.at(one).place, in_bytes(one));
        };
        if (!first || at(name) < at(*first))
            first = name;
    }
    return first;
}

std::map<std::string, std::size_t> StoreModel::lanes() const
{
    std::map<std::string, std::set<std::string>> owned;
    for (const auto& [name, delivery] : deliveries)
        if (has_lane(delivery))
            owned[name.system].insert(delivery.entity);
    std::map<std::string, std::size_t> counts;
    for (const auto& [system, entities] : owned)
        counts[system] = entities.size();
    return counts;
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
    stop_waiting(delivery);
    delivery.state = state;
    delivery.told = told;
    if (told.maybe)
        delivery.maybe = *told.maybe;
    if (!told.progress.empty())
        delivery.progress = told.progress;
    auto& share = shares[home(name)];
    if (state == State::park)
        waited_for.emplace(told.missing, told.what);
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

void StoreModel::put_back_by(std::uint64_t event, const std::string& who)
{
    auto& by = records[event].by;
    if (!who.empty() && std::ranges::find(by, who) == by.end())
        by.push_back(who);
}

void StoreModel::stop_waiting(Delivery& delivery)
{
    delivery.escalated = false;
    if (delivery.state != State::park)
        return;
    delivery.state = State::lane;
    auto missing = delivery.told.missing;
    if (count([&](const Name&, const Delivery& d) { return d.state == State::park && d.told.missing == missing; }) == 0)
        waited_for.erase(missing);
}

bool StoreModel::to_work(const Name& name)
{
    auto& delivery = deliveries[name];
    auto has = owner(name.system, delivery.entity);
    bool free = !has || *has == name;
    stop_waiting(delivery);
    delivery.state = free ? State::ready : State::lane;
    return free;
}

StoreModel::State StoreModel::in_turn(const Name& name, State state, const Told& told) const
{
    auto next = deliveries.at(name);
    next.state = state;
    next.told = told;
    auto has = owner(name.system, next.entity);
    return has_lane(next) && has && *has != name ? State::lane : state;
}

StoreModel::State StoreModel::once_parked(State state, const Told& told) const
{
    bool come = std::ranges::any_of(told.come, [this](const Come& one) { return has_come(one); });
    return state == State::park && come ? State::ready : state;
}

std::vector<StoreModel::Name> StoreModel::replaced_by(const New& one, const std::set<Name>& gone) const
{
    using enum retry::Replaces;
    const auto& next = one.delivery;
    if (one.replaces == nothing || next.attempts > 0 ||
        (next.state != State::ready && next.state != State::due && next.state != State::park))
        return {};
    std::vector<Name> replaced;
    for (const auto& [name, d] : deliveries) {
        bool of_lane = name.system == one.name.system && d.entity == next.entity &&
                       (d.state == State::lane || owner(name.system, d.entity) == name);
        bool never_sent = d.attempts == 0 && !d.maybe && d.progress.empty() && d.state != State::busy;
        bool newer =
            !d.version.empty() && d.version.substr(0, 1) == next.version.substr(0, 1) && d.version > next.version;
        if (of_lane && is_left(d.state) && never_sent && d.seq < next.seq && name.event != one.name.event &&
            (one.replaces == all || (d.type == next.type && !newer)) && !gone.contains(name))
            replaced.push_back(name);
    }
    std::ranges::sort(replaced, {}, [this](const Name& name) {
        const auto& d = deliveries.at(name);
        return std::tuple(d.state != State::lane, d.seq, d.place, in_bytes(name));
    });
    return replaced;
}

void StoreModel::inherit(New& one, const std::vector<Name>& replaced, const std::set<Name>& gone) const
{
    // Something before it in its lane may still be applied.
    auto stays = [&](const std::string& type) {
        return std::ranges::any_of(deliveries, [&](const auto& other) {
            const auto& [name, d] = other;
            return name.system == one.name.system && d.entity == one.delivery.entity && d.type == type &&
                   is_left(d.state) && !gone.contains(name) &&
                   (d.state == State::lane || owner(name.system, d.entity) == name);
        });
    };
    auto& next = one.delivery;
    for (const auto& name : replaced)
        if (const auto& d = deliveries.at(name); d.state == State::due && next.state == State::due)
            next.told.at = std::min(next.told.at, d.told.at);
    for (const auto& [type, fact] : one.parents)
        if (!facts.contains(fact) && !stays(type) &&
            std::ranges::any_of(replaced, [&](const Name& name) { return deliveries.at(name).type == type; })) {
            next.state = State::suppressed;
            next.told.reason = "superseded";
            next.told.facts.clear();
            next.told.references.clear();
        }
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

void StoreModel::tell_history(const Name& name, char state, std::optional<Ended> ended)
{
    auto& share = shares[home(name)];
    // What was readmitted is in the backlog.
    bool waiting = !ended && (left_of(name.event) > 0 || !share.open.contains(name.event));
    share.history.push_back({name.event, state, records[name.event].round, name, ended, waiting});
}

std::pair<Placed::Answer, StoreModel::Effects> StoreModel::place(Partition partition, std::uint64_t entry,
                                                                 std::uint64_t event, const std::string& worst,
                                                                 const std::vector<New>& placed)
{
    auto& share = shares[partition];
    auto found = share.in.find(entry);
    if (found == share.in.end() || found->second.first != event)
        return {Placed::Answer::gone, {}};
    auto origin = found->second.second;
    share.in.erase(found);
    share.open[event] = origin;
    auto& record = records[event];
    record.partition = partition;
    record.seq = origin;
    record.worst = worst;
    record.body_in_history = false;

    // All is looked at before any is written.
    std::vector<New> coming;
    std::vector<std::vector<Name>> replaced;
    std::set<Name> gone;
    for (auto one : placed) {
        auto known = deliveries.find(one.name);
        if (known != deliveries.end() && known->second.state != State::again)
            continue;
        one.delivery.seq = origin;
        one.delivery.state = once_parked(one.delivery.state, one.delivery.told);
        replaced.push_back(replaced_by(one, gone));
        gone.insert(replaced.back().begin(), replaced.back().end());
        inherit(one, replaced.back(), gone);
        coming.push_back(std::move(one));
    }

    Effects effects;
    auto suppress = [&](const Name& name, const char* reason) {
        Told told;
        told.reason = reason;
        told.failure_class = deliveries[name].told.failure_class;
        move(name, State::suppressed, told, effects);
    };
    for (const auto& name : record.placed)
        if (deliveries[name].state == State::again &&
            std::ranges::none_of(placed, [&](const New& each) { return each.name == name; }))
            suppress(name, "not_mapped");
    for (std::size_t i = 0; i < coming.size(); ++i) {
        for (const auto& older : replaced[i]) {
            suppress(older, "superseded");
            auto ended = settle(older.event);
            effects.others_ended += ended ? 1 : 0;
            tell_history(older, 's', ended);
        }
        const auto& name = coming[i].name;
        auto next = coming[i].delivery;
        auto known = deliveries.find(name);
        if (known == deliveries.end()) {
            record.placed.push_back(name);
            ++share.d_created;
        } else {
            next.maybe = known->second.maybe;
            next.progress = known->second.progress;
            next.approved = known->second.approved;
            if (known->second.entity != next.entity && has_lane(known->second)) {
                auto left = known->second.entity;
                known->second.state = State::suppressed;
                move_up(name.system, left, effects);
            }
        }
        auto wanted = next.state;
        next.state = owner(name.system, next.entity) == name ? State::busy : State::lane;  // whether it has the lane
        deliveries[name] = next;
        systems[partition].insert(name.system);
        move(name, in_turn(name, wanted, next.told), next.told, effects);
        if (wanted == State::applied || wanted == State::suppressed)
            end(next.told);
    }
    std::erase_if(effects.ready, [this](const Name& name) { return deliveries[name].state != State::ready; });
    effects.ended = settle(event);
    char state = effects.ended ? static_cast<char>(*effects.ended) : left_of(event) > 0 ? 'w' : 'd';
    share.history.push_back({event, state, record.round});
    return {Placed::Answer::placed, effects};
}

Taken StoreModel::take(Partition partition, const Name& name, std::uint32_t attempts, std::int64_t deadline)
{
    auto found = deliveries.find(name);
    if (found == deliveries.end() || home(name) != partition)
        return {Taken::Answer::gone, 0};
    auto& delivery = found->second;
    if (delivery.state == State::busy && delivery.attempts == attempts + 1)
        return {Taken::Answer::taken, delivery.attempts};
    if (delivery.attempts != attempts || (delivery.state != State::ready && delivery.state != State::due))
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
    const std::map<retry::Outcome, std::pair<State, char>> becomes{{applied, {State::applied, 'a'}},
                                                                   {suppressed, {State::suppressed, 's'}},
                                                                   {retry::Outcome::retry, {State::due, 'w'}},
                                                                   {throttled, {State::due, 'w'}},
                                                                   {park, {State::park, 'p'}},
                                                                   {hold, {State::hold, 'h'}},
                                                                   {unknown, {State::due, 'w'}},
                                                                   {dead, {State::dead, 'd'}}};
    auto fits = [this](const Resolving& item) {
        auto found = deliveries.find(item.name);
        return found != deliveries.end() && home(item.name) == item.partition && found->second.state == item.from &&
               found->second.attempts == item.attempts;
    };
    // All are looked at before any is written.
    std::vector<std::optional<State>> wanted;
    for (const auto& item : items)
        wanted.push_back(fits(item) ? std::optional(once_parked(becomes.at(item.outcome).first, item.told))
                                    : std::nullopt);

    std::vector<std::optional<Effects>> answers(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& item = items[i];
        if (!wanted[i] || !fits(item))
            continue;
        Effects effects;
        auto told = item.told;
        auto& delivery = deliveries[item.name];
        if (item.outcome == throttled && delivery.attempts > 0)
            --delivery.attempts;
        if (item.outcome == unknown)
            told.maybe = true;
        auto [plain, letter] = becomes.at(item.outcome);
        auto state = in_turn(item.name, *wanted[i], told);
        move(item.name, state, told, effects);
        if (state == State::applied || state == State::suppressed)
            end(told);
        effects.state = state;
        effects.ended = settle(item.name.event);
        tell_history(item.name, state == plain ? letter : 'w', effects.ended);
        answers[i] = effects;
    }
    return answers;
}

StoreModel::Released StoreModel::release(std::uint64_t missing, const std::string& who)
{
    std::vector<Name> parked;
    for (const auto& [name, delivery] : deliveries)
        if (delivery.state == State::park && delivery.told.missing == missing)
            parked.push_back(name);
    std::ranges::sort(parked, {}, [this](const Name& name) {
        return std::tuple(deliveries.at(name).seq, deliveries.at(name).place);
    });
    Released released{parked.size(), {}};
    for (const auto& name : parked) {
        put_back_by(name.event, who);
        if (to_work(name))
            released.ready.insert(name);
    }
    return released;
}

std::pair<Decided::Answer, StoreModel::Effects> StoreModel::decide(const Name& name, State seen, std::uint32_t attempts,
                                                                   Decision::Verdict verdict, const Told& told,
                                                                   const std::string& who,
                                                                   const std::optional<Asked>& asked)
{
    using Verdict = Decision::Verdict;
    auto found = deliveries.find(name);
    if (found == deliveries.end())
        return {Decided::Answer::gone, {}};
    auto& delivery = found->second;
    bool by_rule = delivery.state == State::hold && !delivery.told.rule.empty();
    bool same =
        by_rule ? asked && asked->rule == delivery.told.rule && asked->content == delivery.told.content : !asked;
    if (delivery.state != seen || delivery.attempts != attempts || !same)
        return {Decided::Answer::changed, {}};
    bool stands = seen == State::hold || seen == State::park || seen == State::dead;
    bool unknown = delivery.maybe && !by_rule && (stands || seen == State::due);
    bool allowed = false;
    switch (verdict) {
    case Verdict::approve: allowed = seen == State::hold && (by_rule || !delivery.maybe); break;
    case Verdict::escalate: allowed = by_rule && !delivery.escalated; break;
    case Verdict::arrived:
    case Verdict::not_arrived: allowed = unknown; break;
    case Verdict::discard: allowed = stands; break;
    case Verdict::supersede:
        allowed = stands && !delivery.maybe && delivery.progress.empty() && delivery.attempts == 0;
        break;
    }
    if (!allowed)
        return {Decided::Answer::refused, {}};
    const auto& by = records[name.event].by;
    if (asked && asked->apart && (who.empty() || std::ranges::find(by, who) != by.end()))
        return {Decided::Answer::apart, {}};

    Effects effects;
    char letter = 'w';
    auto ends = [&](State state, char as) {
        auto next = told;
        next.progress.clear();
        next.maybe.reset();
        next.failure_class = delivery.told.failure_class;
        move(name, state, next, effects);
        letter = as;
    };
    switch (verdict) {
    case Verdict::arrived:
        delivery.progress = told.progress;
        delivery.maybe = told.maybe.value_or(false);
        put_back_by(name.event, who);
        to_work(name);
        break;
    case Verdict::approve:
        if (by_rule)
            delivery.approved[asked->rule] = asked->content;
        else
            delivery.maybe = false;
        to_work(name);
        break;
    case Verdict::not_arrived:
        delivery.maybe = false;
        put_back_by(name.event, who);
        to_work(name);
        break;
    case Verdict::escalate:
        delivery.escalated = true;
        letter = 'h';
        break;
    case Verdict::discard: ends(State::discarded, 'x'); break;
    case Verdict::supersede: ends(State::suppressed, 's'); break;
    }
    effects.ended = settle(name.event);
    tell_history(name, letter, effects.ended);
    return {Decided::Answer::done, effects};
}

std::pair<Readmission, std::uint64_t> StoreModel::readmit(const Name& name, std::uint32_t round, bool with_body,
                                                          const std::string& who)
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
    put_back_by(name.event, who);
    bodies.insert(name.event);
    record.body_in_history = false;
    share.history.push_back({name.event, 'r', ++record.round});
    return {Readmission::readmitted, seq};
}

std::uint64_t StoreModel::spill(Partition partition, std::uint64_t event, retry::Spilling::What what)
{
    const bool rests = left_of(event) == 0;
    if (!shares[partition].open.contains(event) || rests != (what == retry::Spilling::What::letters))
        return 0;
    records[event].body_in_history = true;
    return bodies.erase(event);
}

}  // namespace headgate::test
