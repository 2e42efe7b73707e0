#pragma once

#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "core/async.hpp"

namespace headgate::net {

/// Takes a body in pieces while it comes, so that one of any size takes little memory.
class BodySink {
public:
    BodySink() = default;
    BodySink(const BodySink&) = delete;
    BodySink& operator=(const BodySink&) = delete;
    virtual ~BodySink() = default;

    /// `piece` lives until this ends. False: nothing more of it is wanted.
    virtual asio::awaitable<bool> take(std::string_view piece) = 0;
};

}  // namespace headgate::net
