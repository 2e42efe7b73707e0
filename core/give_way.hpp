#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace headgate {

/// The calling thread gives way from now on to those that take requests in, when cores are short: what is not accepted
/// in time is lost to the sender's patience, what is worked on a little later is not. About a tenth of a core that
/// both want goes to it; all of what is idle does.
inline void give_way()
{
    constexpr int niceness = 10;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);  // on Linux, of this thread alone
}

/// Between two pieces of such work: lets a thread that waits for this core have it now, not when the slice is over.
inline void let_others_go()
{
    ::sched_yield();
}

}  // namespace headgate
