#include "gateway/systems/vendor_api.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <boost/asio/steady_timer.hpp>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/pattern.hpp"
#include "gateway/absolute_url.hpp"
#include "gateway/systems/answers.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
constexpr std::size_t connections = 4;
constexpr std::size_t largest_answer = std::size_t{32} << 20U;
constexpr auto longest_download = 1h;
constexpr auto welcome_for = 5min;

net::HttpPoolOptions pool_options(const HttpSystemPlan& plan)
{
    net::HttpPoolOptions options;
    options.connections = connections;
    options.allow = plan.allow;
    options.tls.ca_file = plan.config.ca;
    options.answer.bytes = largest_answer;
    return options;
}

std::optional<std::int64_t> number_at(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} ? std::optional(number) : std::nullopt;
}

}  // namespace

VendorApi::VendorApi(asio::any_io_executor executor, const HttpSystemPlan& plan, const connectors::ApiConfig& config,
                     RefreshTokens* tokens)
    : executor_(executor),
      plan_(plan),
      config_(config),
      pool_(executor, plan.origin, pool_options(plan)),
      login_(executor, plan.config.auth, plan.secrets,
             plan.token_origin ? &token_pool_.emplace(executor, *plan.token_origin, pool_options(plan)) : nullptr,
             tokens)
{
    for (const auto* pool : {&pool_, token_pool_ ? &*token_pool_ : nullptr})
        if (pool != nullptr && pool->fault())
            throw std::runtime_error(plan.config.name + ": " + pool->fault()->code + ": " + pool->fault()->detail);
}

void VendorApi::close()
{
    pool_.close();
    if (token_pool_)
        token_pool_->close();
}

asio::awaitable<void> VendorApi::wait_for_turn()
{
    asio::steady_timer timer(executor_);
    for (auto now = std::chrono::steady_clock::now(); next_ > now; now = std::chrono::steady_clock::now()) {
        timer.expires_at(next_);
        co_await timer.async_wait(use_tuple);
    }
    if (const auto& rate = plan_.config.rate; rate && rate->per_second > 0)
        next_ = std::chrono::steady_clock::now() +
                std::chrono::duration_cast<std::chrono::steady_clock::duration>(1s) / rate->per_second;
}

/// What is left of the vendor's patience is not used up to the last: others call in its name as well.
void VendorApi::look_at_pace(const net::HttpAnswer& answer)
{
    const auto now = std::chrono::steady_clock::now();
    if (!config_.pace.used.empty())
        if (const auto said = answer.header(config_.pace.used)) {
            const auto used = number_at(*said);
            const auto slash = said->find('/');
            const auto most = slash == std::string_view::npos ? std::nullopt : number_at(said->substr(slash + 1));
            if (used && most && *most > 0 && *used * 5 >= *most * 4)
                next_ = std::max(next_, now + 1s);
        }
    if (config_.pace.remaining.empty())
        return;
    const auto left = answer.header(config_.pace.remaining);
    const auto count = left ? number_at(*left) : std::nullopt;
    if (!count || *count > 1)
        return;
    auto rest = 1s;
    if (const auto said = config_.pace.reset.empty() ? std::nullopt : answer.header(config_.pace.reset))
        if (const auto at = number_at(*said)) {
            constexpr std::int64_t long_ago = 1'000'000'000;  // beyond it, it is a time
            const auto unix_now =
                std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch()).count();
            rest = std::chrono::seconds(std::clamp<std::int64_t>(*at > long_ago ? *at - unix_now : *at, 1, 3600));
        }
    next_ = std::max(next_, now + rest);
}

asio::awaitable<VendorApi::Answer> VendorApi::get(std::string target)
{
    Request request{.target = std::move(target)};
    co_return co_await send(std::move(request));
}

