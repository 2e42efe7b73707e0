#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
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
    Digest content{};     // SHA-256 of the transaction's JSON: tells same from changed
    bool as_new = false;  // a person wants it applied although the same was applied before; what is stale stays so
};

/// What the system says of a delivery that ended well.
struct Applied {
    enum class Outcome : std::uint8_t {
        applied,    // written now
        adopted,    // this effect key was there already: an earlier sending had arrived
        repeated,   // the same fact at the same version and content
        unchanged,  // a newer version of the fact with the content that is there
        stale,      // a newer version of the fact is there
        expired,    // too old to be worth sending
        split,      // an event of several: each is accepted as one of its own
        fetched,    // an event that only named its document: what was fetched is accepted as one of its own
    };
    Outcome outcome = Outcome::applied;
    std::string target_id;  // what the system calls the thing
};

[[nodiscard]] constexpr bool is_applied(Applied::Outcome outcome)
{
    return outcome == Applied::Outcome::applied || outcome == Applied::Outcome::adopted;
}

/// Whether a delivery that ended so says something of its fact that holds from here on: what was told again is known at
/// its newer version, or by its later arrival.
[[nodiscard]] constexpr bool tells(Applied::Outcome outcome)
{
    return is_applied(outcome) || outcome == Applied::Outcome::unchanged || outcome == Applied::Outcome::repeated;
}

/// How a delivery goes on the wire this time.
struct Sending {
    std::uint32_t attempt = 1;
    bool maybe_sent = false;  // an earlier sending may have arrived
    std::string progress{};   // what the last answer that came said, unchanged
};

/// What a delivery cannot do without, and what is not there yet.
struct Needed {
    enum class Kind : std::uint8_t {
        parent,     // a fact of that type about that entity, applied at the system
        reference,  // what the system calls something
    };
    Kind kind = Kind::parent;
    std::string system;
    std::string of;  // the parent's type, or the reference's kind
    std::string id;  // the parent's entity, or what the reference is asked for; without a source
    bool operator==(const Needed&) const = default;
};

/// What became of a sending.
struct SystemAnswer {
    Result<Applied> result;
    std::optional<std::chrono::milliseconds> not_before{};  // the system asks to be left alone for so long
    std::string progress{};                                 // for the next attempt: what has been done already
    bool maybe_done = false;                                // failed, and yet it may have arrived
    std::optional<Needed> needed{};                         // failed as `dependency`: for want of this
};

/// Where transactions are applied.
class System {
public:
    using Done = std::move_only_function<void(SystemAnswer)>;

    System() = default;
    System(const System&) = delete;
    System& operator=(const System&) = delete;
    virtual ~System() = default;

    /// `done` is called exactly once, on whatever thread, perhaps before this returns. It must not block or throw.
    /// `delivery` stays where it is until then.
    virtual void apply(const Delivery& delivery, Sending sending, Done done) = 0;
};

}  // namespace headgate
