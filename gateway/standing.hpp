#pragma once

#include <random>
#include <string>

#include "core/system.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/missing.hpp"
#include "gateway/system_config.hpp"

namespace headgate::gateway {

/// What a delivery comes to by a sending that did not end it well. The class of the failure decides (`fate_of`):
///
///   transient        again after a wait that grows, with full jitter; a letter once it is `max_age` old
///   throttled, auth  again as soon as the system takes something; it counts as no attempt
///   dependency       parked until what is needed is there; as transient, and seldom, where the system does not say
///                    what
///   unknown_outcome  held: it may have been done, and nobody but a person can tell
///   conflict, permanent  a letter
Standing standing_of(const Attempt& attempt, SystemAnswer answer, const RetryConfig& retry,
                     const Configuration& configuration, std::chrono::system_clock::time_point now,
                     std::minstd_rand& random);

/// A delivery waits for something that will come.
Standing parked(const Missing& missing);

/// Newer ones are waited for.
Standing coalescing(const CoalesceConfig& coalesce, std::chrono::system_clock::time_point now);

/// A delivery becomes a letter.
Standing dead(const Attempt& attempt, std::string_view stage, const Failure& failure,
              const Configuration& configuration, std::chrono::system_clock::time_point now);

/// What a delivery that waits for a person is to the queues.
WaitsFor waits_for(const Attempt& attempt, std::string_view code);

}  // namespace headgate::gateway
