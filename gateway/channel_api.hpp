#pragma once

#include <optional>

#include "core/problem.hpp"
#include "gateway/configuration.hpp"
#include "gateway/system_config.hpp"

namespace headgate::gateway {

/// The vendor's API of a channel as a system: the connector says where it is and what it asks for, the channel has the
/// secrets. Nothing when the channel has none. What does not go together is among the problems, also of `poll`.
[[nodiscard]] std::optional<SystemConfig> api_config(const Channel& channel, Problems& problems);

}  // namespace headgate::gateway
