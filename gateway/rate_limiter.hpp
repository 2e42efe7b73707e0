#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/config/values.hpp"

namespace headgate::gateway {

/// So many per second with a burst of one second's worth, after the generic cell rate algorithm: one atomic number,
/// shared by all event loops.
class RateLimiter {
public:
    explicit RateLimiter(std::optional<config::Rate> rate)
        : step_(rate ? std::chrono::nanoseconds(std::chrono::seconds(1)) / rate->per_second
                     : std::chrono::nanoseconds(0))
    {}

    /// Takes one; false when the rate is used up.
    bool take(std::chrono::steady_clock::time_point now)
    {
        if (step_.count() == 0)
            return true;
        const std::int64_t at = now.time_since_epoch().count();
        const std::int64_t burst = std::chrono::nanoseconds(std::chrono::seconds(1)).count();
        std::int64_t due = due_.load(std::memory_order_relaxed);
        for (;;) {
            const std::int64_t next = std::max(due, at) + step_.count();
            if (next - at > burst)
                return false;
            if (due_.compare_exchange_weak(due, next, std::memory_order_relaxed))
                return true;
        }
    }

private:
    std::chrono::nanoseconds step_;
    std::atomic<std::int64_t> due_{0};
};

}  // namespace headgate::gateway
