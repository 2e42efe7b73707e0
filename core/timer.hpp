#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/clock.hpp"
#include "core/manual_time.hpp"

namespace headgate {

/// asio::steady_timer, but that it waits for the time of core/clock.hpp: the machine's or a test's.
class Timer {
public:
    explicit Timer(asio::any_io_executor executor) : real_(std::move(executor)) {}
    Timer(asio::any_io_executor executor, std::chrono::steady_clock::duration span) : real_(std::move(executor))
    {
        expires_after(span);
    }
    ~Timer() { cancel_manual(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Whoever waits is cancelled.
    void expires_after(std::chrono::steady_clock::duration span) { expires_at(steady_now() + span); }
    void expires_at(std::chrono::steady_clock::time_point at)
    {
        cancel_manual();
        real_.expires_at(at);
    }
    void cancel()
    {
        cancel_manual();
        real_.cancel();
    }

    template <class Token>
    auto async_wait(Token&& token)
    {
        return asio::async_initiate<Token, void(boost::system::error_code)>(
            [this](auto handler) {
                if (detail::manual_time == nullptr) [[likely]]
                    return real_.async_wait(std::move(handler));
                manual_ =
                    detail::manual_time->wait(real_.expiry().time_since_epoch(), real_.get_executor(),
                                              [handler = std::move(handler)](boost::system::error_code error) mutable {
                                                  std::move(handler)(error);
                                              });
            },
            token);
    }

private:
    void cancel_manual()
    {
        if (manual_ && detail::manual_time != nullptr)
            detail::manual_time->cancel(*manual_);
        manual_.reset();
    }

    asio::steady_timer real_;
    std::optional<ManualTime::Place> manual_;
};

}  // namespace headgate
