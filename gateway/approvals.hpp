#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/hash.hpp"
#include "core/system.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"

namespace headgate::gateway {

/// What an approval is about: the transaction as it would be sent. A mended mapping that makes another one of the same
/// event has to ask again.
[[nodiscard]] Digest content_of(const Transaction& transaction);

/// Asked right before a delivery is sent, or would wait to be: the first rule of `holds` that has to be asked and was
/// not answered for this content holds it; `approval_wanted`. So does one of which nobody can tell whether it wants to:
/// `rule_unsure`. Nothing: it may go.
[[nodiscard]] std::optional<Standing> held_by_rule(const Attempt& attempt, const Configuration& configuration,
                                                   std::chrono::system_clock::time_point now);

/// What a held delivery's rule says of who decides, and by when; of a rule that is not configured any more, the
/// strictest there is.
[[nodiscard]] const HoldConfig::Approve& approve_of(const Configuration& configuration, std::string_view rule);

/// The queue that something waits in which this rule holds.
[[nodiscard]] const QueueConfig& queue_of_rule(const Configuration& configuration, std::string_view rule,
                                               const WaitsFor& otherwise);

}  // namespace headgate::gateway
