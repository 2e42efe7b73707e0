#include "gateway/channel_api.hpp"

#include <ranges>
#include <utility>

#include "gateway/hint.hpp"
#include "gateway/place.hpp"

namespace headgate::gateway {

namespace {

void tell(Problems& problems, const std::string& where, std::string code, std::string message, std::string hint = {})
{
    const auto place = place_of(where);
    problems.push_back({place.file, place.line, place.column, std::move(code), std::move(message), std::move(hint)});
}

/// {NAME} is a setting of the channel.
std::string with_settings(const std::string& text, const Channel& channel, Problems& problems)
{
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        const auto open = text.find('{', at);
        const auto close = open == std::string::npos ? open : text.find('}', open);
        made += text.substr(at, close == std::string::npos ? close : open - at);
        if (close == std::string::npos)
            break;
        const std::string name = text.substr(open + 1, close - open - 1);
        if (const auto value = channel.setting(name))
            made += *value;
        else
            tell(problems, channel.config.where, "api_setting_missing",
                 "the vendor's API is at " + text + ", and the channel has no setting `" + name + "`",
                 "settings: { " + name + ": … }");
        at = close + 1;
    }
    return made;
}

/// False: something is missing or too much.
bool login_of(const connectors::ApiConfig& vendor, const ChannelApiConfig& given, const std::string& where,
              AuthConfig& auth, Problems& problems)
{
    using Auth = connectors::ApiConfig::Auth;
    static_assert(static_cast<int>(Auth::basic) == static_cast<int>(AuthConfig::Kind::basic) &&
                  static_cast<int>(Auth::refresh_token) == static_cast<int>(AuthConfig::Kind::refresh_token));
    auth.kind = static_cast<AuthConfig::Kind>(vendor.auth);
    auth.header = vendor.header;
    auth.token_url = vendor.token_url;
    auth.token_header = vendor.token_header;
    auth.client_in_body = vendor.client_in_body;
    auth.scope = vendor.scope;
    auth.username = given.username;
    auth.password = given.password;
    auth.token = given.token;
    auth.key = given.key;
    auth.client_id = given.client_id;
    auth.client_secret = given.client_secret;
    auth.refresh_token = given.refresh_token;
    const bool tokens = vendor.auth == Auth::client_credentials || vendor.auth == Auth::refresh_token;
    bool whole = true;
    const auto needs = [&](bool wanted, bool there, const std::string& key) {
        if (wanted && !there)
            tell(problems, where, "missing_key", "`api." + key + "` must be given: the vendor's API asks for it");
        else if (!wanted && there)
            tell(problems, where, "unused_key", "`api." + key + "` is not what the vendor's API asks for", "remove it");
        whole = whole && wanted == there;
    };
    needs(vendor.auth == Auth::basic, !given.username.empty(), "username");
    if (vendor.auth != Auth::basic)  // some take a key as the user, and no password
        needs(false, !given.password.empty(), "password");
    needs(vendor.auth == Auth::bearer, !given.token.empty(), "token");
    needs(vendor.auth == Auth::api_key, !given.key.empty(), "key");
    needs(tokens, !given.client_id.empty(), "client_id");
    needs(tokens, !given.client_secret.empty(), "client_secret");
    needs(vendor.auth == Auth::refresh_token, !given.refresh_token.empty(), "refresh_token");
    return whole;
}

void check_polls(const Channel& channel, Problems& problems)
{
    const ChannelConfig& config = channel.config;
    const auto& polls = channel.connector->polls;
    if (!config.poll)
        return;
    if (polls.empty())
        tell(problems, config.where, "nothing_to_poll", "the connector " + config.connector + " has no polls",
             "remove `poll`");
    else if (!config.api)
        tell(problems, config.where, "nothing_to_poll", "`poll` asks the vendor's API, and the channel has no `api`",
             "api: { … } with the secrets of the API");
    for (const auto& name : config.poll->only)
        if (!polls.contains(name))
            tell(problems, config.where, "unknown_poll", "the connector has no poll `" + name + "`",
                 list_of(polls | std::views::keys));
}

}  // namespace

std::optional<SystemConfig> api_config(const Channel& channel, Problems& problems)
{
    check_polls(channel, problems);
    const auto& given = channel.config.api;
    const auto& vendor = channel.connector->config.api;
    const std::string& where = channel.config.where;
    if (!given)
        return std::nullopt;
    if (!vendor) {
        tell(problems, where, "api_missing",
             "the connector " + channel.config.connector + " does not say how its vendor's API is called",
             "remove `api`, or give it to the connector");
        return std::nullopt;
    }
    SystemConfig config;
    config.name = api_name(channel.name);
    config.where = where;
    config.preset = SystemConfig::Preset::http;
    config.url = given->url.empty() ? with_settings(vendor->url, channel, problems) : given->url;
    config.timeout = given->timeout;
    config.rate = given->rate ? given->rate : vendor->rate;
    config.allow = given->allow;
    config.ca = given->ca;
    if (!login_of(*vendor, *given, where, config.auth, problems))
        return std::nullopt;
    return config;
}

}  // namespace headgate::gateway
