#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// A person's word on a delivery, or a rule's, and what they saw when they gave it.
struct Decision {
    enum class Verdict : std::uint8_t {
        approve,      // held: back to work. Not when it may have arrived, unless a rule holds it
        arrived,      // perhaps sent, and it is there: back to work for what is left of it, by `progress`
        not_arrived,  // perhaps sent, and it is not there: back to work
        discard,      // held, parked, dead: nobody needs it
        supersede,    // held, parked, dead and surely never sent: suppressed
        escalate,     // held by a rule: stays so, and is marked, once
    };
    /// Of a delivery that a rule holds: the question that was seen.
    struct Asked {
        std::string rule;
        Digest content{};
        bool apart = false;  // not to be approved by who has put something of its event back to work
        std::string note{};  // kept with an approval: who, why and when; opaque here
    };
    DeliveryId delivery;
    DeliveryState seen = DeliveryState::hold;
    std::uint32_t attempts = 0;  // seen
    Verdict verdict = Verdict::approve;
    std::string reason;
    std::string frame;       // for history: who and why; opaque here
    std::string progress{};  // of what arrived
    bool maybe = false;      // of what arrived: the rest may have been sent, too
    std::string who{};       // as people are named; "" nobody
    std::optional<Asked> asked{};
};

struct Decided {
    enum class Answer : std::uint8_t {
        done,
        gone,     // no such delivery
        changed,  // not in that state any more, or tried again since
        refused,  // not a verdict for this one
        apart,    // another one has to approve it
    };
    Answer answer = Answer::done;
    Partition partition = 0;
    std::optional<DeliveryState> state;  // now
    std::optional<DeliveryAt> next;      // of its lane, ready now
    std::optional<Ended> ended;          // its event
};

/// A letter that ended because something later was applied.
struct Superseded {
    Partition partition = 0;
    std::optional<Ended> ended;  // its event
};

struct Released {
    std::uint64_t count = 0;        // parked no more
    bool more = false;              // say it again
    std::vector<DeliveryAt> ready;  // the others wait in their lane
};

/// What people, and things that arrive elsewhere, change about deliveries that wait. Not fenced: whoever owns the
/// partitions has to be told what became ready. Calls may overlap, all on the connection's thread; each fails as a
/// Redis command does.
class Decisions {
public:
    Decisions(net::Redis& redis, const Scripts& scripts);

    /// Two decisions on one delivery give one. Again after `redis_no_answer`: `changed`, with the state it has now.
    Task<Decided> decide(Decision decision);
    /// Those of these letters (<= 128) end as suppressed of which the guard of their fact holds something later: of a
    /// type of state, and surely without any effect at their system. May be repeated.
    Task<std::vector<Superseded>> supersede(std::vector<DeliveryId> letters, std::string frame);
    /// What was waited for (`pk:`) has come; `who`: by a person's word. A page of at most 128 at a time; may be
    /// repeated.
    Task<Released> release(Hash16 missing, std::string who = {});

    /// A fact is at its system, by a person's word or by history's, and nothing is known of what was told of it: what
    /// the guard knows already stays. May be repeated.
    Task<void> there(Hash16 fact, std::string target_id);

    /// `name` is "channel:x" or "system:y"; `why` is JSON and says who, why and since when. A paused system's
    /// deliveries are not taken. May be repeated.
    Task<void> pause(std::string name, std::string why);
    Task<void> go_on(std::string name);
    /// Name to why.
    Task<std::map<std::string, std::string>> paused();

private:
    net::Redis& redis_;
    const Scripts& scripts_;
};

}  // namespace headgate::retry
