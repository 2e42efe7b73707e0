#include "gateway/systems/outlet.hpp"

#include <algorithm>

#include "gateway/sender.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

// A system that asks for patience and does not say how long.
constexpr auto usual_rest = 1s;

// What a system rests at most for deliveries to wait for it in memory.
constexpr auto moment = 1s;

/// Whether a failure speaks against the system; most speak against what was sent, or were made here.
bool is_of_the_system(const Failure& failure)
{
    switch (failure.failure_class) {
    case FailureClass::transient:
    case FailureClass::unknown_outcome:
        return failure.code != "lease_lost" && failure.code != "probe_missed" && !failure.code.starts_with("redis_");
    case FailureClass::auth: return true;
    case FailureClass::throttled:
    case FailureClass::dependency:
    case FailureClass::conflict:
    case FailureClass::permanent: return false;
    }
    return false;
}

}  // namespace

Outlet::Outlet(asio::any_io_executor executor, const SystemConfig* config, std::size_t most_waiting)
    : most_fast_(most_waiting),
      timer_(executor),
      alive_(std::make_shared<bool>(true))
{
    if (config != nullptr) {
        gate_.emplace(*config);
        retry_ = config->retry;
        concurrency_ = static_cast<std::size_t>(config->concurrency);
    }
}

Outlet::~Outlet()
{
    *alive_ = false;
}

bool Outlet::left_alone(SystemGate::Clock::time_point now) const
{
    return paused_ || (gate_ && (gate_->open_breaker() || gate_->rests_at(now + moment)));
}

bool Outlet::put(const std::shared_ptr<Attempt>& attempt)
{
    const bool slow = attempt->placed.has_value();
    if (!slow && (fast_ >= most_fast_ || left_alone(steady_now())))
        return false;
    ++(slow ? placed_ : fast_);
    queues_[{slow, attempt->delivery.channel}].push_back(attempt);
    pump();
    return true;
}

std::size_t Outlet::room() const
{
    if (paused_)
        return 0;
    std::size_t most = gate_ ? 2 * concurrency_ + 8 : most_ungated;
    const auto now = steady_now();
    if (left_alone(now))
        most = gate_->closed(now) ? 0 : 1;
    return most > placed_ ? most - placed_ : 0;
}

void Outlet::left(const Attempt& attempt)
{
    if (attempt.placed && placed_ > 0)
        --placed_;
}

void Outlet::passed(const Attempt& attempt)
{
    left(attempt);
    if (gate_)
        gate_->give_back();
    pump();
}

void Outlet::ended(const Attempt& attempt, const SystemAnswer& answer)
{
    left(attempt);
    if (!gate_)
        return;
    const auto now = steady_now();
    const Failure* failure = answer.result ? nullptr : &answer.result.error();
    if (failure != nullptr && failure->failure_class == FailureClass::throttled)
        gate_->rest_until(now + answer.not_before.value_or(usual_rest));
    if (failure != nullptr && failure->failure_class == FailureClass::auth)
        gate_->open(now);
    else
        gate_->end(now, failure == nullptr || !is_of_the_system(*failure));
    if (left_alone(now))
        turn_away();
    pump();
}

void Outlet::pause(bool paused)
{
    paused_ = paused;
    if (paused)
        turn_away();
    else
        pump();
}

void Outlet::turn_away()
{
    auto queues = std::exchange(queues_, {});
    fast_ = 0;
    for (const auto& [of, queue] : queues)
        for (const auto& attempt : queue) {
            left(*attempt);
            if (!attempt->job->over)
                attempt->courier->turned_away(attempt);
        }
}

void Outlet::clear()
{
    fast_ = 0;
    for (const auto& [of, queue] : std::exchange(queues_, {}))
        for (const auto& attempt : queue)
            left(*attempt);
    timer_.cancel();
}

/// The queues take turns; within one, first come first served.
std::shared_ptr<Attempt> Outlet::next()
{
    auto queue = queues_.upper_bound(last_);
    if (queue == queues_.end())
        queue = queues_.begin();
    last_ = queue->first;
    if (!queue->first.first)
        --fast_;
    auto attempt = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty())
        queues_.erase(queue);
    return attempt;
}

void Outlet::pump()
{
    if (pumping_)
        return;  // a sending that ends at once comes back here
    pumping_ = true;
    while (!queues_.empty() && !paused_) {
        const auto now = steady_now();
        if (const auto closed = gate_ ? gate_->closed(now) : std::nullopt) {
            if (*closed != SystemGate::Clock::time_point::max()) {
                timer_.expires_at(*closed);
                timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
                    if (!error && *alive)
                        pump();
                });
            }
            break;
        }
        auto attempt = next();
        if (attempt->job->over) {
            left(*attempt);
            continue;
        }
        if (gate_)
            gate_->begin(now);
        attempt->courier->turn(attempt);
    }
    pumping_ = false;
}

}  // namespace headgate::gateway
