#include "gateway/stages/verify.hpp"

namespace headgate::gateway {

Intake<std::size_t> verify(const Received& received)
{
    if (!received.channel->verifier)
        return std::unexpected(
            Refused{401, {FailureClass::auth, "secret_missing", "the channel has no secret", {}}, {}});
    const net::Request& request = *received.request;
    const connectors::SignedRequest signed_request{request.body, received.channel->hook_url,
                                                   [&request](std::string_view name) {
                                                       std::vector<std::string_view> values;
                                                       for (const auto& field : request.fields)
                                                           if (net::same_ignoring_case(field.name, name))
                                                               values.push_back(field.value);
                                                       return values;
                                                   },
                                                   received.at};
    auto matched = received.channel->verifier->verify(signed_request);
    if (!matched)
        return std::unexpected(Refused{401, std::move(matched.error()), {}});
    return *matched;
}

}  // namespace headgate::gateway
