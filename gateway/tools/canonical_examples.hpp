#pragma once

#include <string>
#include <vector>

#include "gateway/tools/run_cases.hpp"

namespace headgate::gateway {

/// Holds each example of the canonical types against its own schema and invariants.
[[nodiscard]] std::vector<CaseResult> run_examples(const std::string& folder);

}  // namespace headgate::gateway
