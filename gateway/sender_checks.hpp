#pragma once

#include <string>

#include "core/problem.hpp"
#include "gateway/configuration.hpp"

namespace headgate::gateway {

/// Whether a channel can tell its vendor from others by what connector and channel say: a secret where one is signed
/// with, an API where one is asked, nothing believed of what nobody signs. What it cannot is among the problems.
void check_sender(const Channel& channel, Problems& problems);

/// How its vendor's keys are reached. `folder` is that of the configuration.
[[nodiscard]] KeySource key_source(const Channel& channel, const std::string& folder, Problems& problems);

}  // namespace headgate::gateway
