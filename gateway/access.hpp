#pragma once

#include <cstdint>
#include <string>

namespace headgate::gateway {

/// What somebody may do; each may do what those before it may.
enum class Role : std::uint8_t {
    viewer,     // looks
    operator_,  // mends, replays, pauses
    approver,   // decides what waits for a decision
    admin,      // everything
};

/// Whoever calls the admin API, as logs and history name them.
struct Caller {
    std::string name;
    Role role = Role::viewer;
};

}  // namespace headgate::gateway
