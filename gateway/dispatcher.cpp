#include "gateway/dispatcher.hpp"

#include <algorithm>
#include <mutex>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/fault_point.hpp"
#include "gateway/stages/deliver.hpp"

namespace headgate::gateway {

namespace {

// So far beyond the newest seq a reservation reaches: about 20 ms of full load, so that reserving is a call for many.
constexpr std::uint64_t look_ahead = 256;

}  // namespace

/// Answers of a batch arrive one by one on the system's thread; they are handed to the loop together.
struct Dispatcher::Completions {
    std::mutex mutex;
    std::vector<Completion> waiting;
    Dispatcher* dispatcher = nullptr;  // the loop's thread only
};

Dispatcher::Dispatcher(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies)),
      unreservable_(with_.health, with_.log, "not_reservable",
                    "Redis refuses to reserve; nothing new is sent until it does"),
      completions_(std::make_shared<Completions>()),
      alive_(std::make_shared<bool>(true)),
      random_(std::random_device{}())
{
    completions_->dispatcher = this;
}

Dispatcher::~Dispatcher()
{
    *alive_ = false;
    completions_->dispatcher = nullptr;
}

void Dispatcher::begin(const retry::Lease& lease)
{
    for (int p = 0; p < partition_count; ++p)
        high_water_[static_cast<std::size_t>(p)] = lease.high_water(static_cast<Partition>(p));
}

void Dispatcher::forget()
{
    ++epoch_;
    lanes_.clear();
    unreserved_.clear();
    reserving_ = false;
    unreservable_.ends();
    for (const auto& system : std::exchange(failing_, {}))
        with_.health.clear_note(system + "_failing");
}

void Dispatcher::start(const std::shared_ptr<Job>& job)
{
    // By value: a delivery that ends at once lets the attempts go.
    const auto attempts = job->attempts;
    for (const auto& attempt : attempts)
        if (lanes_.push(attempt))
            dispatch(attempt);
}

/// The head of a lane: sent at once when its seq is reserved, else with the next reservation.
void Dispatcher::dispatch(const std::shared_ptr<Attempt>& attempt)
{
    if (attempt->delivery.seq <= high_water_[attempt->job->event.partition]) {
        send(attempt);
        return;
    }
    unreserved_.push_back(attempt);
    with_.wake();
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
        dispatch(attempt);
    with_.wake();
}

void Dispatcher::send(const std::shared_ptr<Attempt>& attempt)
{
    ++attempt->attempts;
    // The system checks the lease itself, right before it writes. Routes lead to configured systems only.
    with_.systems.at(attempt->system)
        ->apply(attempt->delivery, [completions = completions_, executor = executor_, attempt](Result<Applied> result) {
            const std::lock_guard lock(completions->mutex);
            completions->waiting.push_back({attempt, std::move(result)});
            if (completions->waiting.size() > 1)
                return;  // the loop knows already
            asio::post(executor, [completions] {
                std::vector<Completion> batch;
                {
                    const std::lock_guard inside(completions->mutex);
                    batch.swap(completions->waiting);
                }
                if (completions->dispatcher == nullptr)
                    return;
                fault_point("after_ledger_commit");
                for (auto& completion : batch)
                    completions->dispatcher->completed(completion.attempt, std::move(completion.result));
            });
        });
}

void Dispatcher::completed(const std::shared_ptr<Attempt>& attempt, Result<Applied> result)
{
    const auto job = attempt->job;
    if (job->over)
        return;
    const bool again = !result && fate_of(result.error().failure_class) == Fate::retry;
    system_state(attempt->system, again ? &result.error() : nullptr);
    if (again) {
        // A letter that came back is as old as its return.
        const bool replayed = job->event.seq != job->event.origin_seq;
        const auto age = std::chrono::system_clock::now() - (replayed ? job->begun : job->event.envelope.received_at);
        if (age < max_age)
            return retry_later(attempt, result.error());
        result.error().detail += "; given up at the age of 3 days";
    }
    attempt->outcome = std::move(result);
    if (const auto next = lanes_.pop(attempt->lane))
        dispatch(next);
    if (--job->unfinished == 0)
        with_.delivered(job);
}

void Dispatcher::retry_later(const std::shared_ptr<Attempt>& attempt, const Failure& why)
{
    with_.log.warn("a delivery failed and is tried again",
                   observability::LogLine{}
                       .field("event", attempt->job->event.envelope.event.text())
                       .field("system", attempt->system)
                       .field("entity", attempt->delivery.transaction.entity)
                       .field("attempts", attempt->attempts)
                       .field("code", why.code)
                       .field("detail", why.detail));
    with_.metrics.retries.add();
    auto timer = std::make_shared<asio::steady_timer>(executor_, backoff(attempt->attempts, random_));
    timer->async_wait([this, alive = alive_, timer, attempt](const boost::system::error_code& error) {
        if (!error && *alive && !attempt->job->over)
            dispatch(attempt);
    });
}

void Dispatcher::system_state(const std::string& system, const Failure* why)
{
    const auto note = system + "_failing";
    if (why == nullptr) {
        if (failing_.erase(system) > 0)
            with_.health.clear_note(note);
        return;
    }
    if (why->code == "lease_lost" || why->code == "ledger_busy")
        return;  // nothing is wrong with the system
    failing_.insert(system);
    with_.health.note(note, why->code + ": " + why->detail);
}

}  // namespace headgate::gateway
