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

// What waits for a cross-reference asks for it again after this time at the earliest.
constexpr std::chrono::milliseconds missing_wait{5'000};

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
    for (const auto& [name, system] : with_.systems)
        outlets_.emplace(name,
                         std::make_unique<Outlet>(executor_, *system.system, system.config,
                                                  [this](const std::shared_ptr<Attempt>& attempt) { send(attempt); }));
}

Dispatcher::~Dispatcher()
{
    *alive_ = false;
    completions_->dispatcher = nullptr;
}

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
    for (const auto& [name, outlet] : outlets_)
        outlet->clear();
    for (const auto& [name, system] : with_.systems)
        if (system.guard != nullptr)
            system.guard->forget();
    reserving_ = false;
    unreservable_.ends();
    for (const auto& system : std::exchange(failing_, {}))
        with_.health.clear_note(system + "_failing");
}

void Dispatcher::ended(const Job& job)
{
    const auto went_well = [](const auto& attempt) { return attempt->outcome && attempt->outcome->has_value(); };
    if (!std::ranges::all_of(job.attempts, went_well))
        return;
    for (const auto& attempt : job.attempts)
        if (const auto system = with_.systems.find(attempt->system);
            system != with_.systems.end() && system->second.guard != nullptr)
            system->second.guard->ended(attempt->delivery);
}

/// Routes lead to configured systems only.
Outlet& Dispatcher::outlet_of(const Attempt& attempt) const
{
    return *outlets_.find(attempt.system)->second;
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
    const Partition partition = attempt->job->event.partition;
    if (attempt->delivery.seq <= high_water_[partition]) {
        outlet_of(*attempt).put(attempt);
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
    if (attempt->attempts == 1)
        // A letter that came back may have been sent before it died.
        attempt->maybe_sent = attempt->delivery.seq <= sent_before_[attempt->job->event.partition] ||
                              attempt->delivery.seq != attempt->delivery.origin_seq;
    Sending sending{attempt->attempts, attempt->maybe_sent, attempt->progress};
    // The system checks the lease itself, right before it writes.
    outlet_of(*attempt).system().apply(
        attempt->delivery, std::move(sending),
        [completions = completions_, executor = executor_, attempt](SystemAnswer answer) {
            const std::lock_guard lock(completions->mutex);
            completions->waiting.push_back({attempt, std::move(answer)});
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
                    completions->dispatcher->completed(completion.attempt, std::move(completion.answer));
            });
        });
}

void Dispatcher::completed(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer)
{
    outlet_of(*attempt).ended(answer);
    const auto job = attempt->job;
    if (job->over)
        return;
    attempt->progress = std::move(answer.progress);
    const Fate fate = answer.result ? Fate::dead_letter : fate_of(answer.result.error().failure_class);
    const bool not_there = fate == Fate::retry || fate == Fate::slow_the_system || fate == Fate::pause_the_system;
    system_state(attempt->system, not_there ? &answer.result.error() : nullptr);
    if (!answer.result && goes_on(attempt, answer))
        return;
    attempt->outcome = std::move(answer.result);
    if (const auto next = lanes_.pop(attempt->lane))
        dispatch(next);
    if (--job->unfinished == 0)
        with_.delivered(job);
}

bool Dispatcher::goes_on(const std::shared_ptr<Attempt>& attempt, SystemAnswer& answer)
{
    Failure& why = answer.result.error();
    Outlet& outlet = outlet_of(*attempt);
    const auto& job = *attempt->job;
    // A letter that came back is as old as its return.
    const bool replayed = job.event.seq != job.event.origin_seq;
    const auto age = std::chrono::system_clock::now() - (replayed ? job.begun : job.event.envelope.received_at);
    const auto wait = std::max(backoff(attempt->attempts, outlet.retry(), random_),
                               answer.not_before.value_or(std::chrono::milliseconds(0)));
    switch (fate_of(why.failure_class)) {
    case Fate::retry:
    case Fate::park:
        if (age >= outlet.retry().max_age) {
            why.detail += "; given up at the age of " + config::text_of(outlet.retry().max_age);
            return false;
        }
        retry_later(attempt, why, why.failure_class == FailureClass::dependency ? std::max(wait, missing_wait) : wait);
        return true;
    case Fate::slow_the_system:
    case Fate::pause_the_system:
        --attempt->attempts;  // it is the system that waits, and this delivery no longer than others
        outlet.put(attempt);
        return true;
    case Fate::by_repeat:
    case Fate::adopt_or_reread:
    case Fate::dead_letter: return false;
    }
    return false;
}

void Dispatcher::retry_later(const std::shared_ptr<Attempt>& attempt, const Failure& why,
                             std::chrono::milliseconds wait)
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
    auto timer = std::make_shared<asio::steady_timer>(executor_, wait);
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
