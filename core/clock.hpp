#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>

#include "core/async.hpp"

namespace headgate {

/// While one lives, time stands still for everything below and moves when it is told to: for tests on one thread. All
/// three clocks go together.
class ManualTime {
public:
    using Clock = std::chrono::steady_clock;

    ManualTime() { current_.store(this); }
    ~ManualTime() { current_.store(nullptr); }
    ManualTime(const ManualTime&) = delete;
    ManualTime& operator=(const ManualTime&) = delete;

    [[nodiscard]] static ManualTime* current() { return current_.load(std::memory_order_relaxed); }

    /// Since 1970 by the wall, and since anything by the others.
    [[nodiscard]] std::chrono::nanoseconds now() const { return now_; }
    /// Timers that have ended by then run when one is waited for anew on their loop.
    void set(std::chrono::nanoseconds now) { now_ = now; }
    /// The earliest end of a timer that a loop has asked to sleep until since the last call.
    [[nodiscard]] std::chrono::nanoseconds take_next()
    {
        return std::exchange(next_, std::chrono::nanoseconds::max());
    }
    void waited_for(std::chrono::nanoseconds left) { next_ = std::min(next_, now_ + left); }

private:
    static inline std::atomic<ManualTime*> current_{nullptr};
    std::chrono::nanoseconds now_{std::chrono::hours(24 * 365 * 56)};
    std::chrono::nanoseconds next_ = std::chrono::nanoseconds::max();
};

[[nodiscard]] inline std::chrono::system_clock::time_point wall_now()
{
    if (const auto* manual = ManualTime::current()) [[unlikely]]
        return std::chrono::system_clock::time_point(manual->now());
    return std::chrono::system_clock::now();
}

/// Nanoseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, never back.
[[nodiscard]] inline std::int64_t boottime_ns()
{
    if (const auto* manual = ManualTime::current()) [[unlikely]]
        return manual->now().count();
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// std::chrono::steady_clock, whose time points it shares.
struct SteadyClock {
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr bool is_steady = true;

    static time_point now()
    {
        if (const auto* manual = ManualTime::current()) [[unlikely]]
            return time_point(manual->now());
        return std::chrono::steady_clock::now();
    }
};

/// How long a loop may sleep for a timer's sake: with manual time as long as it likes.
struct TimerWait {
    static SteadyClock::duration to_wait_duration(SteadyClock::duration left)
    {
        auto* manual = ManualTime::current();
        if (manual == nullptr || left <= SteadyClock::duration::zero()) [[likely]]
            return left;
        manual->waited_for(left);
        return SteadyClock::duration::max();
    }
    static SteadyClock::duration to_wait_duration(SteadyClock::time_point until)
    {
        return to_wait_duration(until - SteadyClock::now());
    }
};

/// asio::steady_timer on that clock.
using Timer = asio::basic_waitable_timer<SteadyClock, TimerWait>;

}  // namespace headgate
