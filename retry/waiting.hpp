#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// A delivery of the slow path that has not ended, as Redis holds it.
struct WaitingDelivery {
    DeliveryId id;
    DeliveryState state = DeliveryState::ready;
    std::string slot;  // Slot::text
    std::string system;
    Hash16 lane{};
    std::string channel;  // of its event; "" of one that was placed before this was kept
    std::string type;
    Order order = Order::latest;
    std::uint16_t place = 0;
    std::uint64_t seq = 0;  // origin seq
    std::uint32_t attempts = 0;
    bool maybe = false;  // a sending may have arrived
    Millis first{};
    Millis at{};  // next try of what is due, deadline of what is busy or parked, SLA of what is held
    std::string reason;
    std::optional<FailureClass> failure_class;
    std::optional<Hash16> missing;  // parked: on what
    std::string what;
    std::string progress;  // what has been done of it already; opaque here
    Digest effect{};
    std::string terms;       // on which it is made again; opaque here
    std::string rule;        // held: the rule that wants an approval; "" held for another reason
    Digest content{};        // and of what content
    bool escalated = false;  // and it was not decided in time
    /// What rules asked about it was approved: the rule, and the content that was.
    std::map<std::string, Digest, std::less<>> approved;
};

struct WaitingPage {
    std::vector<WaitingDelivery> deliveries;
    std::string next;  // "" at the end
};

/// A page of what waits in one state; `system` is for ready, due and busy. In no order, and what moves meanwhile may
/// come twice: whoever takes a partition over reads before it moves anything. A page may be empty with more to come.
/// Fails as a Redis command does; may be repeated.
Task<WaitingPage> waiting(net::Redis& redis, const Scripts& scripts, Partition partition, DeliveryState state,
                          std::string system = {}, std::string cursor = {});

/// What may go to a system, of one partition.
struct NextDeliveries {
    std::vector<WaitingDelivery> deliveries;  // the longest due first, then ready by arrival
    std::uint64_t ready = 0;                  // how many there are, with those in `deliveries`
    std::uint64_t due = 0;                    // by `now`
    std::optional<Millis> next_due;           // of the others
};
/// At most `count` (<= 256). Fails as a Redis command does; may be repeated.
Task<NextDeliveries> next_deliveries(net::Redis& redis, const Scripts& scripts, Partition partition, std::string system,
                                     Millis now, std::size_t count);

/// What has waited too long, of one partition.
struct OverdueDeliveries {
    std::vector<WaitingDelivery> deliveries;  // the longest overdue first
    std::size_t looked_at = 0;                // less than was asked for: there are no more behind them
    std::optional<Millis> next;               // deadline of what is not overdue
};
/// What is parked; or what rules hold and nobody was called for yet, behind so many of all that is held. At most
/// `count`
/// (<= 128) are looked at. Fails as a Redis command does; may be repeated.
Task<OverdueDeliveries> overdue_deliveries(net::Redis& redis, const Scripts& scripts, Partition partition, Millis now,
                                           std::size_t count, DeliveryState state = DeliveryState::park,
                                           std::size_t behind = 0);

/// A held delivery by its name; nothing: it is not held, or not known. Fails as a Redis command does.
Task<std::optional<WaitingDelivery>> held_delivery(net::Redis& redis, DeliveryId id);
/// The names of those who put something of an event back to work. Fails as a Redis command does.
Task<std::vector<std::string>> put_back_by(net::Redis& redis, EventId event);
/// How many deliveries were not decided in time. Fails as a Redis command does.
Task<std::uint64_t> escalated_count(net::Redis& redis);

/// What waits in a lane behind who has it.
struct Behind {
    std::uint64_t count = 0;
    std::vector<DeliveryId> oldest;
};
/// In the order of `lanes`, with up to `most` (<= 128) names each. Fails as a Redis command does; may be repeated.
Task<std::vector<Behind>> waiting_behind(net::Redis& redis, const Scripts& scripts, std::vector<Hash16> lanes,
                                         std::size_t most);

/// Something that deliveries wait for: its name (`pk:`) and what was said of it.
struct MissingThing {
    Hash16 key{};
    std::string what;
    std::uint64_t waiting = 0;  // deliveries, of all partitions
};
/// All of them, in no order.
Task<std::vector<MissingThing>> missing_things(net::Redis& redis);
/// Which of these is so, in the order asked.
Task<std::vector<bool>> have_come(net::Redis& redis, std::vector<Come> come);

/// What is known of an event that comes again after a replay.
struct KnownEvent {
    struct Known {
        Hash16 half{};  // DeliveryId::half
        DeliveryState state = DeliveryState::again;
        std::uint32_t attempts = 0;
        bool maybe = false;
        std::string terms;  // as of the event
    };
    std::uint32_t round = 0;
    bool maybe_sent = false;  // some of it may have been sent before it became a letter
    std::string terms;        // on which it is worked on; opaque here
    std::string made;         // what is sent instead of what it is mapped to; opaque here
    std::vector<Known> deliveries;
};
/// Fails as a Redis command does; may be repeated.
Task<KnownEvent> known_event(net::Redis& redis, const Scripts& scripts, EventId event);

/// The systems that have lanes with an owner: whoever sends there past the slow path asks for the lane first.
Task<std::vector<std::string>> systems_with_lanes(net::Redis& redis);
/// Whether anything is parked: it may have no lane now, and get one when it goes back to work.
Task<bool> anything_parked(net::Redis& redis);
/// Whether a delivery of the slow path has this lane.
Task<bool> lane_is_taken(net::Redis& redis, Hash16 lane);

/// How many events of each channel have deliveries that wait; those with none are not named.
Task<std::map<std::string, std::int64_t>> waiting_by_channel(net::Redis& redis);

/// A page of a partition's events that have been placed or are letters.
struct OpenPage {
    std::vector<EventId> resident;  // whose body is in Redis
    std::string next;               // "" at the end
};
/// In no order; a page may be empty with more to come. Fails as a Redis command does; may be repeated.
Task<OpenPage> open_events(net::Redis& redis, Partition partition, std::string cursor = {});

/// The systems that deliveries of each partition have been placed for: the ones to ask for ready, due and busy. One
/// round trip.
Task<std::vector<std::vector<std::string>>> placed_systems(net::Redis& redis);

}  // namespace headgate::retry
