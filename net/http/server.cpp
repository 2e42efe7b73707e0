#include "net/http/server.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>

#include "core/async.hpp"
#include "net/http/session.hpp"

namespace headgate::net {

namespace {

using namespace std::chrono_literals;

constexpr auto sweep_period = 250ms;
constexpr auto accept_pause = 50ms;
constexpr std::size_t most_overloaded = 128;  // connections beyond the limit that may wait for their 503 to be read

/// Null when there is no memory for one more: the connection waits in the kernel.
std::shared_ptr<Session> make_session(const std::shared_ptr<ServerState>& state)
{
    try {
        return std::make_shared<Session>(state);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void start_session(ServerState& state, Session& session, const asio::ip::tcp::endpoint& peer)
{
    const bool overloaded = state.active >= state.limits.connections;
    if (state.active >= state.limits.connections + most_overloaded) {
        state.on_refusal(503, "too_many_connections");  // and closes with the session
        return;
    }
    try {
        session.start(peer, overloaded);
    } catch (const std::exception& error) {
        state.on_fault(error.what());
    }
}

/// Takes connections until the acceptor is closed. Owns what it uses.
asio::awaitable<void> accept_all(std::shared_ptr<ServerState> state, std::shared_ptr<Acceptor> acceptor)
{
    asio::steady_timer pause(state->io);
    while (acceptor->is_open()) {
        const auto session = make_session(state);
        if (session) {
            asio::ip::tcp::endpoint peer;
            const auto [error] = co_await acceptor->async_accept(session->socket(), peer, use_tuple);
            if (!error && !state->is_cut)
                start_session(*state, *session, peer);
            if (!error || error == asio::error::operation_aborted || error == asio::error::connection_aborted)
                continue;
        }
        pause.expires_after(accept_pause);  // out of descriptors or memory
        co_await pause.async_wait(use_tuple);
    }
}

asio::awaitable<void> wait_until_idle(std::shared_ptr<ServerState> state)
{
    while (state->active > 0)
        co_await state->idle_signal.async_wait(use_tuple);
}

}  // namespace

ServerState::ServerState(asio::io_context& context, Limits given, Handler handle, HttpServer::Clock time)
    : io(context),
      limits(given),
      handler(std::move(handle)),
      clock(std::move(time)),
      sweep_timer(context),
      idle_signal(context, std::chrono::steady_clock::time_point::max())
{}

void ServerState::sweep()
{
    const auto now = clock();
    for (auto& session : sessions)
        session.sweep(now);
}

void ServerState::arm_sweep()
{
    if (sweeping)
        return;
    sweeping = true;
    sweep_timer.expires_after(sweep_period);
    sweep_timer.async_wait([state = shared_from_this()](const boost::system::error_code&) {
        state->sweeping = false;
        if (state->active == 0)
            return;
        state->sweep();
        state->arm_sweep();
    });
}

void ServerState::stop_accepting()
{
    boost::system::error_code ignored;
    for (const auto& acceptor : acceptors)
        acceptor->close(ignored);
    acceptors.clear();
}

void ServerState::cut()
{
    is_cut = true;
    draining = true;
    stop_accepting();
    for (auto& session : sessions)
        session.cut();
}

HttpServer::HttpServer(asio::io_context& io, Limits limits, Handler handler, Clock clock)
    : state_(std::make_shared<ServerState>(io, limits, std::move(handler), std::move(clock)))
{}

HttpServer::~HttpServer()
{
    state_->cut();
    state_->on_refusal = [](int, std::string_view) {};
    state_->on_fault = [](std::string_view) {};
}

void HttpServer::on_refusal(OnRefusal observer)
{
    state_->on_refusal = std::move(observer);
}

void HttpServer::stream_bodies(OpenSink open)
{
    state_->open_sink = std::move(open);
}

void HttpServer::on_fault(OnFault observer)
{
    state_->on_fault = std::move(observer);
}

Result<std::uint16_t> HttpServer::listen(const std::string& address, std::uint16_t port, PortUse use)
{
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error)
        return fail(FailureClass::permanent, "address_malformed", fmt::format("\"{}\" is no IP address", address));

    const asio::ip::tcp::endpoint endpoint(ip, port);
    auto acceptor = std::make_shared<Acceptor>(state_->io);
    const auto share = [&] {
        const int on = 1;
        if (!error && ::setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
            error.assign(errno, boost::system::system_category());
    };
    acceptor->open(endpoint.protocol(), error);
    if (!error)
        acceptor->set_option(asio::socket_base::reuse_address(true), error);
    if (use == PortUse::beside)
        share();
    if (!error)
        acceptor->bind(endpoint, error);
    // Set behind the bind, so that the bind itself fails where somebody has the port, sharing or not.
    if (use == PortUse::first)
        share();
    if (!error)
        acceptor->listen(asio::socket_base::max_listen_connections, error);
    const auto bound = error ? endpoint : acceptor->local_endpoint(error);
    if (error)
        return fail(FailureClass::permanent, "listen_failed",
                    fmt::format("{} port {}: {}", address, port, error.message()));

    state_->acceptors.push_back(acceptor);
    asio::co_spawn(state_->io, accept_all(state_, acceptor), [](const std::exception_ptr&) {});
    return bound.port();
}

void HttpServer::stop_accepting()
{
    state_->stop_accepting();
}

void HttpServer::close_idle()
{
    state_->draining = true;
    for (auto& session : state_->sessions)
        session.close_if_idle();
}

void HttpServer::cut()
{
    state_->cut();
}

std::size_t HttpServer::active() const
{
    return state_->active;
}

asio::awaitable<void> HttpServer::wait_idle()
{
    return wait_until_idle(state_);
}

void HttpServer::sweep()
{
    state_->sweep();
}

}  // namespace headgate::net
