#include "core/clock.hpp"

#include <ctime>

namespace headgate {

std::int64_t boottime_ns()
{
    if (const auto* manual = detail::manual_time) [[unlikely]]
        return detail::now_of(*manual).count();
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace headgate
