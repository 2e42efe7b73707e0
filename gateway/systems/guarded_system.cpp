#include "gateway/systems/guarded_system.hpp"

#include <utility>

#include "core/hash.hpp"
#include "retry/guard.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway {

Hash16 fact_of(std::string_view system, const Delivery& delivery)
{
    const Transaction& transaction = delivery.transaction;
    return retry::guard_hash(system, transaction.family,
                             delivery.source + '\0' + transaction.entity + '\0' + transaction.id);
}

retry::Guard telling_of(const Delivery& delivery)
{
    retry::Guard guard;
    guard.version = retry::ordered_version(delivery.transaction.version);
    guard.seq = delivery.origin_seq;
    guard.digest = sha256(delivery.transaction.json);
    return guard;
}

std::optional<Applied::Outcome> no_news(const retry::Guard& held, const retry::Guard& told)
{
    if (!retry::may_replace(held, told))
        return Applied::Outcome::stale;
    const bool newer = !told.version.empty() && !held.version.empty() && told.version != held.version;
    if (held.digest == told.digest && !newer)
        return Applied::Outcome::repeated;
    return std::nullopt;
}

GuardedSystem::GuardedSystem(std::string name, System& inner, retry::Backlog& backlog, Spawn spawn)
    : name_(std::move(name)),
      inner_(inner),
      backlog_(backlog),
      spawn_(std::move(spawn))
{}

void GuardedSystem::apply(const Delivery& delivery, Sending sending, Done done)
{
    if (delivery.transaction.order == Order::free)
        return inner_.apply(delivery, std::move(sending), std::move(done));
    spawn_(run(delivery, std::move(sending), std::move(done)));
}

asio::awaitable<void> GuardedSystem::run(Delivery delivery, Sending sending, Done done)
{
    const Hash16 fact = fact_of(name_, delivery);
    retry::Guard told = telling_of(delivery);
    std::optional<retry::Guard> held;
    if (const auto known = applied_.find(fact); known != applied_.end()) {
        held = known->second;
    } else {
        std::vector<Hash16> asked{fact};
        auto guards = co_await backlog_.guards(std::move(asked));
        if (!guards) {
            done(SystemAnswer{.result = std::unexpected(std::move(guards.error())), .progress = sending.progress});
            co_return;
        }
        held = std::move(guards->front());
    }
    if (held) {
        if (const auto outcome = no_news(*held, told)) {
            done(SystemAnswer{.result = Applied{*outcome, held->target_id}});
            co_return;
        }
    }
    auto remember = [this, fact, told = std::move(told), done = std::move(done),
                     lease = lease_](SystemAnswer answer) mutable {
        if (answer.result && lease == lease_) {
            told.target_id = answer.result->target_id;
            applied_.insert_or_assign(fact, std::move(told));
        }
        done(std::move(answer));
    };
    inner_.apply(delivery, std::move(sending), std::move(remember));
}

void GuardedSystem::forget()
{
    applied_.clear();
    ++lease_;
}

void GuardedSystem::ended(const Delivery& delivery)
{
    const auto known = applied_.find(fact_of(name_, delivery));
    if (known != applied_.end() && known->second.seq == delivery.origin_seq)
        applied_.erase(known);
}

}  // namespace headgate::gateway
