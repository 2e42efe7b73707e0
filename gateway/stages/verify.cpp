#include "gateway/stages/verify.hpp"

namespace headgate::gateway {

namespace {

std::unexpected<Refused> refuse(std::string code, std::string detail)
{
    return std::unexpected(Refused{401, {FailureClass::auth, std::move(code), std::move(detail), {}}, {}});
}

std::vector<std::string_view> values_of(const net::Request& request, std::string_view name)
{
    std::vector<std::string_view> values;
    for (const auto& field : request.fields)
        if (net::same_ignoring_case(field.name, name))
            values.push_back(field.value);
    return values;
}

}  // namespace

connectors::SignedRequest signed_request(const Channel& channel, const net::Request& request,
                                         std::chrono::system_clock::time_point now)
{
    return {.method = request.method,
            .path = request.path,
            .query = request.query,
            .body = request.body,
            .url = channel.hook_url,
            .headers = [&request](std::string_view name) { return values_of(request, name); },
            .setting = [&channel](std::string_view name) { return channel.setting(name); },
            .now = now};
}

Intake<void> from_known_address(const Channel& channel, const net::Request& request,
                                const connectors::AddressRanges& trusted_proxies)
{
    if (channel.sources && !channel.sources->contain(connectors::caller(
                               request.remote, values_of(request, "x-forwarded-for"), trusted_proxies)))
        return refuse("address_not_allowed", "the request comes from an address that the channel does not take");
    return {};
}

Intake<std::size_t> verify(const Received& received)
{
    return verify(*received.channel, *received.request, received.request->body, received.at);
}

Intake<std::size_t> verify(const Channel& channel, const net::Request& request, std::string_view body,
                           std::chrono::system_clock::time_point at)
{
    if (!channel.verifier)
        return refuse("secret_missing", "the channel has no secret");
    auto seen = signed_request(channel, request, at);
    seen.body = body;
    auto matched =
        channel.item_signatures ? channel.item_signatures->verify(body, channel) : channel.verifier->verify(seen);
    if (!matched)
        return std::unexpected(Refused{401, std::move(matched.error()), {}});
    if (!channel.in_force(*matched, at))
        return refuse("secret_out_of_date", "the secret that fits is not one of today, by its `from` and `until`");
    return *matched;
}

}  // namespace headgate::gateway
