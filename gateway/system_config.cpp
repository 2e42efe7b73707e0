#include "gateway/system_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url/parse.hpp>

#include "net/http/call.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

bool is_token(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= 'a' && letter <= 'z') || std::string_view("!#$%&'*+-.^_`|~").contains(letter);
    });
}

bool is_status(std::string_view text)
{
    return text == "*" || (text.size() == 3 && text[0] >= '1' && text[0] <= '5' &&
                           ((text[1] == 'x' && text[2] == 'x') ||
                            (text[1] >= '0' && text[1] <= '9' && text[2] >= '0' && text[2] <= '9')));
}

bool is_network(const std::string& text)
{
    boost::system::error_code error;
    boost::asio::ip::make_network_v4(text, error);
    if (!error)
        return true;
    boost::asio::ip::make_network_v6(text, error);
    return !error;
}

/// Boost's `port_number` takes what is beyond 65535 for another port.
bool is_port(std::string_view text)
{
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

void check_url(config::Schema& schema, std::string_view key, const std::string& text)
{
    const auto url = boost::urls::parse_uri(text);
    const auto wrong = [&](std::string_view what) {
        schema.problem(key, "bad_url", "`" + std::string(key) + "` " + std::string(what),
                       "for example https://erp.example.com or http://10.0.0.5:8069/api");
    };
    if (!url || (url->scheme() != "https" && url->scheme() != "http") || url->encoded_host().empty())
        wrong("is no URL of http or https");
    else if (url->has_userinfo())
        schema.problem(key, "secret_in_file", "`" + std::string(key) + "` holds a login",
                       "say it in `auth`, with the secret as env:NAME or file:PATH");
    else if (url->has_query() || url->has_fragment())
        wrong("ends with its path; a query belongs to the requests");
    else if (url->has_port() && !is_port(url->port()))
        wrong("has no port from 1 to 65535");
}

}  // namespace

void AuthConfig::describe(config::Schema& schema)
{
    schema.choice("kind", kind,
                  {{"none", Kind::none},
                   {"basic", Kind::basic},
                   {"bearer", Kind::bearer},
                   {"api_key", Kind::api_key},
                   {"client_credentials", Kind::client_credentials},
                   {"refresh_token", Kind::refresh_token}},
                  "How the system is shown who calls.");
    schema.field("username", username, "basic: the user.");
    schema.field("password", password, "basic: the password.");
    schema.field("token", token, "bearer: the token.");
    schema.field("key", key, "api_key: the key.");
    schema.field("header", header, "api_key: the header that carries it.");
    schema.field("token_url", token_url, "client_credentials, refresh_token: where tokens are given (RFC 6749).");
    schema.field("client_id", client_id, "client_credentials, refresh_token: the client.");
    schema.field("client_secret", client_secret, "client_credentials, refresh_token: its secret.");
    schema.field("scope", scope, "client_credentials, refresh_token: what is asked for.");
    schema.field("refresh_token", refresh_token, "refresh_token: what new tokens are had for.");
    schema.field(
        "token_header", token_header,
        "client_credentials, refresh_token: the header that carries the token; default: Authorization, as Bearer.");
    schema.field("client_in_body", client_in_body,
                 "client_credentials, refresh_token: the client shows itself in the body of the token's request.");
    if (!schema.reading())
        return;

    struct Use {
        std::string_view key;
        std::initializer_list<Kind> kinds;
        bool required;
    };
    static constexpr std::initializer_list<Kind> tokens{Kind::client_credentials, Kind::refresh_token};
    static constexpr std::initializer_list<Kind> basic{Kind::basic}, bearer{Kind::bearer}, api_key{Kind::api_key},
        refreshed{Kind::refresh_token};
    static constexpr std::array<Use, 12> uses{{{"username", basic, true},
                                               {"password", basic, true},
                                               {"token", bearer, true},
                                               {"key", api_key, true},
                                               {"header", api_key, false},
                                               {"token_url", tokens, true},
                                               {"client_id", tokens, true},
                                               {"client_secret", tokens, true},
                                               {"scope", tokens, false},
                                               {"refresh_token", refreshed, true},
                                               {"token_header", tokens, false},
                                               {"client_in_body", tokens, false}}};
    for (const Use& use : uses) {
        const bool of_this = std::ranges::find(use.kinds, kind) != use.kinds.end();
        if (of_this && use.required)
            schema.required(use.key);
        else if (!of_this && schema.given(use.key))
            schema.problem(use.key, "unused_key", "`" + std::string(use.key) + "` is of another kind of login",
                           "remove it, or give the `kind` it belongs to");
    }
    for (const auto& [secret, name] : {std::pair{&password, "password"},
                                       {&token, "token"},
                                       {&key, "key"},
                                       {&client_secret, "client_secret"},
                                       {&refresh_token, "refresh_token"}})
        if (secret->size() > 1)
            schema.problem(name, "several_secrets", "a login sends one secret, and here stand several");
    if (schema.given("header") && (!is_token(header) || net::frames_messages(header)))
        schema.problem("header", "wrong_value", "`header` is no name that a header of a request's own can have");
    if (schema.given("token_header") && (!is_token(token_header) || net::frames_messages(token_header)))
        schema.problem("token_header", "wrong_value",
                       "`token_header` is no name that a header of a request's own can have");
    if (!token_url.empty())
        check_url(schema, "token_url", token_url);
}

