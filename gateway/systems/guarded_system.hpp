#pragma once

#include <map>
#include <string>

#include "core/system.hpp"
#include "gateway/job.hpp"
#include "retry/backlog.hpp"

namespace headgate::gateway {

/// In front of a system that does not know by itself what it was told before: what is older than the last telling of a
/// fact that was applied, or says the same again, does not reach it. Asked at the moment of writing, with the guards in
/// Redis and those of deliveries whose event has not ended yet. Facts of order `free` (deltas, and what has an id of
/// its own) are always let through. One thread: its executor's.
class GuardedSystem final : public System {
public:
    GuardedSystem(std::string name, System& inner, retry::Backlog& backlog, Spawn spawn);

    void apply(const Delivery& delivery, Sending sending, Done done) override;
    /// The event of this delivery has ended well, and what `apply` remembered of it stands in Redis.
    void ended(const Delivery& delivery);
    /// The lease is gone: others may tell newer things from here on.
    void forget();

private:
    asio::awaitable<void> run(Delivery delivery, Sending sending, Done done);

    std::string name_;
    System& inner_;
    retry::Backlog& backlog_;
    Spawn spawn_;
    std::map<Hash16, retry::Guard> applied_;  // by fact; not in Redis yet
    std::uint64_t lease_ = 0;                 // of `forget`: an answer of the one before is not remembered
};

/// The guard's key of a fact, and what a delivery tells of it.
[[nodiscard]] Hash16 fact_of(std::string_view system, const Delivery& delivery);
[[nodiscard]] retry::Guard telling_of(const Delivery& delivery);

/// What a telling is beside the one that was applied last; nothing: it is news.
[[nodiscard]] std::optional<Applied::Outcome> no_news(const retry::Guard& held, const retry::Guard& told);

}  // namespace headgate::gateway
