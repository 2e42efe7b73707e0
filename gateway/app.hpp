#pragma once

#include <optional>
#include <string>

#include "observability/log.hpp"

namespace headgate::gateway {

struct RunOptions {
    std::string config;
    std::string data = "./data";
    std::optional<std::string> listen;  // ADDR:PORT instead of the configured one
    std::optional<std::string> admin;
    observability::LogLevel log_level = observability::LogLevel::info;
};

/// `headgate run`: builds everything, works until SIGTERM or SIGINT, drains, and returns the exit code: 0 when it
/// stopped as told, 78 for a bad configuration, 1 when it could not start or lost what it needs.
int run_app(const RunOptions& options);

}  // namespace headgate::gateway
