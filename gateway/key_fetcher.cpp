#include "gateway/key_fetcher.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/absolute_url.hpp"
#include "gateway/stages/verify.hpp"
#include "gateway/systems/answers.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
using connectors::KeyRing;

constexpr std::size_t largest_key_answer = std::size_t{64} << 10U;
constexpr auto longest_asking = 5s;
constexpr auto longest_wait = 8s;  // of a request; its vendor does not wait much longer either

std::unexpected<Refused> not_fetched(std::chrono::seconds later)
{
    return std::unexpected(Refused{503,
                                   {FailureClass::transient,
                                    "key_not_fetched",
                                    "the key that the request names could not be fetched from its vendor now",
                                    {}},
                                   later});
}

/// By a status, where the URL names the key.
bool says_unknown(std::string_view code)
{
    return code == "http_400" || code == "http_404" || code == "http_410";
}

}  // namespace

asio::awaitable<Intake<void>> KeyFetcher::ready(const Received& received)
{
    const Channel& channel = *received.channel;
    KeyRing& ring = *channel.verifier->key_ring();
    const auto wanted = channel.verifier->wanted_key(signed_request(channel, *received.request, received.at));
    if (!wanted)
        co_return Intake<void>{};  // `verify` says why
    const auto deadline = KeyRing::Clock::now() + longest_wait;
    for (;;) {
        const auto now = KeyRing::Clock::now();
        const auto look = ring.look(*wanted, now);
        if (look.step == KeyRing::Step::later)
            co_return not_fetched(look.later);
        if (look.step == KeyRing::Step::renew || look.step == KeyRing::Step::fetch)
            start(channel, *wanted);
        if (look.step == KeyRing::Step::ready || look.step == KeyRing::Step::renew)
            co_return Intake<void>{};
        if (now >= deadline)
            co_return not_fetched(KeyRing::retry_pause);
        // Whoever ends the flight may be another loop.
        auto landed = std::make_shared<asio::steady_timer>(with_.executor, deadline);
        const auto waiting =
            ring.wait(wanted->url, [landed] { asio::post(landed->get_executor(), [landed] { landed->cancel(); }); });
        if (waiting)
            co_await landed->async_wait(use_tuple);
    }
}

void KeyFetcher::start(const Channel& channel, connectors::WantedKey wanted)
{
    asio::co_spawn(with_.executor, fetch(channel, std::move(wanted)), asio::detached);
}

asio::awaitable<void> KeyFetcher::fetch(const Channel& channel, connectors::WantedKey wanted)
{
    KeyRing& ring = *channel.verifier->key_ring();
    std::optional<Failure> failure;
    std::string_view how = "done";
    try {
        auto asking = ask(channel, wanted);
        const auto answer = co_await std::move(asking);
        const auto now = KeyRing::Clock::now();
        if (!answer) {
            failure = answer.error();
            ring.failed(wanted, now);
        } else if (!*answer) {
            how = "unknown";
            ring.not_there(wanted, now);
        } else if (auto learned = ring.learn(wanted, **answer, now, std::chrono::system_clock::now()); !learned) {
            failure = std::move(learned.error());
        }
    } catch (const std::exception& error) {
        failure = Failure{FailureClass::permanent, "internal_error", error.what(), {}};
        ring.failed(wanted, KeyRing::Clock::now());
    }
    if (failure) {
        how = "failed";
        with_.log.warn("a vendor's key could not be fetched", observability::LogLine{}
                                                                  .field("channel", channel.name)
                                                                  .field("code", failure->code)
                                                                  .field("detail", failure->detail));
    }
    with_.metrics.keys_fetched(channel.name, how).add();
}

Task<std::optional<std::string>> KeyFetcher::ask(const Channel& channel, const connectors::WantedKey& wanted)
{
    const auto& config = channel.verifier->key_ring()->config();
    Result<net::HttpAnswer> answer = fail(FailureClass::transient, "bad_url", "the URL of the key is none");
    if (config.login) {
        VendorApi& api = *with_.apis.at(&channel);
        auto asking = api.get(api.base() + wanted.url);
        auto said = co_await std::move(asking);
        answer = std::move(said.result);
    } else if (const auto url = absolute_url(wanted.url)) {
        net::HttpCall call;
        call.target = url->target;
        call.headers = {{"Accept", "*/*"}};
        call.deadline = std::chrono::steady_clock::now() + longest_asking;
        auto asking = pool(channel, url->origin).send(std::move(call));
        answer = co_await std::move(asking);
        if (answer && answer->status != 200)
            answer = std::unexpected(failure_of(answer->status, "", mapping::Repeat::safe, {}));
    }
    if (!answer) {
        if (config.form == connectors::KeysConfig::Form::text && says_unknown(answer.error().code))
            co_return std::optional<std::string>{};
        co_return std::unexpected(std::move(answer.error()));
    }
    if (answer->body.size() > largest_key_answer)
        co_return fail(FailureClass::permanent, "answer_too_large", "the vendor's answer is larger than a key can be");
    co_return std::optional(std::move(answer->body));
}

net::HttpPool& KeyFetcher::pool(const Channel& channel, const net::HttpOrigin& origin)
{
    auto& pool = pools_[{&channel, net::host_field(origin) + (origin.tls ? "" : " plain")}];
    if (!pool) {
        net::HttpPoolOptions options;
        options.connections = 4;
        options.allow = channel.key_source.allow;
        options.tls.ca_file = channel.key_source.ca;
        options.answer.bytes = largest_key_answer;
        pool = std::make_unique<net::HttpPool>(with_.executor, origin, std::move(options));
    }
    return *pool;
}

}  // namespace headgate::gateway
