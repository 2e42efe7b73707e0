#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/ids.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/lease.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

enum class FrameState : char {
    applied = 'a',
    suppressed = 's',
    discarded = 'x',
    dead = 'd',
    readmitted = 'r',
    waiting = 'w',  // placed, or back at work by a person's word
    parked = 'p',
    held = 'h',
};

/// One outcome on its way to history (`hist:<p>`).
struct Frame {
    std::string id;  // of the stream entry: "1718000000000-0"
    EventId event;
    FrameState state = FrameState::applied;
    std::uint32_t round = 0;
    std::string bytes;                   // as given to finish, place, resolve, decide, bury or readmit
    std::optional<DeliveryId> delivery;  // whose state it is; nothing: the event's
    std::optional<Ended> ended;          // the event ended with that delivery
    bool waiting = false;                // the event has not ended with it, and something of it is not dead
};

/// What history has not got yet. Reading is anybody's; `archive` is fenced (`lease_lost`, see Backlog).
/// Calls may overlap, all on the connection's thread.
class Frames {
public:
    Frames(net::Redis& redis, const Scripts& scripts, const Lease& lease);

    /// The oldest frames after `after` ("": from the first), at most `limit` (<= 128).
    Task<std::vector<Frame>> read(Partition partition, std::string after = {}, std::size_t limit = 128);
    /// Everything up to and with frame `upto` is committed in history: the frames go, and with them the bodies and
    /// records of events that are finished (letters keep theirs). Returns how many frames went; may be repeated. None
    /// go when frame `upto` is not there (any more): after a loss in Redis another frame may have an id below it.
    Task<std::uint64_t> archive(Partition partition, std::string upto);

private:
    net::Redis& redis_;
    const Scripts& scripts_;
    const Lease& lease_;
};

}  // namespace headgate::retry
