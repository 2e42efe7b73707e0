#pragma once

#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace headgate::net {

/// The coroutine form of a call with a callback: `start` is given a callback of one Value, to be run once on the
/// coroutine's own thread. Not cancellable: whoever calls back has the deadline.
template <class Value, class Start>
boost::asio::awaitable<Value> wait_for(Start start)
{
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Value)>(
        [](auto handler, Start begin) {
            begin([handler = std::move(handler)](Value value) mutable { std::move(handler)(std::move(value)); });
        },
        boost::asio::use_awaitable, std::move(start));
}

}  // namespace headgate::net
