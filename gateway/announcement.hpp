#pragma once

#include <string>

#include "gateway/configuration.hpp"
#include "gateway/data_folder.hpp"

namespace headgate::gateway {

/// What `headgate run` prints once it is ready: where it listens, what to paste at each vendor (a generated secret is
/// shown, one from elsewhere only named), and the next command to try.
[[nodiscard]] std::string announcement(const Configuration& configuration, const RunningInfo& info);

}  // namespace headgate::gateway
