#include "gateway/intake_loop.hpp"

#include <pthread.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace headgate::gateway {

IntakeLoop::IntakeLoop(Dependencies dependencies) : with_(std::move(dependencies)), guard_(io_.get_executor())
{
    redis_ = std::make_unique<net::Redis>(io_.get_executor(), with_.redis);
    inbox_ = std::make_unique<retry::Inbox>(*redis_, with_.scripts);
    pipeline_ = std::make_unique<Pipeline>(
        Pipeline::Dependencies{with_.configuration, *inbox_, with_.metrics, with_.listener_rate,
                               [this] { return IntakeState{redis_->connected()}; }, with_.hand_over});
    net::Limits limits;
    limits.body_bytes = with_.configuration.deployment.listen.public_listener.max_body.bytes;
    server_ = std::make_unique<net::HttpServer>(io_, limits,
                                                [this](net::Request& request) { return pipeline_->run(request); });
    server_->on_refusal([this](int, std::string_view reason) { with_.metrics.http_refused(reason).add(); });
    server_->on_fault([this](std::string_view what) {
        with_.log.error("a request handler failed", observability::LogLine{}.field("what", what));
    });
}

IntakeLoop::~IntakeLoop()
{
    join();
    server_.reset();
    pipeline_.reset();
    inbox_.reset();
    redis_.reset();
}

void IntakeLoop::start(int number)
{
    thread_ = std::thread([this, number] {
        ::pthread_setname_np(::pthread_self(), ("hg-loop-" + std::to_string(number)).c_str());
        io_.run();
    });
}

Result<std::uint16_t> IntakeLoop::listen(const config::Endpoint& address, bool share_port)
{
    return server_->listen(address.address, address.port, share_port);
}

asio::awaitable<void> IntakeLoop::stop_intake(std::chrono::milliseconds limit)
{
    using namespace asio::experimental::awaitable_operators;
    server_->stop_accepting();
    server_->close_idle();
    asio::steady_timer timer(io_, limit);
    auto waiting = server_->wait_idle();
    auto timeout = timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await (std::move(waiting) || std::move(timeout));
    server_->cut();
    co_await server_->wait_idle();
}

void IntakeLoop::join()
{
    if (!thread_.joinable())
        return;
    guard_.reset();
    io_.stop();
    thread_.join();
}

}  // namespace headgate::gateway
