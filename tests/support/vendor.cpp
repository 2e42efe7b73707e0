#include "tests/support/vendor.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/asio/executor_work_guard.hpp>

#include "core/ascii.hpp"

namespace headgate::test {

Vendor::Vendor(Say say) : say_(std::move(say))
{
    server_ = std::make_unique<net::HttpServer>(
        io_, net::Limits{}, [this](net::Request& request) -> boost::asio::awaitable<net::Response> {
            Asked asked{std::string(request.method), std::string(request.target), {}, request.body};
            for (const auto& field : request.fields)
                asked.headers[lower(field.name)] = field.value;
            Answer answer;
            {
                const std::lock_guard lock(mutex_);
                asked_.push_back(asked);
                answer = say_(asked);
            }
            net::Response response;
            response.status = answer.status;
            response.content_type = "application/json";
            response.body = std::move(answer.body);
            response.fields = std::move(answer.headers);
            co_return response;
        });
    const auto port = server_->listen("127.0.0.1", 0);
    if (!port)
        throw std::runtime_error(port.error().detail);
    port_ = *port;
    thread_ = std::thread([this] {
        const auto guard = boost::asio::make_work_guard(io_);
        io_.run();
    });
}

Vendor::~Vendor()
{
    io_.stop();
    thread_.join();
}

void Vendor::say(Say say)
{
    const std::lock_guard lock(mutex_);
    say_ = std::move(say);
}

std::vector<Vendor::Asked> Vendor::asked() const
{
    const std::lock_guard lock(mutex_);
    return asked_;
}

std::size_t Vendor::count(const std::string& target) const
{
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(asked_, [&](const Asked& asked) { return asked.target.starts_with(target); }));
}

}  // namespace headgate::test