void RetryConfig::describe(config::Schema& schema)
{
    schema.field("first_delay", first_delay, {10ms, 1h}, "Longest wait before the second try; it doubles from there.");
    schema.field("ceiling", ceiling, {100ms, 24h}, "Longest wait there is.");
    schema.field("max_age", max_age, {1min, 30 * 24h},
                 "How old a delivery may be to be tried again; then it is a letter.");
    if (schema.reading() && ceiling < first_delay)
        schema.problem("ceiling", "out_of_range", "`ceiling` is shorter than `first_delay`");
}

void BreakerConfig::describe(config::Schema& schema)
{
    schema.field("open_after", open_after, {1, 10'000}, "Failures in a row before the system is left alone.");
    schema.field("probe_every", probe_every, {100ms, 1h}, "How often one delivery tries whether it is back.");
}

void AnswerConfig::describe(config::Schema& schema)
{
    schema.field("status", status, "The status: 422, 4xx or \"*\".");
    schema.required("status");
    schema.field("code", code, "Pattern of the error code in the answer (see error_code); default: any.");
    schema.choice("class", meaning,
                  {{"transient", FailureClass::transient},
                   {"throttled", FailureClass::throttled},
                   {"unknown_outcome", FailureClass::unknown_outcome},
                   {"dependency", FailureClass::dependency},
                   {"conflict", FailureClass::conflict},
                   {"auth", FailureClass::auth},
                   {"permanent", FailureClass::permanent}},
                  "What it means.");
    schema.required("class");
    if (schema.reading() && !status.empty() && !is_status(status))
        schema.problem("status", "wrong_value", "`status` is a status such as 422, a family such as 4xx, or \"*\"");
}

void SystemConfig::describe(config::Schema& schema)
{
    schema.choice("preset", preset, {{"sqlite", Preset::sqlite}, {"http", Preset::http}},
                  "What kind of system it is: sqlite is DATA/ledger.db, http what request files say.");
    schema.required("preset");
    if (!schema.reading() && preset == Preset::sqlite)
        return;
    schema.field("url", url, "http: where it is.");
    schema.field("requests", requests, "http: the folder of its request files, from this folder on.");
    schema.section("auth", auth, "http: how it is shown who calls.");
    schema.field("settings", settings, "http: what requests read as $system.settings.");
    schema.field("concurrency", concurrency, {1, 256}, "http: requests at a time, and connections.");
    schema.field("rate", rate, "http: requests per second at most.");
    schema.field("timeout", timeout, {100ms, 10min}, "http: how long one request may take.");
    schema.section("retry", retry, "http: when a delivery is tried again.");
    schema.section("breaker", breaker, "http: when the system is left alone.");
    schema.items("answers", answers, "http: what answers mean; the first that fits decides, before what is usual.");
    schema.field("error_code", error_code, "http: expression: the error code in an answer's body.");
    schema.field("idempotency_header", idempotency_header, "http: a header that carries `$delivery.key`.");
    schema.field("allow", allow, "http: private networks the system may be in: 10.0.0.0/8.");
    schema.field("ca", ca, "http: file of certificates to trust instead of the machine's, from this folder on.");
    schema.not_yet("channel", "writing back to a vendor");
    if (schema.reading())
        check(schema);
}

void SystemConfig::check(config::Schema& schema) const
{
    if (preset == Preset::sqlite) {
        for (const auto* key : {"url", "requests", "auth", "settings", "concurrency", "rate", "timeout", "retry",
                                "breaker", "answers", "error_code", "idempotency_header", "allow", "ca"})
            if (schema.given(key))
                schema.problem(key, "unused_key", "`" + std::string(key) + "` is of remote systems; sqlite is a file",
                               "remove it, or give `preset: http`");
        return;
    }
    if (preset == Preset::unset)
        return;
    schema.required("url");
    schema.required("requests");
    if (!url.empty())
        check_url(schema, "url", url);
    if (schema.given("idempotency_header") &&
        (!is_token(idempotency_header) || net::frames_messages(idempotency_header)))
        schema.problem("idempotency_header", "wrong_value",
                       "`idempotency_header` is no name that a header of a request's own can have",
                       "for example Idempotency-Key");
    for (const auto& network : allow)
        if (!network.empty() && !is_network(network))
            schema.problem("allow", "wrong_value", "`" + network + "` is no network",
                           "an address and how much of it counts: 10.0.0.0/8, 127.0.0.1/32, fd00::/8");
}

}  // namespace headgate::gateway
