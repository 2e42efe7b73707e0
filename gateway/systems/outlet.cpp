#include "gateway/systems/outlet.hpp"

#include <algorithm>

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

// A system that asks for patience and does not say how long.
constexpr auto usual_rest = 1s;

/// Whether a failure speaks against the system; most speak against what was sent, or were made here.
bool is_of_the_system(const Failure& failure)
{
    switch (failure.failure_class) {
    case FailureClass::transient:
    case FailureClass::unknown_outcome: return failure.code != "lease_lost" && failure.code != "probe_missed";
    case FailureClass::auth: return true;
    case FailureClass::throttled:
    case FailureClass::dependency:
    case FailureClass::conflict:
    case FailureClass::permanent: return false;
    }
    return false;
}

}  // namespace

Outlet::Outlet(asio::any_io_executor executor, System& system, const SystemConfig* config, Send send)
    : system_(system),
      send_(std::move(send)),
      timer_(executor),
      alive_(std::make_shared<bool>(true))
{
    if (config != nullptr) {
        gate_.emplace(*config);
        retry_ = config->retry;
    }
}

Outlet::~Outlet()
{
    *alive_ = false;
}

void Outlet::put(const std::shared_ptr<Attempt>& attempt)
{
    if (!gate_)
        return send_(attempt);
    channels_[attempt->delivery.channel].push_back(attempt);
    ++count_;
    pump();
}

void Outlet::ended(const SystemAnswer& answer)
{
    if (!gate_)
        return;
    const auto now = SystemGate::Clock::now();
    const Failure* failure = answer.result ? nullptr : &answer.result.error();
    if (failure != nullptr && failure->failure_class == FailureClass::throttled)
        gate_->rest_until(now + answer.not_before.value_or(usual_rest));
    if (failure != nullptr && failure->failure_class == FailureClass::auth)
        gate_->open(now);
    else
        gate_->end(now, failure == nullptr || !is_of_the_system(*failure));
    pump();
}

void Outlet::clear()
{
    channels_.clear();
    count_ = 0;
    timer_.cancel();
}

/// The channels take turns; within one, first come first served.
std::shared_ptr<Attempt> Outlet::next()
{
    auto channel = channels_.upper_bound(last_channel_);
    if (channel == channels_.end())
        channel = channels_.begin();
    last_channel_ = channel->first;
    auto attempt = std::move(channel->second.front());
    channel->second.pop_front();
    if (channel->second.empty())
        channels_.erase(channel);
    --count_;
    return attempt;
}

void Outlet::pump()
{
    if (pumping_)
        return;  // a sending that ends at once comes back here
    pumping_ = true;
    while (count_ > 0) {
        const auto now = SystemGate::Clock::now();
        if (const auto closed = gate_->closed(now)) {
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
        if (attempt->job->over)
            continue;
        gate_->begin(now);
        send_(attempt);
    }
    pumping_ = false;
}

}  // namespace headgate::gateway
