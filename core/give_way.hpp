#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

namespace headgate {

/// The calling thread gives way from now on to those that take requests in, when cores are short: what is not accepted
/// in time is lost to the sender's patience, what is worked on a little later is not. About a quarter of a core that
/// both want goes to it; all of what is idle does.
inline void give_way()
{
    constexpr int niceness = 5;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);  // on Linux, of this thread alone
}

namespace urgent {
inline std::atomic<int> requests{0};
}

/// While one of these lives, a sender waits for an answer.
class UrgentWork {
public:
    UrgentWork() { urgent::requests.fetch_add(1, std::memory_order_relaxed); }
    ~UrgentWork() { urgent::requests.fetch_sub(1, std::memory_order_relaxed); }
    UrgentWork(const UrgentWork&) = delete;
    UrgentWork& operator=(const UrgentWork&) = delete;
};

/// Between two pieces of background work: while senders wait, whoever wants this core has it now and not when the slice
/// is over. At most every 250 µs, so that a busy neighbour on the machine does not starve the work.
inline void let_others_go()
{
    if (urgent::requests.load(std::memory_order_relaxed) == 0)
        return;
    thread_local std::chrono::steady_clock::time_point last;
    if (std::chrono::steady_clock::now() - last < std::chrono::microseconds(250))
        return;
    ::sched_yield();
    last = std::chrono::steady_clock::now();
}

}  // namespace headgate
