#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "connectors/api_config.hpp"
#include "gateway/systems/http_plan.hpp"
#include "gateway/systems/login.hpp"
#include "net/http/pool.hpp"

namespace headgate::gateway {

/// A vendor's API, asked for what its events name and for what it has. Calls wait for each other as the vendor's pace
/// asks: its rate, the headers that say what is left, Retry-After. 401 and 403 are failures of the login unless it was
/// good for something else within 5 minutes: then what is asked for is tried again like anything else (transient). One
/// thread: its executor's.
class VendorApi {
public:
    /// Throws std::runtime_error when it could never be reached: a host that is none, an unreadable `ca`.
    /// Without `tokens` a refresh token that was given is lost with this object.
    VendorApi(asio::any_io_executor executor, const HttpSystemPlan& plan, const connectors::ApiConfig& config,
              RefreshTokens* tokens = nullptr);

    struct Answer {
        Result<net::HttpAnswer> result;                         // of status 2xx
        std::optional<std::chrono::milliseconds> not_before{};  // the vendor asks to be left alone for so long
    };
    struct Request {
        std::string method = "GET";
        std::string target;  // at the origin
        std::string body{};
        std::string content_type = "application/json";  // of a body
    };
    /// Fails as the pool and the login do, and by the answer's status. Whoever calls sees to it that asking twice does
    /// no harm: nothing is of unknown outcome, what may not have arrived is transient.
    asio::awaitable<Answer> send(Request request);
    asio::awaitable<Answer> get(std::string target);
    /// The file at an absolute URL, or at a target of the API, into a sink: at most `most` bytes, within an hour. The
    /// login goes to the API's own host alone. `host_not_allowed` (permanent) for a host that fits none of `hosts`, and
    /// for http where the API is https.
    asio::awaitable<Answer> download(std::string url, const std::vector<std::string>& hosts, net::BodySink& sink,
                                     std::uint64_t most);
    [[nodiscard]] const net::HttpOrigin& origin() const { return plan_.origin; }
    /// What stands in front of a path that is said from the API's URL on.
    [[nodiscard]] const std::string& base() const { return plan_.base; }
    void close();

private:
    [[nodiscard]] Answer failed(const net::HttpAnswer& answer);
    /// The login is what others have just been answered with: that it is refused says something of what is asked for.
    [[nodiscard]] bool was_welcome() const;
    asio::awaitable<void> wait_for_turn();
    void look_at_pace(const net::HttpAnswer& answer);

    asio::any_io_executor executor_;
    const HttpSystemPlan& plan_;
    const connectors::ApiConfig& config_;
    net::HttpPool pool_;
    std::optional<net::HttpPool> token_pool_;
    Login login_;
    std::chrono::steady_clock::time_point next_{};
    std::optional<std::chrono::steady_clock::time_point> welcome_;  // the last answer of status 2xx
};

}  // namespace headgate::gateway
