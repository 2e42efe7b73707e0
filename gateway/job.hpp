#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/system.hpp"
#include "gateway/stages/types.hpp"
#include "retry/delivery.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

struct Job;
class Courier;

/// What has become of a delivery that did not end well, as the slow path is told it.
struct Standing {
    retry::Outcome outcome = retry::Outcome::retry;
    retry::Telling telling;
    std::string detail;  // of the failure, for people
};

/// One delivery of a job on its way to its system.
struct Attempt {
    /// Where it is on the fast path.
    enum class Stage : std::uint8_t {
        behind,   // another of its lane goes first
        head,     // not sent yet
        sending,  // at its system
        over,     // has an outcome or a standing
    };
    std::shared_ptr<Job> job;
    Courier* courier = nullptr;
    Delivery delivery;
    std::string system;
    const CoalesceConfig* coalesce = nullptr;  // newer ones of its entity are waited for; null: it goes at once
    std::string lane;                          // (system, source, entity): one on the wire at a time
    std::uint16_t place = 0;                   // among its event's
    SharedTerms terms{};                       // its event's, or of its own
    Stage stage = Stage::behind;
    std::uint32_t attempts = 0;
    std::chrono::system_clock::time_point first;  // `max_age` counts from here
    bool at_most_once =
        false;  // a second sending would do harm: it is sent on the slow path, which knows what it has sent
    bool maybe_sent = false;                       // by this process or one before it
    std::string progress;                          // what the system's last answer left for the next attempt
    std::optional<Applied> applied;                // it has ended well
    std::optional<Standing> standing;              // it has not
    std::optional<retry::WaitingDelivery> placed;  // of the slow path: how Redis knows it
};

/// An event right of the bar with its deliveries; lives in memory from load to finish or, when one of them does not end
/// well at the first try, until it is placed on the slow path. What it knows is lost with the process and made again
/// from the stream. A delivery of the slow path has a job of its own.
struct Job {
    Event event;
    std::chrono::system_clock::time_point begun;  // when this process took it up
    std::uint64_t generation = 1;                 // of the configuration it is worked on with
    std::size_t weight = 0;                       // bytes it is counted with
    std::vector<std::shared_ptr<Attempt>> attempts;
    std::size_t unfinished = 0;
    std::string reason;       // why it is suppressed, when it is
    std::uint64_t again = 0;  // the seq under which it came back meanwhile; 0: it did not
    bool at_most_once =
        false;  // a second sending would do harm: it is sent on the slow path, which knows what it has sent
    bool maybe_sent = false;  // it comes again after a replay, and some of it may have been sent before it died
    bool leaving = false;     // it leaves the fast path: what has not been sent is not sent here any more
    bool placing = false;     // and is on its way to the slow path
    bool over = false;        // ended, or forgotten with the lease: what still arrives for it counts no more

    [[nodiscard]] bool replayed() const { return event.seq != event.origin_seq; }
    /// Its attempts know it: this undoes the ring.
    void let_go()
    {
        over = true;
        attempts.clear();
    }
};

/// Work that must end before the object that spawns it does.
using Spawn = std::function<void(asio::awaitable<void>)>;

}  // namespace headgate::gateway
