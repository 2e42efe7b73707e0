#include "net/http/session.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace headgate::net {

namespace {

constexpr std::chrono::seconds linger_time{2};

}  // namespace

Session::Session(std::shared_ptr<ServerState> state)
    : state_(std::move(state)),
      socket_(state_->io),
      in_(std::max<std::size_t>(state_->limits.head_bytes, 4096) + 2)
{}

Session::~Session()
{
    leave();
}

void Session::start(const asio::ip::tcp::endpoint& peer, bool overloaded)
{
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    const auto address = peer.address();
    remote_ = address.is_v6() && address.to_v6().is_v4_mapped()
                  ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string()
                  : address.to_string();

    state_->sessions.push_back(*this);
    ++state_->active;
    state_->arm_sweep();
    auto self = shared_from_this();
    auto ended = [self](const std::exception_ptr& fault) { self->end(fault); };
    asio::co_spawn(state_->io, run(self, overloaded), asio::bind_cancellation_slot(cancel_.slot(), std::move(ended)));
}

asio::awaitable<void> Session::run(std::shared_ptr<Session> session, bool overloaded)
{
    if (overloaded)
        co_await session->refuse(Refusal{503, "too_many_connections"});
    else
        co_await session->serve();
}

void Session::end(const std::exception_ptr& fault)
{
    if (fault && !state_->is_cut) {
        try {
            std::rethrow_exception(fault);
        } catch (const std::exception& error) {
            state_->on_fault(error.what());
        } catch (...) {
            state_->on_fault("not an exception");
        }
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
    leave();
}

void Session::leave()
{
    if (!is_linked())
        return;
    unlink();
    if (--state_->active == 0) {
        state_->idle_signal.cancel();
        state_->sweep_timer.cancel();
    }
}

void Session::enter(Phase phase)
{
    const Limits& limits = state_->limits;
    phase_ = phase;
    expired_ = false;
    switch (phase) {
    case Phase::idle: deadline_ = state_->clock() + limits.idle_time; return;
    case Phase::head: deadline_ = state_->clock() + limits.head_time; return;
    case Phase::body: deadline_ = state_->clock() + limits.body_time; return;
    case Phase::handling: deadline_ = Time::max(); return;
    case Phase::writing: deadline_ = state_->clock() + limits.write_time; return;
    case Phase::lingering: deadline_ = state_->clock() + linger_time; return;
    }
}

void Session::sweep(Time now)
{
    if (deadline_ > now || expired_)
        return;
    expired_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Session::close_if_idle()
{
    if (phase_ != Phase::idle)
        return;
    expired_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Session::cut()
{
    boost::system::error_code ignored;
    socket_.close(ignored);
    // Boost 1.81 keeps a bare pointer into the signal when emit is called from outside of the context's run.
    asio::post(state_->io, [self = shared_from_this()] {
        if (self->is_linked())
            self->cancel_.emit(asio::cancellation_type::terminal);
    });
}

asio::awaitable<void> Session::serve()
{
    for (;;) {
        const auto refusal = co_await read_request();
        if (refusal && *refusal != gone)
            co_await refuse(*refusal);
        if (refusal)
            co_return;

        const bool kept = co_await answer();
        if (!kept)
            co_return;
    }
}

}  // namespace headgate::net
