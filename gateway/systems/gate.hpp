#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/system_config.hpp"

namespace headgate::gateway {

/// When a system may be sent something: not more at a time than it takes, not faster, not while it asks for patience,
/// and after many failures in a row only one delivery now and then, until one is not refused. Plain values on a clock
/// that is handed in; one thread.
class SystemGate {
public:
    using Clock = std::chrono::steady_clock;

    explicit SystemGate(const SystemConfig& config);

    /// Whether one may begin now; nothing: it may. Else when to ask again; the far future: when another one has ended.
    [[nodiscard]] std::optional<Clock::time_point> closed(Clock::time_point now) const;
    void begin(Clock::time_point now);
    /// `reached`: the system did its part, whatever it answered; a failure that is the system's own counts against it.
    void end(Clock::time_point now, bool reached);
    /// One that began was not sent after all.
    void give_back() { --running_; }
    /// Ends one with which the system refused to know us: it is left alone like one that failed often enough.
    void open(Clock::time_point now);
    /// The system asked to be left alone.
    void rest_until(Clock::time_point until);
    [[nodiscard]] bool rests_at(Clock::time_point then) const { return rest_until_ > then; }
    [[nodiscard]] bool open_breaker() const { return failures_ >= open_after_; }
    [[nodiscard]] std::int64_t running() const { return running_; }

private:
    std::int64_t concurrency_;
    std::int64_t open_after_;
    Clock::duration probe_every_;
    std::optional<Clock::duration> interval_;  // between two, by `rate`
    std::int64_t running_ = 0;
    std::int64_t failures_ = 0;  // in a row
    Clock::time_point next_by_rate_{};
    Clock::time_point rest_until_{};
    Clock::time_point next_probe_{};
};

}  // namespace headgate::gateway
