#pragma once

#include "gateway/job.hpp"
#include "gateway/working_out.hpp"
#include "observability/history.hpp"
#include "retry/backlog.hpp"
#include "retry/frames.hpp"

namespace headgate::gateway {

/// What is written of a job whose deliveries have all ended well: counters, guards and its frame for history.
struct WellEnded {
    retry::Finished redis;
    std::string reason;  // why nothing was applied; empty when something was
};
WellEnded finished(const Job& job, std::chrono::system_clock::time_point now);

/// What makes a letter of a job that failed.
retry::Burial burial(const Job& job, const FailedAt& failed, const Configuration& configuration,
                     std::chrono::system_clock::time_point now);

/// What is placed on the slow path of a job that leaves the fast one: what has ended, what stands somehow, and the
/// others as ready.
retry::Placement placement(const Job& job, std::chrono::system_clock::time_point now);

/// What became of a delivery of the slow path.
retry::Resolution resolution(const Attempt& attempt, std::chrono::system_clock::time_point now);

/// The frame of a letter that goes back to work; `why` may be "", and so may `job`: it was no job of many.
std::string readmission_frame(std::string_view who, std::string_view why, std::chrono::system_clock::time_point now,
                              std::string_view job = {});

/// A frame and its event's envelope bytes as the row history keeps.
Result<observability::HistoryRow> history_row(const retry::Frame& frame, std::string stored);
/// What is kept of a frame that is none.
observability::HistoryRow unreadable_row(const retry::Frame& frame, const Failure& why);

}  // namespace headgate::gateway
