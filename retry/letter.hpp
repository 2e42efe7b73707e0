#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/hash.hpp"
#include "core/ids.hpp"
#include "core/result.hpp"

namespace headgate::retry {

/// A dead letter (`l:`): an event, or a delivery of one, that needs a person. The event's body stays.
struct Letter {
    EventId event;
    Partition partition = 0;
    std::chrono::sys_time<std::chrono::milliseconds> at{};  // by Redis TIME, when it was buried
    std::string stage;                                      // "map"
    FailureClass failure_class = FailureClass::permanent;
    std::string code;
    Where where;
    std::string cause;                                       // what letters have in common
    std::string queue;                                       // whose it is
    std::chrono::sys_time<std::chrono::milliseconds> due{};  // when somebody should have looked
    std::uint64_t config = 0;                                // configuration generation it failed under
    std::uint32_t attempts = 0;
    std::string excerpt;             // for people; masked by the caller
    std::uint32_t round = 0;         // times readmitted before
    std::uint64_t seq = 0;           // origin seq
    std::optional<Hash16> delivery;  // which of the event's (DeliveryId::half); nothing: the event itself
    std::string slot, system;        // of a delivery
    std::string type;                // of the transaction it is about, if that is known
    std::string entity;              // the same
    std::string order_number;        // the same, as people know it
    std::vector<std::pair<std::string, std::string>> fields{};  // the same, names and values that people look for
    std::optional<Hash16> word{};                               // what it waits for (AwaitedWord::key)
};

/// The entry of a vocabulary that a letter waits for.
struct AwaitedWord {
    Hash16 key{};         // its name in `wd:`
    std::string channel;  // the letter's
    std::string what;     // which word of which vocabulary; opaque here
};

/// What makes an event of the backlog a letter. Of `letter`, `at`, `round` and `seq` are not read: Redis sets them.
struct Burial {
    Letter letter;
    std::uint64_t seq = 0;    // the backlog entry's
    bool maybe_sent = false;  // an owner before may have sent some of it
    std::string frame;        // for history; opaque here
    std::string who{};        // brought the event here; "": it came by itself
    std::optional<AwaitedWord> word{};
};

}  // namespace headgate::retry
