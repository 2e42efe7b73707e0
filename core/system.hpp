#pragma once

#include <cstdint>
#include <string>

#include "core/async.hpp"
#include "core/ids.hpp"
#include "core/transaction.hpp"

namespace headgate {

/// The promise to apply one transaction at one system, as it goes on the wire.
struct Delivery {
    EventId event;
    EffectKey effect_key;
    std::string source;
    std::string channel;
    std::uint64_t seq = 0;         // the stream entry's sequence: what `reserve` has covered
    std::uint64_t origin_seq = 0;  // arrival order; differs from seq after a replay
    Transaction transaction;
};

/// What the system says of a delivery that ended well.
struct Applied {
    enum class Outcome : std::uint8_t {
        applied,   // written now
        adopted,   // this effect key was there already: an earlier sending had arrived
        repeated,  // the same fact at the same version and content
        stale,     // a newer version of the fact is there
    };
    Outcome outcome = Outcome::applied;
    std::string target_id;  // what the system calls the thing
};

}  // namespace headgate
