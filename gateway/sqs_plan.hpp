#pragma once

#include <memory>

#include "core/problem.hpp"
#include "gateway/configuration.hpp"

namespace headgate::gateway {

/// The queue that a channel reads, with its secrets; nothing when it reads none. What is wrong is among the problems,
/// and a secret that cannot be had among `missing`.
[[nodiscard]] std::shared_ptr<const SqsPlan> sqs_plan(const Channel& channel, const LoadOptions& options,
                                                      Problems& problems, Problems& missing);

}  // namespace headgate::gateway
