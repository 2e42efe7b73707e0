#include "gateway/systems/login.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <boost/url/parse.hpp>

#include "core/async.hpp"
#include "core/encoding.hpp"
#include "mapping/request_body.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
// A token that runs out while the request is on its way is refused: it is left a little before its time.
constexpr auto spare = 30s;
constexpr auto lifetime_unsaid = 5min;
constexpr auto exchange = 10s;  // at least, for an answer that may replace a refresh token
constexpr auto longest_lifetime = 24h;

std::string basic(std::string_view user, std::string_view password)
{
    return "Basic " + to_base64(std::string(user).append(":").append(password));
}

/// application/x-www-form-urlencoded, as RFC 6749 (2.3.1 and appendix B) asks of ids and secrets too.
std::string form(std::string_view text)
{
    std::string out;
    mapping::append_percent_encoded(out, text);
    return out;
}

std::string path_of(const std::string& url)
{
    const auto parsed = boost::urls::parse_uri(url);
    const std::string path = parsed ? std::string(parsed->encoded_path()) : std::string();
    return path.empty() ? "/" : path;
}

}  // namespace

Login::Login(asio::any_io_executor executor, const AuthConfig& config, LoginSecrets secrets, net::HttpPool* pool,
             RefreshTokens* tokens)
    : config_(config),
      secrets_(std::move(secrets)),
      pool_(pool),
      tokens_(tokens),
      executor_(std::move(executor))
{
    switch (config.kind) {
    case AuthConfig::Kind::none:
    case AuthConfig::Kind::client_credentials:
    case AuthConfig::Kind::refresh_token: break;
    case AuthConfig::Kind::basic:
        fixed_.emplace_back("Authorization", basic(config.username, secrets_.password));
        break;
    case AuthConfig::Kind::bearer: fixed_.emplace_back("Authorization", "Bearer " + secrets_.token); break;
    case AuthConfig::Kind::api_key: fixed_.emplace_back(config.header, secrets_.key); break;
    }
}

bool Login::has_token() const
{
    return config_.kind == AuthConfig::Kind::client_credentials || config_.kind == AuthConfig::Kind::refresh_token;
}

Login::Headers Login::carrying(const std::string& token) const
{
    if (config_.token_header.empty())
        return {{"Authorization", "Bearer " + token}};
    return {{config_.token_header, token}};
}

Task<Login::Headers> Login::headers(std::chrono::steady_clock::time_point deadline)
{
    if (!has_token())
        co_return fixed_;
    while (fetching_) {  // one fetch serves all that wait
        asio::steady_timer ended(executor_, deadline);
        waiting_.push_back(&ended);
        const auto [why] = co_await ended.async_wait(use_tuple);
        std::erase(waiting_, &ended);
        if (!why)
            co_return fail(FailureClass::transient, "token_timeout", "no token came in time");
    }
    if (token_.empty() || std::chrono::steady_clock::now() >= good_until_) {
        fetching_ = true;
        auto token = co_await fetch(deadline);
        fetching_ = false;
        for (asio::steady_timer* one : std::exchange(waiting_, {}))
            one->cancel();
        if (!token)
            co_return std::unexpected(std::move(token.error()));
        token_ = std::move(*token);
    }
    co_return carrying(token_);
}

bool Login::refused(const Headers& headers)
{
    if (!has_token() || headers.empty())
        return false;
    // Others may have fetched a new one meanwhile.
    if (headers == carrying(token_))
        token_.clear();
    return true;
}

Task<std::string> Login::fetch(std::chrono::steady_clock::time_point deadline)
{
    std::string given;
    const std::string& configured = secrets_.refresh_token;
    if (config_.kind != AuthConfig::Kind::refresh_token || tokens_ == nullptr) {
        auto asking = ask(configured, given, deadline);
        auto token = co_await std::move(asking);
        if (!given.empty())
            secrets_.refresh_token = std::move(given);
        co_return token;
    }
    auto beginning = tokens_->begin(config_, configured, deadline);
    const std::string refresh_token = co_await std::move(beginning);
    if (refresh_token.empty())
        co_return fail(FailureClass::transient, "token_timeout", "no token came in time");
    // Whoever had to wait has little time left, and an answer that is not waited for takes the next token with it.
    auto asking = ask(refresh_token, given, std::max(deadline, std::chrono::steady_clock::now() + exchange));
    auto token = co_await std::move(asking);
    tokens_->asked(config_, configured, given);
    co_return token;
}

Task<std::string> Login::ask(const std::string& refresh_token, std::string& given,
                             std::chrono::steady_clock::time_point deadline)
{
    net::HttpCall call;
    call.method = "POST";
    call.target = path_of(config_.token_url);
    call.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    const bool refreshes = config_.kind == AuthConfig::Kind::refresh_token;
    call.body = refreshes ? "grant_type=refresh_token&refresh_token=" + form(refresh_token)
                          : std::string("grant_type=client_credentials");
    if (config_.client_in_body)
        call.body += "&client_id=" + form(config_.client_id) + "&client_secret=" + form(secrets_.client_secret);
    else
        call.headers.emplace_back("Authorization", basic(form(config_.client_id), form(secrets_.client_secret)));
    if (!config_.scope.empty())
        call.body += "&scope=" + form(config_.scope);
    call.deadline = deadline;
    const auto asked = std::chrono::steady_clock::now();
    auto answer = co_await pool_->send(std::move(call));
    if (!answer) {
        Failure failure = of_harmless(
            std::move(answer.error()));  // asking twice does no harm but to a refresh token that counts once
        failure.detail = "the token's address: " + failure.detail;
        co_return std::unexpected(std::move(failure));
    }
    const std::string status = std::to_string(answer->status);
    if (answer->status == 429 || answer->status >= 500)
        co_return fail(FailureClass::transient, "token_unavailable", "the token's address answered " + status);
    boost::system::error_code error;
    const auto parsed = boost::json::parse(answer->body, error);
    const auto* object = error ? nullptr : parsed.if_object();
    const auto* token = object == nullptr ? nullptr : object->if_contains("access_token");
    if (answer->status != 200 || token == nullptr || !token->is_string() || token->get_string().empty() ||
        std::ranges::any_of(token->get_string(), [](char letter) { return letter <= 0x20 || letter > 0x7e; }))
        co_return fail(FailureClass::auth, "token_refused",
                       "the token's address answered " + status + " and gave no token");
    if (const auto* next = object->if_contains("refresh_token"); refreshes && next != nullptr && next->is_string())
        given = std::string(next->get_string());
    auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(lifetime_unsaid);
    if (const auto* says = object->if_contains("expires_in"); says != nullptr && says->is_number())
        lifetime = std::chrono::seconds(says->to_number<std::int64_t>(error));
    lifetime = std::clamp(lifetime, 1s, std::chrono::duration_cast<std::chrono::seconds>(longest_lifetime));
    good_until_ = asked + (lifetime > 2 * spare ? lifetime - spare : lifetime / 2);
    co_return std::string(token->get_string());
}

}  // namespace headgate::gateway
