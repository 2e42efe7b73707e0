#include "gateway/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/random_seed.hpp"
#include "gateway/standing.hpp"
#include "retry/keys.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

namespace {

// So far beyond the newest seq a reservation reaches: about 20 ms of full load, so that reserving is a call for many.
constexpr std::uint64_t look_ahead = 256;

}  // namespace

Dispatcher::Dispatcher(Dependencies dependencies)
    : with_(std::move(dependencies)),
      unreservable_(with_.health, with_.log, "not_reservable",
                    "Redis refuses to reserve; nothing new is sent until it does"),
      random_(random_seed())
{}

void Dispatcher::begin(const retry::Lease& lease)
{
    for (int p = 0; p < partition_count; ++p)
        sent_before_[static_cast<std::size_t>(p)] = high_water_[static_cast<std::size_t>(p)] =
            lease.high_water(static_cast<Partition>(p));
}

void Dispatcher::forget()
{
    ++epoch_;
    lanes_.clear();
    unreserved_.clear();
    reserving_ = false;
    unreservable_.ends();
}

void Dispatcher::start(const std::shared_ptr<Job>& job)
{
    // By value: a delivery that ends at once lets the attempts go.
    const auto attempts = job->attempts;
    for (const auto& attempt : attempts) {
        attempt->courier = this;
        attempt->maybe_sent = job->maybe_sent && !attempt->at_most_once;
    }
    // All are in their lanes before one goes or leaves.
    std::vector<std::shared_ptr<Attempt>> heads;
    for (const auto& attempt : attempts)
        if (lanes_.push(attempt))
            heads.push_back(attempt);
    for (const auto& attempt : heads)
        dispatch(attempt);
}

/// The head of a lane: sent at once when its seq is reserved, else with the next reservation.
void Dispatcher::dispatch(const std::shared_ptr<Attempt>& attempt)
{
    attempt->stage = Attempt::Stage::head;
    if (attempt->job->leaving)
        return leave_when_it_may(attempt->job);
    if (attempt->delivery.seq > high_water_[attempt->job->event.partition]) {
        unreserved_.push_back(attempt);
        with_.wake();
        return;
    }
    if (!with_.sender.put(attempt))
        leave(attempt->job);
}

void Dispatcher::turn(const std::shared_ptr<Attempt>& attempt)
{
    if (attempt->job->leaving)
        with_.sender.pass(attempt);
    else if (with_.slow(attempt->system))
        with_.spawn(ask_lane(attempt));
    else
        send(attempt);
}

/// Right before it would be sent: while it waited for its turn, another may have got its lane.
asio::awaitable<void> Dispatcher::ask_lane(std::shared_ptr<Attempt> attempt)
{
    const auto job = attempt->job;
    const Delivery& delivery = attempt->delivery;
    const auto lane = retry::lane_hash(attempt->system, delivery.source, delivery.transaction.entity);
    const auto taken = co_await retry::lane_is_taken(with_.redis, lane);
    if (!job->over && !job->leaving && taken && !*taken)
        co_return send(attempt);
    with_.sender.pass(attempt);
    if (job->over || job->leaving)
        co_return;
    if (taken)
        leave(job);
    else
        unreserved_.push_back(attempt);  // asked again with the next reservation
}

void Dispatcher::send(const std::shared_ptr<Attempt>& attempt)
{
    if (!with_.sender.claim_lane(*attempt)) {
        with_.sender.pass(attempt);
        return leave(attempt->job);
    }
    attempt->stage = Attempt::Stage::sending;
    ++attempt->attempts;
    with_.sender.apply(attempt, {attempt->attempts, attempt->maybe_sent, {}});
}

void Dispatcher::turned_away(const std::shared_ptr<Attempt>& attempt)
{
    leave(attempt->job);
}

void Dispatcher::answered(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer)
{
    const auto job = attempt->job;
    attempt->stage = Attempt::Stage::over;
    if (!answer.result) {
        attempt->standing = standing_of(*attempt, std::move(answer), with_.sender.retry(attempt->system),
                                        with_.configuration, wall_now(), random_);
        return leave(job);
    }
    attempt->applied = std::move(*answer.result);
    next_in_lane(*attempt);
    if (--job->unfinished == 0)
        with_.delivered(job);
    else if (job->leaving)
        leave_when_it_may(job);
}

void Dispatcher::next_in_lane(const Attempt& attempt)
{
    if (const auto next = lanes_.pop(attempt.lane))
        dispatch(next);
}

void Dispatcher::leave(const std::shared_ptr<Job>& job)
{
    job->leaving = true;
    leave_when_it_may(job);
}

/// What is at its system is waited for, and so is what others of the fast path are before: they are sent, or leave
/// themselves. What only stands behind its own event leaves with it.
void Dispatcher::leave_when_it_may(const std::shared_ptr<Job>& job)
{
    const auto holds_it_up = [&](const auto& attempt) {
        return attempt->stage == Attempt::Stage::sending ||
               (attempt->stage == Attempt::Stage::behind && lanes_.head(attempt->lane).job != job);
    };
    if (std::ranges::none_of(job->attempts, holds_it_up) && !std::exchange(job->placing, true))
        with_.leaves(job);
}

void Dispatcher::placed(const std::shared_ptr<Job>& job)
{
    const auto attempts = job->attempts;
    for (const auto& attempt : attempts)
        if (!attempt->applied)
            next_in_lane(*attempt);
}

void Dispatcher::reserve()
{
    if (reserving_ || unreserved_.empty())
        return;
    std::array<bool, partition_count> wanted{};
    for (const auto& attempt : unreserved_)
        wanted[attempt->job->event.partition] = true;
    std::vector<retry::Reservation> reservations;
    for (std::size_t p = 0; p < wanted.size(); ++p)
        if (wanted[p])
            reservations.push_back({static_cast<Partition>(p), with_.newest_seq() + look_ahead});
    reserving_ = true;
    with_.spawn(reserve_now(std::move(reservations), epoch_));
}

asio::awaitable<void> Dispatcher::reserve_now(std::vector<retry::Reservation> reservations, std::uint64_t epoch)
{
    auto copy = reservations;
    const auto reserved = co_await with_.backlog.reserve(std::move(copy));
    if (epoch != epoch_)
        co_return;
    reserving_ = false;
    if (!reserved) {
        if (reserved.error().code == "lease_lost")
            with_.lease_lost();
        else if (reserved.error().failure_class == FailureClass::permanent)
            unreservable_.begins(reserved.error());
        co_return;  // the next tick asks again
    }
    unreservable_.ends();
    for (const auto& reservation : reservations)
        high_water_[reservation.partition] = std::max(high_water_[reservation.partition], reservation.upto);
    fault_point("after_reserve");
    const auto heads = std::exchange(unreserved_, {});
    for (const auto& attempt : heads)
        if (!attempt->job->over && !attempt->job->leaving)
            dispatch(attempt);
    with_.wake();
}

}  // namespace headgate::gateway
