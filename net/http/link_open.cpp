// The half of a connection that makes it: name, egress guard, TCP, TLS.
#include "net/http/link.hpp"

#include <algorithm>

#include "core/async.hpp"
#include "net/http/tls.hpp"

namespace headgate::net {

namespace {

constexpr std::size_t most_addresses = 16;  // what a name may make us try

}  // namespace

Task<void> Link::open(Time deadline)
{
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    const auto [error, addresses] = co_await resolve(deadline);
    if (auto stop = stopped(cancellation, Time::max()))
        co_return std::unexpected(std::move(*stop));
    if (error || addresses.empty())
        co_return std::unexpected(unsent("dns_failed", error ? error.message() : "the name has no address"));
    const auto targets = admitted(addresses);
    if (!targets)
        co_return std::unexpected(targets.error());

    Failure last;
    for (std::size_t at = 0; at < targets->size(); ++at) {
        const auto now = std::chrono::steady_clock::now();
        if (at > 0 && now >= deadline)
            break;
        const auto share = (deadline - now) / static_cast<std::int64_t>(targets->size() - at);
        auto opened = co_await open_to((*targets)[at], now + share);
        if (opened)
            co_return opened;
        last = std::move(opened.error());
        if (auto stop = stopped(cancellation, Time::max()))
            co_return std::unexpected(std::move(*stop));
    }
    co_return std::unexpected(std::move(last));
}

/// `getaddrinfo` cannot be interrupted, so what is awaited is the timer: an answer ends its wait.
asio::awaitable<std::pair<Link::Error, Addresses>> Link::resolve(Time deadline)
{
    const auto& host = route_->origin.host;
    std::pair<Error, Addresses> found;
    const auto literal = asio::ip::make_address(host, found.first);
    if (!found.first) {
        found.second.push_back(literal);
        co_return found;
    }

    const auto answer = std::make_shared<std::optional<std::pair<Error, Addresses>>>();
    auto done = [answer, weak = weak_from_this()](Error error, Addresses addresses) {
        if (answer->has_value())
            return;
        answer->emplace(error, std::move(addresses));
        if (const auto link = weak.lock())
            link->timer_.cancel();
    };
    asio::ip::tcp::resolver resolver(route_->executor);
    timer_.expires_at(deadline);
    if (route_->options.resolve) {
        route_->options.resolve(host, std::move(done));
    } else {
        resolver.async_resolve(host, "", asio::ip::resolver_base::flags(),
                               [done](Error error, const asio::ip::tcp::resolver::results_type& results) {
                                   Addresses addresses;
                                   for (const auto& result : results)
                                       addresses.push_back(result.endpoint().address());
                                   done(error, std::move(addresses));
                               });
    }
    if (!answer->has_value() && !aborted_)
        co_await timer_.async_wait(use_tuple);
    if (answer->has_value())
        co_return std::move(**answer);
    found.first = asio::error::timed_out;
    co_return found;
}

Result<Addresses> Link::admitted(const Addresses& addresses) const
{
    Addresses targets;
    for (const auto& address : addresses)
        if (targets.size() < most_addresses && is_admitted(address, route_->options.allow))
            targets.push_back(address);
    if (!targets.empty())
        return targets;
    const auto& refused = addresses.front();
    return fail(FailureClass::permanent, "egress_refused",
                route_->name + " is at " + refused.to_string() + " (" + std::string(special_use(refused)) +
                    "), which is not public: if it is meant, allow " + refused.to_string() +
                    (refused.is_v4() ? "/32" : "/128"));
}

Task<void> Link::open_to(asio::ip::address address, Time until)
{
    tls_.reset();
    socket_ = asio::ip::tcp::socket(route_->executor);
    const asio::ip::tcp::endpoint endpoint(address, route_->origin.port);
    arm(until);
    const auto [error] = co_await socket_.async_connect(endpoint, use_tuple);
    if (error) {
        disarm();
        const auto cause = address.to_string() + ": " + (expired_ ? "no connection in time" : error.message());
        const bool late = expired_ || error == asio::error::timed_out;
        co_return std::unexpected(unsent(late ? "connect_timeout" : "connect_refused", cause));
    }
    Error ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (!route_->tls) {
        disarm();
        if (expired_)  // between the connection and our turn
            co_return std::unexpected(unsent("connect_timeout", address.to_string() + ": no connection in time"));
        co_return Result<void>();
    }
    auto shaken = co_await handshake();
    disarm();
    if (!shaken)
        cut();
    co_return shaken;
}

Task<void> Link::handshake()
{
    tls_.emplace(socket_, *route_->tls);
    if (!expect_peer(tls_->native_handle(), route_->origin.host))
        co_return std::unexpected(unsent("tls_failed", "its name cannot be verified"));
    const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, use_tuple);
    if (expired_)
        co_return std::unexpected(unsent("tls_failed", "no handshake in time"));
    if (error)
        co_return std::unexpected(unsent("tls_failed", handshake_trouble(tls_->native_handle(), error)));
    co_return Result<void>();
}

}  // namespace headgate::net
