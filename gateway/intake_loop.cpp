#include "gateway/intake_loop.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/async.hpp"

namespace headgate::gateway {

IntakeLoop::IntakeLoop(Dependencies dependencies) : with_(std::move(dependencies)), loop_(with_.redis)
{
    inbox_ = std::make_unique<retry::Inbox>(loop_.redis(), with_.scripts);
    const auto state = [this] { return IntakeState{loop_.redis().connected()}; };
    for (const auto& [name, channel] : with_.configuration.channels) {
        const auto& connector = channel->connector->config;
        const auto* keys = connector.signature.keys();
        if (channel->api != nullptr && (channel->postback || (keys != nullptr && keys->login)))
            apis_.emplace(channel.get(), std::make_unique<VendorApi>(loop_.executor(), *channel->api, *connector.api));
    }
    keys_ = std::make_unique<KeyFetcher>(KeyFetcher::Dependencies{loop_.executor(), apis_, with_.metrics, with_.log});
    postback_ = std::make_unique<Postback>(Postback::Dependencies{apis_, with_.metrics, with_.log});
    pipeline_ = std::make_unique<Pipeline>(Pipeline::Dependencies{with_.configuration, *inbox_, with_.metrics,
                                                                  with_.listener_rate, *keys_, *postback_, state,
                                                                  with_.hand_over, with_.heard_of, with_.look_again});
    loop_.redis().on_state([this](bool connected, const Failure*) {
        if (connected)
            with_.look_again();
    });
    net::Limits limits;
    limits.body_bytes = with_.configuration.deployment.listen.public_listener.max_body.bytes;
    limits.codings = true;
    limits.streamed_bytes = FileUploads::largest(with_.configuration);
    server_ = std::make_unique<net::HttpServer>(loop_.io(), limits, [this](net::Request& request) {
        return request.sink ? uploads_->run(request) : pipeline_->run(request);
    });
    if (limits.streamed_bytes > 0) {
        uploads_ = std::make_unique<FileUploads>(
            loop_.io().get_executor(), FileUploads::Dependencies{with_.configuration, loop_.redis(), with_.metrics,
                                                                 with_.listener_rate, state, with_.log});
        server_->stream_bodies([this](const net::Request& request) { return uploads_->open(request); });
    }
    server_->on_refusal([this](int, std::string_view reason) { with_.metrics.http_refused(reason).add(); });
    server_->on_fault([this](std::string_view what) {
        with_.log.error("a request handler failed", observability::LogLine{}.field("what", what));
    });
}

IntakeLoop::~IntakeLoop()
{
    // The loop stands still before what runs on it goes.
    loop_.join();
    server_.reset();
    uploads_.reset();
    pipeline_.reset();
    postback_.reset();
    keys_.reset();
    apis_.clear();
    inbox_.reset();
}

Result<std::uint16_t> IntakeLoop::listen(const config::Endpoint& address, net::HttpServer::PortUse use)
{
    return server_->listen(address.address, address.port, use);
}

asio::awaitable<void> IntakeLoop::stop_intake(std::chrono::milliseconds limit)
{
    using namespace asio::experimental::awaitable_operators;
    server_->stop_accepting();
    server_->close_idle();
    asio::steady_timer timer(loop_.io(), limit);
    auto waiting = server_->wait_idle();
    auto timeout = timer.async_wait(use_tuple);
    co_await (std::move(waiting) || std::move(timeout));
    server_->cut();
    co_await server_->wait_idle();
}

}  // namespace headgate::gateway
