#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/result.hpp"

namespace headgate {

namespace asio = boost::asio;

/// Work that may wait and may fail. Every wait inside has a deadline.
template <class T>
using Task = asio::awaitable<Result<T>>;

/// For what may be waited for in vain: an error is looked at, not thrown.
inline constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

}  // namespace headgate
