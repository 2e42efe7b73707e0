#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/system.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/references.hpp"
#include "retry/backlog.hpp"

namespace headgate::gateway {

/// In front of a system: what stands in the guards in Redis, and of deliveries whose end is not written yet, decides at
/// the moment of writing.
///
/// Where the system does not know by itself what it was told before, what is older than the last telling of a fact that
/// was applied, or says the same again, does not reach it. Facts of order `free` (deltas, and what has an id of its
/// own) are always let through. And at any system a delivery whose parent is not known there fails as `dependency`:
/// known is what was applied, and what has a cross-reference of the kind that is named as its type. One thread: its
/// executor's.
class GuardedSystem final : public System {
public:
    /// Whether the system recognises by itself what is old or comes again.
    enum class Repeats : std::uint8_t { recognised, unknown };
    GuardedSystem(std::string name, System& inner, Repeats repeats, retry::Backlog& backlog, ReferenceCache& references,
                  Spawn spawn);

    void apply(const Delivery& delivery, Sending sending, Done done) override;
    /// It ended well, and nobody else knows yet.
    void applied(const Delivery& delivery, const Applied& applied);
    /// The end of this delivery is written, and what is remembered of it stands in Redis.
    void ended(const Delivery& delivery);
    /// The lease is gone: others may tell newer things from here on.
    void forget() { applied_.clear(); }

private:
    [[nodiscard]] bool is_guarded(const Delivery& delivery) const;
    asio::awaitable<void> run(const Delivery& delivery, Sending sending, Done done);
    Task<std::vector<std::optional<retry::Guard>>> held(std::vector<Hash16> facts);
    Task<bool> has_reference(const std::string& source, const Parent& parent);

    std::string name_;
    System& inner_;
    Repeats repeats_;
    retry::Backlog& backlog_;
    ReferenceCache& references_;
    Spawn spawn_;
    std::map<Hash16, retry::Guard> applied_;  // by fact; not in Redis yet
};

/// The guard's key of a fact, and what a delivery tells of it.
[[nodiscard]] Hash16 fact_of(std::string_view system, const Delivery& delivery);
[[nodiscard]] Hash16 fact_of(std::string_view system, std::string_view source, const Parent& parent);
[[nodiscard]] retry::Guard telling_of(const Delivery& delivery);

/// What a telling is beside the one that was applied last; nothing: it is news.
[[nodiscard]] std::optional<Applied::Outcome> no_news(const retry::Guard& held, const retry::Guard& told);

}  // namespace headgate::gateway
