#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/imported.hpp"
#include "gateway/job.hpp"
#include "gateway/stages/types.hpp"
#include "mapping/context.hpp"
#include "mapping/missed_word.hpp"
#include "mapping/unmapped_words.hpp"
#include "observability/log.hpp"
#include "retry/delivery.hpp"

namespace headgate::gateway {

/// Where an event failed on its way to its transactions.
struct FailedAt {
    std::string_view stage;
    Failure failure;
    std::optional<mapping::MissedWord> missed{};  // it is for want of this, and is to wait for it
    mapping::Unmade unmade{};                     // what it could not be made into
    std::shared_ptr<const Imported> imported{};   // it was elsewhere, and `stage` is a part of this
};

/// decode ─▶ map ─▶ route: the transactions of an event and where each goes; none: nothing of it is wanted. The same
/// event under the same configuration gives the same. Afterwards the event has no document and no body any more, only
/// what is stored of it. A bug of ours fails as `internal_error` and is told in the log: it must not hold up the
/// others. Without `unmapped` no word is counted, and none is waited for.
std::expected<std::vector<Routed>, FailedAt> work_out(Event& event, const Configuration& configuration,
                                                      mapping::UnmappedWords* unmapped, observability::Log& log);

/// What an imported event was a letter for, which it is here as well until it is replayed. Nothing of others.
[[nodiscard]] std::optional<FailedAt> failed_elsewhere(const Envelope& envelope);

/// All deliveries that an event makes, from its envelope: a job that nobody works on yet.
std::expected<std::shared_ptr<Job>, FailedAt> make_all(EventId event, Partition partition, std::uint64_t seq,
                                                       std::string stored, ReplayTerms terms,
                                                       const Configuration& configuration, observability::Log& log);

/// One delivery of the slow path, made again from the envelope of its event: a job with it alone. `not_mapped` when the
/// configuration does not make it any more.
std::expected<std::shared_ptr<Job>, FailedAt> make_again(const retry::DeliveryId& id, Partition partition,
                                                         std::uint64_t seq, std::string stored, ReplayTerms terms,
                                                         const Configuration& configuration, observability::Log& log);

}  // namespace headgate::gateway
