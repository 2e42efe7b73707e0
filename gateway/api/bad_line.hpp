#pragma once

#include <cstddef>

#include "core/result.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway::api {

/// What is wrong with a line of a body that has one thing a line.
struct BadLine {
    std::size_t line = 0;  // from 1 on
    Failure failure;
};

/// The answer, which has the number of the line as `line`.
[[nodiscard]] net::Response refused_line(const BadLine& bad);

}  // namespace headgate::gateway::api
