#include "core/manual_time.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include "core/clock.hpp"

namespace headgate {

std::chrono::nanoseconds detail::now_of(const ManualTime& time)
{
    return time.now();
}

ManualTime::ManualTime()
{
    detail::manual_time = this;
}

ManualTime::~ManualTime()
{
    detail::manual_time = nullptr;
}

std::chrono::nanoseconds ManualTime::next() const
{
    return waiting_.empty() ? std::chrono::nanoseconds::max() : waiting_.begin()->first.first;
}

void ManualTime::set(std::chrono::nanoseconds now)
{
    now_ = now;
    while (next() <= now_)
        end(std::move(waiting_.extract(waiting_.begin()).mapped()), {});
}

ManualTime::Place ManualTime::wait(std::chrono::nanoseconds until, asio::any_io_executor executor, Handler handler)
{
    const Place place{until, ++waits_};
    Wait wait{std::move(executor), std::move(handler)};
    if (until <= now_)
        end(std::move(wait), {});
    else
        waiting_.emplace(place, std::move(wait));
    return place;
}

void ManualTime::cancel(Place place)
{
    if (auto found = waiting_.extract(place))
        end(std::move(found.mapped()), asio::error::operation_aborted);
}

void ManualTime::forget(const asio::execution_context& context)
{
    std::erase_if(waiting_, [&](const auto& one) {
        return &asio::query(one.second.executor, asio::execution::context) == &context;
    });
}

void ManualTime::end(Wait wait, boost::system::error_code error)
{
    asio::post(wait.executor, [handler = std::move(wait.handler), error]() mutable { handler(error); });
}

}  // namespace headgate
