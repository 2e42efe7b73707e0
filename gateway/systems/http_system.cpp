#include "gateway/systems/http_system.hpp"

#include <stdexcept>
#include <utility>

#include "gateway/systems/http_delivery.hpp"

namespace headgate::gateway {

namespace {

net::HttpPoolOptions options_of(const HttpSystemPlan& plan)
{
    net::HttpPoolOptions options;
    options.connections = static_cast<std::size_t>(plan.config.concurrency);
    options.allow = plan.allow;
    options.tls.ca_file = plan.config.ca;
    return options;
}

}  // namespace

HttpSystem::HttpSystem(asio::any_io_executor executor, Dependencies dependencies)
    : with_(std::move(dependencies)),
      pool_(executor, with_.plan.origin, options_of(with_.plan)),
      login_(executor, with_.plan.config.auth, with_.plan.secrets,
             with_.plan.token_origin ? &token_pool_.emplace(executor, *with_.plan.token_origin, options_of(with_.plan))
                                     : nullptr,
             with_.tokens)
{
    for (const auto* pool : {&pool_, token_pool_ ? &*token_pool_ : nullptr})
        if (pool != nullptr && pool->fault())
            throw std::runtime_error("system " + with_.plan.config.name + ": " + pool->fault()->code + ": " +
                                     pool->fault()->detail);
}

void HttpSystem::apply(const Delivery& delivery, Sending sending, Done done)
{
    with_.spawn(run(delivery, std::move(sending), std::move(done)));
}

asio::awaitable<void> HttpSystem::run(const Delivery& delivery, Sending sending, Done done)
{
    const HttpSend send = [this](net::HttpCall call) { return pool_.send(std::move(call)); };
    HttpDelivery one({with_, send, login_}, delivery, std::move(sending));
    auto answer = co_await one.run();
    done(std::move(answer));
}

Task<std::optional<std::string>> HttpSystem::find(std::string type, std::string source, std::string entity)
{
    Delivery delivery;
    delivery.source = std::move(source);
    delivery.transaction.type = std::move(type);
    delivery.transaction.entity = entity;
    delivery.transaction.id = std::move(entity);
    delivery.transaction.json = "{}";
    const HttpSend send = [this](net::HttpCall call) { return pool_.send(std::move(call)); };
    Sending sending;
    HttpDelivery one({with_, send, login_}, delivery, std::move(sending));
    auto found = co_await one.find();
    co_return found;
}

void HttpSystem::close()
{
    pool_.close();
    if (token_pool_)
        token_pool_->close();
}

}  // namespace headgate::gateway
