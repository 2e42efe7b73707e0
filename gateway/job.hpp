#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
    std::optional<Result<Applied>> outcome;  // set when it has ended
};

/// An event right of the bar with all its deliveries; lives in memory from load to finish. What it knows is lost
/// with the process and made again from the stream.
struct Job {
    Event event;
    std::chrono::system_clock::time_point begun;  // when this process took it up
    std::uint64_t epoch = 0;                      // of the lease it was begun under
    std::vector<std::shared_ptr<Attempt>> attempts;
    std::size_t unfinished = 0;
    std::string reason;  // why it is suppressed, when it is

    /// The job has ended or is forgotten: its attempts know it, and this undoes the ring.
    void let_go() { attempts.clear(); }
};

}  // namespace headgate::gateway
