#include "net/http/link.hpp"

#include <cerrno>

#include <sys/socket.h>

#include "net/http/tls.hpp"

namespace headgate::net {

Link::Link(std::shared_ptr<const Route> route)
    : route_(std::move(route)),
      socket_(route_->executor),
      timer_(route_->executor)
{}

bool Link::begin_rest(std::function<void()> gone)
{
    if (!rest_ || aborted_ || !socket_.is_open() || (tls_ && has_unread(tls_->native_handle())))
        return false;
    reused_ = true;
    rest_end_ = std::chrono::steady_clock::now() + *rest_;
    const auto ended = [weak = weak_from_this(), turn = ++turn_, gone = std::move(gone)](const Error&) {
        const auto link = weak.lock();
        if (!link || link->turn_ != turn)
            return;
        link->cut();
        gone();
    };
    timer_.expires_at(rest_end_);
    timer_.async_wait(ended);
    socket_.async_wait(asio::ip::tcp::socket::wait_read, ended);
    return true;
}

bool Link::end_rest()
{
    disarm();
    Error error;
    socket_.cancel(error);
    if (error || std::chrono::steady_clock::now() >= rest_end_)
        return false;
    char byte = 0;
    const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Link::abort()
{
    aborted_ = true;
    cut();
}

void Link::arm(Time deadline)
{
    expired_ = false;
    timer_.expires_at(deadline);
    timer_.async_wait([weak = weak_from_this(), turn = ++turn_](const Error&) {
        const auto link = weak.lock();
        if (!link || link->turn_ != turn)
            return;
        link->expired_ = true;
        link->cut();
    });
}

void Link::disarm()
{
    ++turn_;
    timer_.cancel();
}

void Link::cut()
{
    disarm();
    Error ignored;
    socket_.close(ignored);
}

std::optional<Failure> Link::stopped(const asio::cancellation_state& cancellation, Time deadline) const
{
    if (aborted_)
        return unsent("pool_closed", "the pool was closed");
    if (cancellation.cancelled() != asio::cancellation_type::none)
        return unsent("call_cancelled", "the call was cancelled");
    if (std::chrono::steady_clock::now() >= deadline)
        return unsent("queue_timeout", "the deadline passed before anything was sent");
    return std::nullopt;
}

Failure Link::unsent(std::string code, const std::string& cause) const
{
    return {FailureClass::transient, std::move(code), route_->name + ": " + cause, {}};
}

}  // namespace headgate::net
