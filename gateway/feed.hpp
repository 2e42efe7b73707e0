#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/ids.hpp"
#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// Puts accepted events back into the order of each partition. The accept answers hand events over with their place
/// (`ordinal`: the n-th accepted of the partition), from several loops and sometimes not at all (a lost answer,
/// another node, no room). Whatever is missing is loaded from the partition's stream, which is always right; handing
/// over only saves that. Plain values, no I/O, one thread.
class Feed {
public:
    /// Nothing is known: every partition is to be loaded from the start.
    void restart();

    /// One event as its accept answered. `room`: whether there is memory for it; without, it is loaded later.
    void hand(Event event, std::uint64_t ordinal, bool room);
    /// An event of this seq is known to be in the stream, or to have been.
    void heard_of(Partition partition, std::uint64_t seq);
    /// Answers may have been lost: every partition is looked at beyond its cursor.
    void look_again();
    /// A letter came back to the stream under this seq.
    void recall(Partition partition, std::uint64_t seq);
    /// Called a few times a second: a gap that has stayed open since the last call is filled by loading.
    void tick();

    /// What to load next, if anything: entries of `partition` above `after`, at most `limit`.
    struct Load {
        Partition partition = 0;
        std::uint64_t after = 0;
        std::size_t limit = 0;
        bool recalled = false;
        std::uint64_t generation = 0;  // of `restart`
    };
    [[nodiscard]] std::optional<Load> next_load();
    /// The answer to a load: the entries in order of seq, however many there were.
    void loaded(const Load& load, std::vector<Event> events);
    /// The load failed; it is asked for again.
    void load_failed(const Load& load);

    /// Events in an order that keeps every partition's own.
    [[nodiscard]] std::size_t ready_count() const { return ready_.size(); }
    [[nodiscard]] std::size_t ready_bytes() const { return ready_bytes_; }
    Event pop();
    /// No partition waits for a load.
    [[nodiscard]] bool caught_up() const;

    static constexpr std::size_t load_limit = 32;
    static constexpr std::size_t stash_limit = 64;

private:
    struct State {
        std::uint64_t cursor = 0;  // the last seq taken
        std::uint64_t next = 0;    // the ordinal expected next; 0: not known
        bool behind = true;        // the stream has more than was taken
        bool loading = false;
        bool handed = false;  // an event came over while a load was under way, and was dropped
        bool again = false;   // fell behind while a load was under way, which may have missed it
        bool stale_stash = false;
        std::uint64_t seen_seq = 0;  // of the latest event handed over
        std::uint64_t seen_ordinal = 0;
        std::map<std::uint64_t, Event> stash;  // by ordinal: ahead of a gap
        std::set<std::uint64_t> recalled;
    };
    void take(State& state, Event event, std::uint64_t ordinal);
    void push(Event event);
    void fall_behind(State& state);

    std::array<State, partition_count> states_;
    std::deque<Event> ready_;
    std::size_t ready_bytes_ = 0;
    std::uint64_t generation_ = 0;
    std::size_t turn_ = 0;  // where the search for a load goes on
};

}  // namespace headgate::gateway
