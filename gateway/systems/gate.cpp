#include "gateway/systems/gate.hpp"

#include <algorithm>

namespace headgate::gateway {

SystemGate::SystemGate(const SystemConfig& config)
    : concurrency_(config.concurrency),
      open_after_(config.breaker.open_after),
      probe_every_(config.breaker.probe_every)
{
    if (config.rate)
        interval_ = Clock::duration(std::chrono::seconds(1)) / config.rate->per_second;
}

std::optional<SystemGate::Clock::time_point> SystemGate::closed(Clock::time_point now) const
{
    if (running_ >= (open_breaker() ? 1 : concurrency_))
        return Clock::time_point::max();
    auto earliest = std::max(rest_until_, next_by_rate_);
    if (open_breaker())
        earliest = std::max(earliest, next_probe_);
    return earliest > now ? std::optional(earliest) : std::nullopt;
}

void SystemGate::begin(Clock::time_point now)
{
    ++running_;
    // A pause is not made up for: what was not sent while nothing waited is no credit.
    if (interval_)
        next_by_rate_ = std::max(next_by_rate_, now - *interval_) + *interval_;
}

void SystemGate::end(Clock::time_point now, bool reached)
{
    --running_;
    failures_ = reached ? 0 : failures_ + 1;
    if (open_breaker())
        next_probe_ = now + probe_every_;
}

void SystemGate::open(Clock::time_point now)
{
    failures_ = std::max(failures_, open_after_ - 1);
    end(now, false);
}

void SystemGate::rest_until(Clock::time_point until)
{
    rest_until_ = std::max(rest_until_, until);
}

}  // namespace headgate::gateway
