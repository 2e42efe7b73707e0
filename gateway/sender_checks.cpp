#include "gateway/sender_checks.hpp"

#include <filesystem>
#include <fstream>

#include "gateway/absolute_url.hpp"
#include "gateway/place.hpp"

namespace headgate::gateway {

namespace {

void told(Problems& problems, const Channel& channel, std::string code, std::string message, std::string hint = {})
{
    const auto place = place_of(channel.config.where);
    problems.push_back({place.file, place.line, place.column, std::move(code), std::move(message), std::move(hint)});
}

/// Anybody can send what nobody signs: it may say what to fetch, and nothing else.
void check_unsigned(const Channel& channel, Problems& problems)
{
    if (!channel.config.addresses.empty())
        return;
    for (const auto& [name, topic] : channel.connector->topics)
        if (!topic.mappings.empty() && channel.wanted(name) != nullptr &&
            (!topic.fetch || !topic.fetch->required || topic.fetch->when))
            told(problems, channel, "unsigned_event",
                 "the vendor signs nothing, and events of `" + name +
                     "` are mapped that were not fetched: anybody could have sent them",
                 "give the topic a `fetch` without `when` and `required: false`, or the channel its vendor's "
                 "`addresses`");
}

/// What is asked before an event is accepted.
void check_api(const Channel& channel, const std::string& what, Problems& problems)
{
    const auto& vendor = channel.connector->config.api;
    if (!channel.config.api || !vendor)
        told(problems, channel, "api_missing",
             what + " with the vendor's API, and " + (vendor ? "the channel" : "the connector") + " has no `api`",
             vendor ? "api: { … } with the secrets of the API" : "api: { url: https://api.vendor.example }");
    else if (vendor->auth == connectors::ApiConfig::Auth::refresh_token)
        // Each loop has a login of its own, and where a refresh token is replaced they would lock each other out.
        told(problems, channel, "not_yet", what + " with `auth: refresh_token`, which is not in this version",
             "use client_credentials, where the vendor has them");
}

void check_keys(const Channel& channel, Problems& problems)
{
    const auto* keys = channel.connector->config.signature.keys();
    if (keys == nullptr || keys->login) {
        if (channel.config.keys)
            told(problems, channel, "unused_key",
                 "`keys` says how the vendor's keys are reached, and they are not fetched from a URL of their own",
                 keys == nullptr ? "remove it" : "remove it: they are reached as `api` says");
        return;
    }
    if (keys->url.empty())
        return;
    auto url = keys->url;
    if (const auto at = url.find("{id}"); at != std::string::npos)
        url.replace(at, 4, "id");
    if (!absolute_url(url))
        told(problems, channel, "key_url",
             "`" + keys->url + "`, where the connector " + channel.config.connector +
                 " says that its vendor's keys are, is no URL",
             "scheme, host and path, and no login: https://api.vendor.example/jwks");
}

}  // namespace

void check_sender(const Channel& channel, Problems& problems)
{
    const ChannelConfig& config = channel.config;
    const auto& signature = channel.connector->config.signature;
    // What is polled or dropped is signed by nobody.
    if (signature.needs_secret() && !config.secret_given && !config.poll && !config.receive && !config.sqs)
        told(problems, channel, "missing_key", "`secret` must be given here",
             "secret: env:NAME or file:PATH of what the vendor signs with");
    if (signature.none)
        check_unsigned(channel, problems);
    if (signature.postback)
        check_api(channel, "the vendor is asked whether it sent an event", problems);
    if (const auto* keys = signature.keys(); keys != nullptr && keys->login)
        check_api(channel, "the vendor's keys are asked for", problems);
    check_keys(channel, problems);
}

KeySource key_source(const Channel& channel, const std::string& folder, Problems& problems)
{
    KeySource source;
    if (!channel.config.keys)
        return source;
    for (const auto& text : channel.config.keys->allow) {
        if (auto network = net::parse_network(text))
            source.allow.push_back(*network);
        else
            told(problems, channel, network.error().code, network.error().detail);
    }
    if (!channel.config.keys->ca.empty()) {
        source.ca = (std::filesystem::path(folder) / channel.config.keys->ca).string();
        if (!std::ifstream(source.ca))
            told(problems, channel, "missing_file", "the certificates of `keys.ca`, " + source.ca + ", cannot be read",
                 "a PEM file, from the configuration's folder on");
    }
    return source;
}

}  // namespace headgate::gateway
