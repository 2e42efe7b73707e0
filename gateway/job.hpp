#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/system.hpp"
#include "gateway/stages/types.hpp"

namespace headgate::gateway {

struct Job;

/// One delivery of a job on its way to its system.
struct Attempt {
    std::shared_ptr<Job> job;
    Delivery delivery;
    std::string system;
    std::string lane;  // (system, source, entity): one on the wire at a time
    std::uint32_t attempts = 0;
    bool maybe_sent = false;                 // by this process or one before it
    std::string progress;                    // what the system's last answer left for the next attempt
    std::optional<Result<Applied>> outcome;  // set when it has ended
};

/// An event right of the bar with all its deliveries; lives in memory from load to finish. What it knows is lost
/// with the process and made again from the stream.
struct Job {
    Event event;
    std::chrono::system_clock::time_point begun;  // when this process took it up
    std::size_t weight = 0;                       // bytes it is counted with
    std::vector<std::shared_ptr<Attempt>> attempts;
    std::size_t unfinished = 0;
    std::string reason;       // why it is suppressed, when it is
    std::uint64_t again = 0;  // the seq under which it came back meanwhile; 0: it did not
    bool over = false;        // ended, or forgotten with the lease: what still arrives for it counts no more

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
