#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/async.hpp"
#include "gateway/systems/http_plan.hpp"
#include "gateway/systems/refresh_tokens.hpp"
#include "net/http/pool.hpp"

namespace headgate::gateway {

/// How requests show who calls. With `client_credentials` and `refresh_token` (RFC 6749, 4.4 and 6) a token is
/// fetched when there is none, kept until it runs out, and fetched anew once after the system refused it. A refresh
/// token that is replaced by the answer is used from then on. One thread: its executor's.
class Login {
public:
    /// `pool` leads to the origin of `token_url`; null for every other kind. Without `tokens` a refresh token that was
    /// replaced is kept by this object alone.
    Login(asio::any_io_executor executor, const AuthConfig& config, LoginSecrets secrets, net::HttpPool* pool,
          RefreshTokens* tokens = nullptr);
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;

    using Headers = std::vector<std::pair<std::string, std::string>>;
    /// What is added to a request. Fails with `auth` (`token_refused`) or as the pool does, and nothing was sent to the
    /// system then. `deadline` is the request's.
    Task<Headers> headers(std::chrono::steady_clock::time_point deadline);
    /// The system did not take these headers. True when others may be had: the request is worth a second try.
    [[nodiscard]] bool refused(const Headers& headers);

private:
    [[nodiscard]] bool has_token() const;
    [[nodiscard]] Headers carrying(const std::string& token) const;
    Task<std::string> fetch(std::chrono::steady_clock::time_point deadline);
    /// `given`: a refresh token that the answer gives in place of this one.
    Task<std::string> ask(const std::string& refresh_token, std::string& given,
                          std::chrono::steady_clock::time_point deadline);

    const AuthConfig& config_;
    LoginSecrets secrets_;
    net::HttpPool* pool_;
    RefreshTokens* tokens_;
    Headers fixed_;
    std::string token_;
    std::chrono::steady_clock::time_point good_until_{};
    asio::any_io_executor executor_;
    bool fetching_ = false;
    std::vector<asio::steady_timer*> waiting_;  // for the fetch to end, which cancels them
};

}  // namespace headgate::gateway