asio::awaitable<VendorApi::Answer> VendorApi::send(Request request)
{
    for (bool again = false;; again = true) {
        // One that asks for hours is not waited for here: whoever asks has other things to do.
        if (const auto rest = next_ - std::chrono::steady_clock::now(); rest > plan_.config.timeout)
            co_return Answer{fail(FailureClass::throttled, "api_resting", "the vendor's API asked to be left alone"),
                             std::chrono::duration_cast<std::chrono::milliseconds>(rest)};
        co_await wait_for_turn();
        const auto deadline = std::chrono::steady_clock::now() + plan_.config.timeout;
        auto headers = co_await login_.headers(deadline);
        if (!headers)
            co_return Answer{std::unexpected(of_harmless(std::move(headers.error())))};
        net::HttpCall call;
        call.method = request.method;
        call.target = request.target;
        call.body = request.body;
        call.deadline = deadline;
        call.headers = {{"Accept", "application/json"}};
        if (!request.body.empty())
            call.headers.emplace_back("Content-Type", request.content_type);
        for (const auto& header : config_.headers) {
            std::erase_if(call.headers, [&](const auto& known) { return known.first == header.name; });
            call.headers.emplace_back(header.name, header.value);
        }
        call.headers.insert(call.headers.end(), headers->begin(), headers->end());
        auto answer = co_await pool_.send(std::move(call));
        if (!answer)
            co_return Answer{std::unexpected(of_harmless(std::move(answer.error())))};
        look_at_pace(*answer);
        if (answer->status >= 200 && answer->status < 300) {
            welcome_ = std::chrono::steady_clock::now();
            co_return Answer{std::move(*answer)};
        }
        if (answer->status == 401 && !again && login_.refused(*headers))
            continue;
        co_return failed(*answer);
    }
}

bool VendorApi::was_welcome() const
{
    return welcome_ && std::chrono::steady_clock::now() - *welcome_ < welcome_for;
}

VendorApi::Answer VendorApi::failed(const net::HttpAnswer& answer)
{
    auto failure = failure_of(answer.status, "", mapping::Repeat::safe, {});
    if (failure.failure_class == FailureClass::auth && was_welcome()) {
        failure.failure_class = FailureClass::transient;
        failure.detail += ", though it answers others with the same login";
    }
    Answer failed{std::unexpected(std::move(failure))};
    if (const auto rest = answer.retry_after(wall_now()))
        failed.not_before = *rest;
    if (failed.not_before)
        next_ = std::max(next_, std::chrono::steady_clock::now() + *failed.not_before);
    return failed;
}

asio::awaitable<VendorApi::Answer> VendorApi::download(std::string url, const std::vector<std::string>& hosts,
                                                       net::BodySink& sink, std::uint64_t most)
{
    net::HttpOrigin origin = plan_.origin;
    std::string target = url;
    if (!url.starts_with('/')) {
        auto there = absolute_url(url);
        if (!there)
            co_return Answer{fail(FailureClass::permanent, "bad_url", "the URL of the file is none of http or https")};
        origin = std::move(there->origin);
        target = std::move(there->target);
    }
    const bool own =
        origin.host == plan_.origin.host && origin.port == plan_.origin.port && origin.tls == plan_.origin.tls;
    const bool known =
        std::ranges::any_of(hosts, [&](const std::string& pattern) { return fits_pattern(pattern, origin.host); });
    if (!own && (!known || (plan_.origin.tls && !origin.tls)))
        co_return Answer{
            fail(FailureClass::permanent, "host_not_allowed",
                 "the file is at a host that the connector's `report.hosts` does not name: " + origin.host)};
    co_await wait_for_turn();
    net::HttpCall call;
    call.target = std::move(target);
    call.deadline = std::chrono::steady_clock::now() + longest_download;
    call.sink = &sink;
    Login::Headers login;
    if (own) {
        auto headers = co_await login_.headers(std::chrono::steady_clock::now() + plan_.config.timeout);
        if (!headers)
            co_return Answer{std::unexpected(of_harmless(std::move(headers.error())))};
        login = std::move(*headers);
        call.headers.insert(call.headers.end(), login.begin(), login.end());
    }
    auto options = pool_options(plan_);
    options.connections = 1;
    options.answer.bytes = most + options.answer.head_bytes;
    net::HttpPool pool(executor_, origin, std::move(options));
    auto sending = pool.send(std::move(call));
    auto answer = co_await std::move(sending);
    if (!answer)
        co_return Answer{std::unexpected(of_harmless(std::move(answer.error())))};
    if (answer->status >= 200 && answer->status < 300)
        co_return Answer{std::move(*answer)};
    if (answer->status == 401 && own)
        login_.refused(login);
    co_return failed(*answer);
}

}  // namespace headgate::gateway
