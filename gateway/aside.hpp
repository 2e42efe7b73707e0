#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include "core/async.hpp"
#include "net/redis/wait_for.hpp"

namespace headgate::gateway {

/// Runs what may block where it harms nobody, and goes on with its answer on the loop that `back` is of. The loop must
/// outlive what runs there.
template <class Made>
Task<Made> aside(asio::any_io_executor elsewhere, asio::any_io_executor back, std::function<Result<Made>()> make)
{
    using Done = std::move_only_function<void(Result<Made>)>;
    auto start = [elsewhere = std::move(elsewhere), back = std::move(back), make = std::move(make)](Done done) {
        asio::post(elsewhere, [back, make, done = std::make_shared<Done>(std::move(done))] {
            asio::post(back, [done, made = make()]() mutable { (*done)(std::move(made)); });
        });
    };
    auto answer = net::wait_for<Result<Made>>(std::move(start));
    co_return co_await std::move(answer);
}

}  // namespace headgate::gateway
