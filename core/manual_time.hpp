#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/system/error_code.hpp>

#include "core/async.hpp"

namespace headgate {

/// While one lives, time stands still for core/clock.hpp and core/timer.hpp and moves when it is told to: for tests, on
/// one thread. All clocks go together.
class ManualTime {
public:
    using Handler = std::move_only_function<void(boost::system::error_code)>;
    using Place = std::pair<std::chrono::nanoseconds, std::uint64_t>;  // of a wait: its end, and which of those

    ManualTime();
    ~ManualTime();
    ManualTime(const ManualTime&) = delete;
    ManualTime& operator=(const ManualTime&) = delete;

    /// Since 1970 by the wall, and since anything by the others.
    [[nodiscard]] std::chrono::nanoseconds now() const { return now_; }
    /// When the next wait ends; `nanoseconds::max()` when there is none.
    [[nodiscard]] std::chrono::nanoseconds next() const;
    /// Waits that have ended by then are handed to their loops, in the order of their ends.
    void set(std::chrono::nanoseconds now);

    Place wait(std::chrono::nanoseconds until, asio::any_io_executor executor, Handler handler);
    /// Its handler hears `operation_aborted`, if it has not ended.
    void cancel(Place place);
    /// A loop is about to go: nothing waits on it any more.
    void forget(const asio::execution_context& context);

private:
    struct Wait {
        asio::any_io_executor executor;
        Handler handler;
    };
    static void end(Wait wait, boost::system::error_code error);

    std::chrono::nanoseconds now_{std::chrono::hours(24 * 365 * 56)};
    std::uint64_t waits_ = 0;  // ever
    std::map<Place, Wait> waiting_;
};

}  // namespace headgate
