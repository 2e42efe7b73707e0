#pragma once

#include <string_view>

#include "core/result.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

/// `unknown_system` for a name that no configured system has; its detail lists those there are.
Result<void> check_system(const Means& with, std::string_view name);

}  // namespace headgate::gateway::api
