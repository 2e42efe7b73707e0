#pragma once

#include <chrono>
#include <cstdint>

namespace headgate {

class ManualTime;

namespace detail {
/// The time that a test has set; null: the machine's. Set on one thread, before others begin.
inline ManualTime* manual_time = nullptr;
[[nodiscard]] std::chrono::nanoseconds now_of(const ManualTime& time);
}  // namespace detail

// The clocks of the loops: the machine's, or what a test has set (core/manual_time.hpp).

[[nodiscard]] inline std::chrono::system_clock::time_point wall_now()
{
    if (const auto* manual = detail::manual_time) [[unlikely]]
        return std::chrono::system_clock::time_point(detail::now_of(*manual));
    return std::chrono::system_clock::now();
}

[[nodiscard]] inline std::chrono::sys_time<std::chrono::milliseconds> wall_now_ms()
{
    return std::chrono::floor<std::chrono::milliseconds>(wall_now());
}

[[nodiscard]] inline std::chrono::steady_clock::time_point steady_now()
{
    if (const auto* manual = detail::manual_time) [[unlikely]]
        return std::chrono::steady_clock::time_point(detail::now_of(*manual));
    return std::chrono::steady_clock::now();
}

/// Nanoseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, never back.
[[nodiscard]] std::int64_t boottime_ns();

}  // namespace headgate
