#pragma once

#include <boost/asio/awaitable.hpp>

#include "core/result.hpp"

namespace headgate {

namespace asio = boost::asio;

/// Work that may wait and may fail. Every wait inside has a deadline.
template <class T>
using Task = asio::awaitable<Result<T>>;

}  // namespace headgate
