#include "gateway/systems/sqs.hpp"

#include <stdexcept>

#include "core/clock.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
constexpr auto sqs_patience = 20s;  // beyond what SQS waits itself

net::HttpPoolOptions sqs_pool(const SqsPlan& plan)
{
    net::HttpPoolOptions options;
    options.connections = 2;
    options.allow = plan.allow;
    options.tls.ca_file = plan.ca;
    options.answer.bytes = std::size_t{32} << 20U;  // ten messages of at most 1 MiB, escaped
    return options;
}

}  // namespace

Sqs::Sqs(asio::any_io_executor executor, const SqsPlan& plan)
    : plan_(plan),
      pool_(std::move(executor), plan.origin, sqs_pool(plan))
{
    if (const auto& fault = pool_.fault())
        throw std::runtime_error("the queue " + plan.url + ": " + fault->code + ": " + fault->detail);
}

Task<std::string> Sqs::call(std::string action, std::string body, std::chrono::seconds limit)
{
    for (bool again = false;; again = true) {
        auto made = sqs_call(action, body, plan_.credentials, plan_.region, plan_.origin, wall_now());
        if (!made)
            co_return std::unexpected(std::move(made.error()));
        made->deadline = std::chrono::steady_clock::now() + limit;
        made->fresh = again;
        auto sending = pool_.send(std::move(*made));
        auto answer = co_await std::move(sending);
        if (answer && answer->status == 200)
            co_return std::move(answer->body);
        if (answer)
            co_return std::unexpected(sqs_failure(*answer));
        if (answer.error().code != "connection_closed" || again)  // perhaps it was just closing
            co_return std::unexpected(of_harmless(std::move(answer.error())));
    }
}

Task<std::vector<SqsMessage>> Sqs::receive()
{
    auto calling = call("ReceiveMessage", sqs_receive_request(plan_.url), sqs_wait + sqs_patience);
    const auto answer = co_await std::move(calling);
    if (!answer)
        co_return std::unexpected(answer.error());
    co_return read_sqs_messages(*answer);
}

Task<std::vector<SqsKept>> Sqs::remove(std::vector<std::string> receipts)
{
    auto calling = call("DeleteMessageBatch", sqs_delete_request(plan_.url, receipts), sqs_patience);
    const auto answer = co_await std::move(calling);
    if (!answer)
        co_return std::unexpected(answer.error());
    co_return read_sqs_deletion(*answer, receipts.size());
}

}  // namespace headgate::gateway
