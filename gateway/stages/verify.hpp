#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// Who sent it: the number of the secret that matched, or 401 with the verifier's code. A channel whose secret is not
/// known refuses everything.
Intake<std::size_t> verify(const Received& received);

}  // namespace headgate::gateway
