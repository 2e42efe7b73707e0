#include "net/http/pool.hpp"

#include <algorithm>

#include "core/async.hpp"
#include "net/http/pool_state.hpp"
#include "net/http/request_line.hpp"
#include "net/http/tls.hpp"

namespace headgate::net {

namespace {

Failure malformed(std::string why)
{
    return {FailureClass::permanent, "origin_malformed", std::move(why), {}};
}

/// A name or an IP address, and no port hidden in it.
std::optional<Failure> problem_of(const HttpOrigin& origin)
{
    boost::system::error_code no_address;
    static_cast<void>(asio::ip::make_address(origin.host, no_address));
    const bool is_name = is_host(origin.host) && origin.host.find_first_of("[]:") == std::string::npos;
    if ((no_address && !is_name) || origin.host.find('%') != std::string::npos)
        return malformed("the host is neither a name nor an IP address");
    if (origin.port == 0)
        return malformed("the port is 0");
    return std::nullopt;
}

}  // namespace

HttpPool::State::Place::Place(std::shared_ptr<State> state, std::shared_ptr<Link> link, bool made)
    : state_(std::move(state)),
      link_(std::move(link)),
      made_(made)
{
    state_->busy.insert(link_.get());
}

HttpPool::State::Place::~Place()
{
    if (state_)
        state_->give_back(std::move(link_));
}

HttpPool::State::Waiter::Waiter(State& pool, const HttpCall& call)
    : state(pool),
      fresh(call.fresh),
      signal(pool.route->executor, call.deadline),
      at(pool.queue.end())
{
    at = pool.queue.insert(pool.queue.end(), this);
}

HttpPool::State::Waiter::~Waiter()
{
    if (queued)
        state.queue.erase(at);
}

HttpPool::State::State(asio::any_io_executor executor, HttpOrigin origin, HttpPoolOptions options)
{
    auto made = std::make_shared<Route>();
    made->executor = std::move(executor);
    made->origin = std::move(origin);
    made->options = std::move(options);
    made->options.connections = std::max<std::size_t>(made->options.connections, 1);
    const bool has_colon = made->origin.host.find(':') != std::string::npos;
    made->name =
        (has_colon ? "[" + made->origin.host + "]" : made->origin.host) + ":" + std::to_string(made->origin.port);
    fault = problem_of(made->origin);
    if (!fault && made->origin.tls) {
        auto context = client_context(made->options.tls);
        if (context)
            made->tls = std::move(*context);
        else
            fault = std::move(context.error());
    }
    route = std::move(made);
}

Task<HttpAnswer> HttpPool::State::run(std::shared_ptr<State> state, HttpCall call)
{
    // Cancelled or not, a call ends with an answer or a failure, never with an exception.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto answer = co_await state->carry(call);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return answer;
}

Task<HttpAnswer> HttpPool::State::carry(const HttpCall& call)
{
    if (fault)
        co_return std::unexpected(*fault);
    const auto request = request_bytes(call, route->origin);
    if (!request)
        co_return std::unexpected(request.error());

    const auto place = co_await acquire(call);
    if (!place)
        co_return std::unexpected(place.error());
    auto& link = place->link();
    if (!place->is_made()) {
        auto opened = co_await link.open(call.deadline);
        if (!opened)
            co_return std::unexpected(std::move(opened.error()));
    }
    auto answer = co_await link.exchange(call, *request);
    co_return answer;
}

Task<HttpPool::State::Place> HttpPool::State::acquire(const HttpCall& call)
{
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    Waiter waiter(*this, call);
    serve();
    const auto cancelled = [&cancellation] { return cancellation.cancelled() != asio::cancellation_type::none; };
    if (!waiter.place && !closed && !cancelled())
        co_await waiter.signal.async_wait(use_tuple);

    const char* code = "queue_timeout";
    const char* cause = ": no connection was free in time";
    if (closed) {
        code = "pool_closed";
        cause = ": the pool was closed";
    } else if (cancelled()) {
        code = "call_cancelled";
        cause = ": the call was cancelled";
    } else if (waiter.place && std::chrono::steady_clock::now() < call.deadline) {
        co_return std::move(*waiter.place);
    }
    co_return fail(FailureClass::transient, code, route->name + cause);
}

void HttpPool::State::serve()
{
    while (!closed && !queue.empty()) {
        auto* const waiter = queue.front();
        auto place = take(waiter->fresh);
        if (!place)
            return;
        queue.pop_front();
        waiter->queued = false;
        waiter->place.emplace(std::move(*place));
        waiter->signal.cancel();
    }
}

std::optional<HttpPool::State::Place> HttpPool::State::take(bool fresh)
{
    if (!fresh)
        if (auto link = take_idle())
            return std::optional<Place>(std::in_place, shared_from_this(), std::move(link), true);
    if (busy.size() + idle.size() >= route->options.connections) {
        if (idle.empty())
            return std::nullopt;
        idle.pop_front();
    }
    return std::optional<Place>(std::in_place, shared_from_this(), std::make_shared<Link>(route), false);
}

std::shared_ptr<Link> HttpPool::State::take_idle()
{
    while (!idle.empty()) {
        auto link = std::move(idle.back());
        idle.pop_back();
        if (link->end_rest())
            return link;
    }
    return nullptr;
}

void HttpPool::State::give_back(std::shared_ptr<Link> link)
{
    busy.erase(link.get());
    auto gone = [weak = weak_from_this(), known = link.get()] {
        if (const auto state = weak.lock())
            state->forget(known);
    };
    if (!closed && link->begin_rest(std::move(gone)))
        idle.push_back(std::move(link));
    serve();
}

void HttpPool::State::forget(const Link* link)
{
    idle.remove_if([link](const std::shared_ptr<Link>& candidate) { return candidate.get() == link; });
    serve();
}

void HttpPool::State::close()
{
    closed = true;
    idle.clear();
    for (auto* const link : busy)
        link->abort();
    for (auto* const waiter : queue)
        waiter->signal.cancel();
}

HttpPool::HttpPool(asio::any_io_executor executor, HttpOrigin origin, HttpPoolOptions options)
    : state_(std::make_shared<State>(std::move(executor), std::move(origin), std::move(options)))
{}

HttpPool::~HttpPool()
{
    close();
}

const std::optional<Failure>& HttpPool::fault() const
{
    return state_->fault;
}

Task<HttpAnswer> HttpPool::send(HttpCall call)
{
    return State::run(state_, std::move(call));
}

HttpPoolCounts HttpPool::counts() const
{
    return {state_->busy.size() + state_->idle.size(), state_->idle.size(), state_->queue.size()};
}

void HttpPool::close()
{
    state_->close();
}

}  // namespace headgate::net
