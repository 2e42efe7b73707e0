#include "gateway/sender.hpp"

#include <limits>
#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>

#include "core/fault_point.hpp"

namespace headgate::gateway {

/// Answers of a batch arrive one by one on the system's thread; they are handed to the loop together.
struct Sender::Completions {
    std::mutex mutex;
    std::vector<Completion> waiting;
    Sender* sender = nullptr;  // the loop's thread only
};

Sender::Sender(asio::any_io_executor executor, Systems systems, observability::Health& health)
    : executor_(std::move(executor)),
      systems_(std::move(systems)),
      health_(health),
      completions_(std::make_shared<Completions>())
{
    completions_->sender = this;
    // What waits for one system in memory must leave room for what goes to the others.
    constexpr std::size_t most_waiting = 2048;
    const auto others = std::ranges::count_if(systems_, [](const auto& system) { return !system.second.is_door; });
    const auto most = others > 1 ? most_waiting : std::numeric_limits<std::size_t>::max();
    for (const auto& [name, system] : systems_)
        outlets_.emplace(name, std::make_unique<Outlet>(executor_, system.config, most));
}

Sender::~Sender()
{
    completions_->sender = nullptr;
}

void Sender::apply(const std::shared_ptr<Attempt>& attempt, Sending sending)
{
    systems_.find(attempt->system)
        ->second.system->apply(attempt->delivery, std::move(sending),
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
                                       if (completions->sender == nullptr)
                                           return;
                                       fault_point("after_ledger_commit");
                                       for (auto& completion : batch)
                                           completions->sender->completed(completion.attempt,
                                                                          std::move(completion.answer));
                                   });
                               });
}

void Sender::free_lane(const Attempt& attempt)
{
    if (const auto found = on_the_wire_.find(attempt.lane); found != on_the_wire_.end() && found->second == &attempt)
        on_the_wire_.erase(found);
}

void Sender::completed(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer)
{
    free_lane(*attempt);
    outlet(attempt->system).ended(*attempt, answer);
    if (attempt->job->over)
        return;
    const auto& guard = systems_.find(attempt->system)->second.guard;
    if (answer.result && guard != nullptr && tells(answer.result->outcome))
        guard->applied(attempt->delivery, *answer.result);
    const Fate fate = answer.result ? Fate::dead_letter : fate_of(answer.result.error().failure_class);
    const bool not_there = fate == Fate::retry || fate == Fate::slow_the_system || fate == Fate::pause_the_system;
    system_state(attempt->system, not_there ? &answer.result.error() : nullptr);
    attempt->courier->answered(attempt, std::move(answer));
}

void Sender::told(const Attempt& attempt)
{
    if (const auto system = systems_.find(attempt.system); system != systems_.end() && system->second.guard != nullptr)
        system->second.guard->ended(attempt.delivery);
}

void Sender::forget()
{
    on_the_wire_.clear();
    for (const auto& [name, outlet] : outlets_)
        outlet->clear();
    for (const auto& [name, system] : systems_)
        if (system.guard != nullptr)
            system.guard->forget();
    for (const auto& system : std::exchange(failing_, {}))
        health_.clear_note(system + "_failing");
}

void Sender::system_state(const std::string& system, const Failure* why)
{
    const auto note = system + "_failing";
    if (why == nullptr) {
        if (failing_.erase(system) > 0)
            health_.clear_note(note);
        return;
    }
    if (why->code == "lease_lost" || why->code == "ledger_busy")
        return;  // nothing is wrong with the system
    failing_.insert(system);
    health_.note(note, why->code + ": " + why->detail);
}

}  // namespace headgate::gateway
