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

Hash16 fact_of(std::string_view system, std::string_view source, const Parent& parent)
{
    return retry::guard_hash(system, parent.family, std::string(source) + '\0' + parent.entity + '\0' + parent.entity);
}

retry::Guard telling_of(const Delivery& delivery)
{
    retry::Guard guard;
    guard.version = retry::ordered_version(delivery.transaction.version);
    guard.seq = delivery.origin_seq;
    guard.digest = delivery.content;
    return guard;
}

std::optional<Applied::Outcome> no_news(const retry::Guard& held, const retry::Guard& told)
{
    if (!retry::may_replace(held, told))
        return Applied::Outcome::stale;
    if (held.digest != told.digest)
        return std::nullopt;
    const bool newer = !told.version.empty() && !held.version.empty() && told.version != held.version;
    return newer ? Applied::Outcome::unchanged : Applied::Outcome::repeated;
}

GuardedSystem::GuardedSystem(std::string name, System& inner, Repeats repeats, retry::Backlog& backlog,
                             ReferenceCache& references, Spawn spawn)
    : name_(std::move(name)),
      inner_(inner),
      repeats_(repeats),
      backlog_(backlog),
      references_(references),
      spawn_(std::move(spawn))
{}

bool GuardedSystem::is_guarded(const Delivery& delivery) const
{
    return repeats_ == Repeats::unknown && delivery.transaction.order != Order::free;
}

void GuardedSystem::apply(const Delivery& delivery, Sending sending, Done done)
{
    if (is_guarded(delivery) || !delivery.transaction.parents.empty())
        spawn_(run(delivery, std::move(sending), std::move(done)));
    else
        inner_.apply(delivery, std::move(sending), std::move(done));
}

/// Of each fact what was applied last.
Task<std::vector<std::optional<retry::Guard>>> GuardedSystem::held(std::vector<Hash16> facts)
{
    std::vector<std::optional<retry::Guard>> found(facts.size());
    std::vector<Hash16> asked;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < facts.size(); ++i) {
        if (const auto known = applied_.find(facts[i]); known != applied_.end()) {
            found[i] = known->second;
        } else {
            asked.push_back(facts[i]);
            places.push_back(i);
        }
    }
    if (asked.empty())
        co_return found;
    auto guards = co_await backlog_.guards(std::move(asked));
    if (!guards)
        co_return std::unexpected(std::move(guards.error()));
    for (std::size_t i = 0; i < places.size(); ++i)
        found[places[i]] = std::move((*guards)[i]);
    co_return found;
}

/// As somebody tells who has things in a system from before Headgate.
Task<bool> GuardedSystem::has_reference(const std::string& source, const Parent& parent)
{
    const ReferenceKey in_source{name_, parent.type, id_within(source, parent.entity)};
    const ReferenceKey anywhere{name_, parent.type, parent.entity};
    std::vector<ReferenceKey> asked{in_source, anywhere};
    const auto fetched = co_await references_.fetch(std::move(asked));
    if (!fetched)
        co_return std::unexpected(fetched.error());
    co_return references_.known(in_source) != nullptr || references_.known(anywhere) != nullptr;
}

asio::awaitable<void> GuardedSystem::run(const Delivery& delivery, Sending sending, Done done)
{
    std::vector<Hash16> facts{fact_of(name_, delivery)};
    const auto& parents = delivery.transaction.parents;
    for (const Parent& parent : parents)
        facts.push_back(fact_of(name_, delivery.source, parent));
    const auto failed = [&sending](Failure failure, std::optional<Needed> needed = {}) {
        return SystemAnswer{.result = std::unexpected(std::move(failure)),
                            .progress = sending.progress,
                            .maybe_done = sending.maybe_sent,
                            .needed = std::move(needed)};
    };
    auto guards = co_await held(std::move(facts));
    if (!guards)
        co_return done(failed(std::move(guards.error())));
    if (const auto& own = guards->front(); own && is_guarded(delivery)) {
        const auto outcome = no_news(*own, telling_of(delivery));
        if (outcome && !(delivery.as_new && *outcome != Applied::Outcome::stale)) {
            done(SystemAnswer{.result = Applied{*outcome, own->target_id}});
            co_return;
        }
    }
    for (std::size_t i = 0; i < parents.size(); ++i) {
        if ((*guards)[i + 1])
            continue;
        const auto known = co_await has_reference(delivery.source, parents[i]);
        if (!known)
            co_return done(failed(known.error()));
        if (*known)
            continue;
        co_return done(failed({FailureClass::dependency,
                               "missing_parent",
                               "the " + parents[i].type + " it belongs to has not been applied at " + name_ + " yet",
                               {}},
                              Needed{Needed::Kind::parent, name_, parents[i].type, parents[i].entity}));
    }
    inner_.apply(delivery, std::move(sending), std::move(done));
}

void GuardedSystem::applied(const Delivery& delivery, const Applied& applied)
{
    // What is only asked for as a parent needs no content.
    retry::Guard guard;
    guard.seq = delivery.origin_seq;
    if (is_guarded(delivery))
        guard = telling_of(delivery);
    guard.target_id = applied.target_id;
    applied_.insert_or_assign(fact_of(name_, delivery), std::move(guard));
}

void GuardedSystem::ended(const Delivery& delivery)
{
    const auto known = applied_.find(fact_of(name_, delivery));
    if (known != applied_.end() && known->second.seq == delivery.origin_seq)
        applied_.erase(known);
}

}  // namespace headgate::gateway
