#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.hpp"
#include "core/ids.hpp"
#include "core/transaction.hpp"
#include "retry/guard.hpp"
#include "retry/letter.hpp"

namespace headgate::retry {

using Millis = std::chrono::sys_time<std::chrono::milliseconds>;

struct GuardWrite {
    Hash16 key{};  // guard_hash
    Guard guard;
};

/// The name of a delivery that has left the fast path: its event, and which of the event's it is.
struct DeliveryId {
    EventId event;
    Hash16 half{};  // H16(slot, system)

    static DeliveryId of(EventId event, const Slot& slot, std::string_view system);
    /// Its 32 bytes in keys and sets.
    [[nodiscard]] std::string raw() const;
    auto operator<=>(const DeliveryId&) const = default;
};

/// A delivery beside the partition it is in.
struct DeliveryAt {
    Partition partition = 0;
    DeliveryId id;
    auto operator<=>(const DeliveryAt&) const = default;
};

/// Where a delivery is. Up to `hold` it is open; the three last are its end.
enum class DeliveryState : std::uint8_t {
    ready,  // may go now; its lane is its own
    due,    // goes at its next try
    busy,   // taken: it may be on the wire
    lane,   // waits for who has its lane
    park,   // waits for something that will come
    hold,   // waits for a person
    dead,   // a letter
    again,  // readmitted: its event is back in the backlog
    applied,
    suppressed,
    discarded,
};
[[nodiscard]] std::string_view name_of(DeliveryState state);
[[nodiscard]] std::optional<DeliveryState> delivery_state(std::string_view name);

/// What an attempt, or the waiting for it, has come to.
enum class Outcome : std::uint8_t {
    applied,
    suppressed,
    retry,      // again at `at`
    throttled,  // again at `at`; its attempts do not grow
    park,       // until `missing` comes, at most until `at`
    hold,       // a person decides, by `at`
    unknown,    // it may have arrived: looked for, or sent again, at `at`
    dead,       // a letter
};

/// Where a delivery is with that outcome.
[[nodiscard]] DeliveryState state_of(Outcome outcome);

/// What a system calls something of ours: `x:<system>\0<kind>`.
struct Reference {
    std::string system;
    std::string kind;    // "sales_order"
    std::string id;      // ours
    std::string theirs;  // the system's
    bool operator==(const Reference&) const = default;
};

/// What may be in Redis when something that is waited for has come.
struct Come {
    std::string key;
    std::string field;  // of a hash; "": the key itself
    bool there = true;
};

/// What goes with a state or an outcome. Only what belongs to it is read.
struct Telling {
    std::optional<bool> maybe;  // a sending may have arrived; nothing: as it is. `unknown` says yes by itself
    Millis at{};                // next try of what is due, deadline of what is parked, SLA of what is held
    std::string reason;         // stable code: "http_503", "stale"
    std::optional<FailureClass> failure_class;
    Hash16 missing{};                   // parked: what is waited for (`pk:`)
    std::vector<Come> come;             // parked: not if one of these is so already
    bool pass = false;                  // parked: others of its lane go first, since it waits for one of them
    std::string what;                   // parked, held: for people; no customer's value but the missing key itself
    std::string rule;                   // held: the rule that wants an approval, "" when none does
    Digest content{};                   // and of what content
    std::string target_id;              // ended: what the system calls it
    std::string progress;               // what has been done of it already; "": as it is. Opaque here
    std::vector<GuardWrite> guards;     // ended
    std::vector<Reference> references;  // ended
    std::optional<Letter> letter;       // dead: stage, code, where, cause, queue, due, config and excerpt are read
};

/// What a delivery that comes replaces of its lane, if it is older and was surely never sent.
enum class Replaces : std::uint8_t { nothing, own_type, all };

/// A delivery as it leaves the fast path.
struct NewDelivery {
    Slot slot;
    std::string system;
    Hash16 lane{};  // lane_hash
    std::string type;
    Order order = Order::latest;
    std::uint16_t place = 0;  // among its event's: orders those of one lane
    std::uint32_t attempts = 0;
    Millis first{};   // when its time began: `max_age` counts from here
    Digest effect{};  // EffectKey::bytes
    Replaces replaces = Replaces::nothing;
    std::string version;         // ordered_version: one of a newer version is not replaced by another of its type
    std::optional<Hash16> fact;  // guard_hash of what it tells: once a later telling is applied, a letter is superseded
    std::string terms;           // on which it is made again; opaque here
    /// With `replaces`: types and guards of its parents. One that is replaced and not applied takes this one with it.
    std::vector<std::pair<std::string, Hash16>> parents;
    DeliveryState state = DeliveryState::ready;  // ready, due, park, hold, dead, applied or suppressed
    Telling telling;
};

/// An event that leaves the fast path, with all its deliveries. One that Redis knows already stays as it is there,
/// unless it was readmitted.
struct Placement {
    Partition partition = 0;
    EventId event;
    std::uint64_t seq = 0;     // the backlog entry's
    std::uint64_t config = 0;  // configuration generation
    std::string channel;
    std::optional<FailureClass> worst;
    std::string frame;                    // for history; opaque here
    std::string frame_of_replaced;        // of each delivery that is replaced
    std::vector<NewDelivery> deliveries;  // up to 10,000; none: what was readmitted is not wanted any more
};

/// How an event ended with the last of its deliveries.
enum class Ended : char { applied = 'a', suppressed = 's', discarded = 'x' };

struct Placed {
    enum class Answer : std::uint8_t {
        placed,
        gone,  // not in the backlog under this seq: placed, finished or buried before, or lost by Redis
    };
    Answer answer = Answer::placed;
    std::optional<Ended> ended;      // nothing of it is left open or dead
    std::vector<DeliveryAt> ready;   // others that are ready now because of it
    std::uint64_t others_ended = 0;  // events whose last delivery was replaced: they are suppressed
};

struct Take {
    Partition partition = 0;
    DeliveryId delivery;
    std::uint32_t attempts = 0;  // before
    Millis deadline{};           // after which nobody waits for the answer
};

struct Taken {
    enum class Answer : std::uint8_t {
        taken,
        gone,    // not ready or due with these attempts
        paused,  // its system is
    };
    Answer answer = Answer::taken;
    std::uint32_t attempts = 0;  // counting this one: what `Resolution` says
};

struct Resolution {
    Partition partition = 0;
    DeliveryId delivery;
    std::uint32_t attempts = 0;                // as taken
    DeliveryState from = DeliveryState::busy;  // or ready, due, park, hold: a deadline has passed, it has gone stale
    Outcome outcome = Outcome::applied;        // throttled and unknown only from busy
    Telling telling;
    std::string frame;  // for history; opaque here
};

/// Events whose bodies are to leave Redis, unless what is left of them is not `what`.
struct Spilling {
    enum class What : std::uint8_t {
        waiting,  // something of them waits
        letters,  // they are nothing but letters
    };
    What what = What::waiting;
    std::vector<std::pair<Partition, EventId>> events;  // at most 128
};

struct Resolved {
    enum class Answer : std::uint8_t {
        done,
        late,  // of an older attempt, or told before, or not known: nothing was written
    };
    Answer answer = Answer::done;
    std::optional<DeliveryAt> next;      // of its lane, ready now
    std::optional<DeliveryState> state;  // now, when it is done: what was to be parked may be ready, for it had come
    std::optional<Ended> ended;          // its event
};

}  // namespace headgate::retry
