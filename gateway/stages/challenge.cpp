#include "gateway/stages/challenge.hpp"

#include "gateway/stages/verify.hpp"

namespace headgate::gateway {

std::optional<Intake<net::Response>> challenge(const net::Request& request, const Channel& channel)
{
    if (channel.challenges.empty())
        return std::nullopt;
    const auto now = std::chrono::system_clock::now();
    const auto asked = signed_request(channel, request, now);
    // What carries a signature is an event, and for `verify` to judge.
    if (request.method == "POST" && channel.connector->config.signature.stands_on(asked))
        return std::nullopt;
    for (const auto& known : channel.challenges) {
        auto answer = known.answer(asked);
        if (!answer)
            continue;
        if (!channel.rate.take(std::chrono::steady_clock::now()))
            return std::unexpected(Refused{
                429,
                {FailureClass::throttled, "rate_exceeded", "more requests per second than the channel takes", {}},
                std::chrono::seconds(1)});
        if (!*answer)
            return std::unexpected(Refused{401, std::move(answer->error()), {}});
        net::Response response;
        response.content_type = known.config().content_type;
        response.body = std::move(**answer);
        response.fields.emplace_back("X-Content-Type-Options", "nosniff");
        return response;
    }
    return std::nullopt;
}

}  // namespace headgate::gateway
