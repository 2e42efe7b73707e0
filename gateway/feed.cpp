#include "gateway/feed.hpp"

namespace headgate::gateway {

void Feed::restart()
{
    states_ = {};
    ready_.clear();
    ready_bytes_ = 0;
    ++generation_;
}

void Feed::fall_behind(State& state)
{
    state.behind = true;
    state.again = state.again || state.loading;
    state.next = 0;
    state.stash.clear();
    state.stale_stash = false;
}

void Feed::take(State& state, Event event, std::uint64_t ordinal)
{
    state.cursor = event.seq;
    state.next = ordinal + 1;
    push(std::move(event));
}

void Feed::push(Event event)
{
    ready_bytes_ += event.weight();
    ready_.push_back(std::move(event));
}

Event Feed::pop()
{
    Event event = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= event.weight();
    return event;
}

void Feed::heard_of(Partition partition, std::uint64_t seq)
{
    State& state = states_[partition];
    if (seq > state.cursor)
        fall_behind(state);
}

void Feed::look_again()
{
    for (State& state : states_)
        fall_behind(state);
}

void Feed::hand(Event event, std::uint64_t ordinal, bool room)
{
    State& state = states_[event.partition];
    if (event.seq > state.seen_seq) {
        state.seen_seq = event.seq;
        state.seen_ordinal = ordinal;
    }
    if (state.behind || state.loading) {
        state.handed = state.handed || state.loading;
        return;
    }
    if (event.seq <= state.cursor) {
        if (event.seq == state.cursor && state.next == 0)
            state.next = ordinal + 1;
        return;
    }
    if (!room || state.next == 0 || ordinal < state.next)
        return fall_behind(state);
    if (ordinal > state.next) {
        if (state.stash.size() >= stash_limit)
            return fall_behind(state);
        state.stash.emplace(ordinal, std::move(event));
        return;
    }
    take(state, std::move(event), ordinal);
    while (!state.stash.empty() && state.stash.begin()->first == state.next) {
        auto first = state.stash.extract(state.stash.begin());
        take(state, std::move(first.mapped()), first.key());
    }
    if (state.stash.empty())
        state.stale_stash = false;
}

void Feed::recall(Partition partition, std::uint64_t seq)
{
    State& state = states_[partition];
    if (seq > state.cursor)
        fall_behind(state);
    else
        state.recalled.insert(seq);
}

void Feed::tick()
{
    for (State& state : states_) {
        if (state.stash.empty())
            continue;
        if (state.stale_stash)
            fall_behind(state);
        else
            state.stale_stash = true;
    }
}

std::optional<Feed::Load> Feed::next_load()
{
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const std::size_t at = (turn_ + i) % states_.size();
        State& state = states_[at];
        if (state.loading || (!state.behind && state.recalled.empty()))
            continue;
        state.loading = true;
        turn_ = at + 1;
        const auto partition = static_cast<Partition>(at);
        if (!state.recalled.empty())
            return Load{partition, *state.recalled.begin() - 1, 1, true, generation_};
        return Load{partition, state.cursor, load_limit, false, generation_};
    }
    return std::nullopt;
}

void Feed::load_failed(const Load& load)
{
    if (load.generation == generation_)
        states_[load.partition].loading = false;
}

void Feed::loaded(const Load& load, std::vector<Event> events)
{
    if (load.generation != generation_)
        return;
    State& state = states_[load.partition];
    state.loading = false;
    const bool handed = std::exchange(state.handed, false);
    const bool again = std::exchange(state.again, false);
    if (load.recalled) {
        state.recalled.erase(load.after + 1);
        if (!events.empty() && events.front().seq == load.after + 1)
            push(std::move(events.front()));
        // What was handed over during the load was dropped.
        state.behind = state.behind || again || (handed && state.seen_seq > state.cursor);
        if (state.behind)
            state.next = 0;
        return;
    }
    const bool all = events.size() < load.limit;
    for (Event& event : events) {
        if (event.seq <= state.cursor)
            continue;
        state.cursor = event.seq;
        push(std::move(event));
    }
    // What came over before the load began and was not found is gone (a Redis that lost its last second): looking for
    // it again and again would not bring it back.
    state.behind = again || !all || (handed && state.seen_seq > state.cursor);
    state.next = !state.behind && state.seen_seq == state.cursor && state.cursor != 0 ? state.seen_ordinal + 1 : 0;
}

bool Feed::caught_up() const
{
    for (const State& state : states_)
        if (state.behind || state.loading || !state.recalled.empty() || !state.stash.empty())
            return false;
    return true;
}

}  // namespace headgate::gateway
