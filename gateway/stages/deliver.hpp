#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "gateway/job.hpp"

namespace headgate::gateway {

/// The deliveries of an event, in the order of its transactions, each with its effect key and lane.
std::vector<std::shared_ptr<Attempt>> deliveries(const std::shared_ptr<Job>& job, std::vector<Routed> routed);

/// On what terms a delivery is sent, and so under which effect key.
void on_terms(Attempt& attempt, SharedTerms terms);

/// Wait before try number `attempts + 1`: exponential with full jitter, so that what failed together does not come back
/// together.
std::chrono::milliseconds backoff(std::uint32_t attempts, const RetryConfig& retry, std::minstd_rand& random);

}  // namespace headgate::gateway
