#include "gateway/api/means.hpp"

#include <memory>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/redis/wait_for.hpp"

namespace headgate::gateway::api {

asio::awaitable<void> heard(const std::function<void(OwnerCalls::Heard)>& tell)
{
    const auto executor = co_await asio::this_coro::executor;
    auto start = [&tell, executor](std::move_only_function<void(bool)> done) {
        tell([executor, done = std::move(done)]() mutable {
            asio::post(executor, [done = std::move(done)]() mutable { done(true); });
        });
    };
    auto waiting = net::wait_for<bool>(std::move(start));
    co_await std::move(waiting);
}

}  // namespace headgate::gateway::api
