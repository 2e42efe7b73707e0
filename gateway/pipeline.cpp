#include "gateway/pipeline.hpp"

#include "core/clock.hpp"
#include "core/give_way.hpp"
#include "core/time.hpp"
#include "gateway/refusal.hpp"
#include "gateway/stages/challenge.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/stages/uncode.hpp"
#include "gateway/stages/verify.hpp"

namespace headgate::gateway {

namespace {

net::Response answer(const Accepted& accepted, const connectors::AnswerConfig* said)
{
    net::Response response;
    if (said != nullptr) {
        response.status = static_cast<int>(said->status);
        response.content_type = said->body.empty() ? "" : said->content_type;
        response.body = connectors::filled_in(said->body, [&](std::string_view name) -> std::optional<std::string> {
            if (name == "event")
                return accepted.event.text();
            if (name == "now")
                return text_of(
                    Timestamp{std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count(), 0, {}});
            return std::nullopt;
        });
        return response;
    }
    response.content_type = "application/json";
    response.body = "{\"event\":\"" + accepted.event.text() + "\"" + (accepted.duplicate ? ",\"duplicate\":true" : "") +
                    (accepted.conflict ? ",\"conflict\":true" : "") + "}";
    return response;
}

}  // namespace

asio::awaitable<net::Response> Pipeline::run(net::Request& request)
{
    const UrgentWork urgent;
    const auto began = std::chrono::steady_clock::now();

    const Channel* at_path = with_.configuration.channel_at(request.path);
    if (at_path != nullptr)
        if (auto asked = challenge(request, *at_path))
            co_return *asked ? std::move(**asked) : refusal_answer(with_.metrics, at_path->name, asked->error());
    auto received = receive(request, at_path, with_.listener_rate, with_.state());
    if (!received)
        co_return refusal_answer(with_.metrics, "", received.error());
    const std::string& channel = received->channel->name;

    if (auto from = from_known_address(*received->channel, request, with_.configuration.trusted_proxies); !from)
        co_return refusal_answer(with_.metrics, channel, from.error());
    if (const auto& verifier = received->channel->verifier; verifier && verifier->key_ring() != nullptr) {
        auto fetching = with_.keys.ready(*received);
        if (auto ready = co_await std::move(fetching); !ready)
            co_return refusal_answer(with_.metrics, channel, ready.error());
    }
    auto secret = verify(*received);
    if (!secret)
        co_return refusal_answer(with_.metrics, channel, secret.error());
    if (received->channel->config.secret.size() > 1 && received->channel->connector->config.signature.needs_secret())
        with_.metrics.secret_used(channel, *secret).add();
    if (received->channel->postback) {
        auto asking = with_.postback.confirmed(*received);
        if (auto confirmed = co_await std::move(asking); !confirmed)
            co_return refusal_answer(with_.metrics, channel, confirmed.error());
    }

    if (auto whole = uncoded(request, with_.configuration.deployment.listen.public_listener.max_body.bytes); !whole)
        co_return refusal_answer(with_.metrics, channel, whole.error());
    auto identified = identify(*received);
    if (!identified)
        co_return refusal_answer(with_.metrics, channel, identified.error());

    auto accepted = co_await admission_.admit(std::move(*identified));
    if (!accepted)
        co_return refusal_answer(with_.metrics, channel, accepted.error());
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    with_.metrics.accept_seconds.observe(static_cast<std::uint64_t>(us.count()));
    co_return answer(*accepted, received->channel->answer());
}

}  // namespace headgate::gateway
