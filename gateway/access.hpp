#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::gateway {

/// What somebody may do; each may do what those before it may.
enum class Role : std::uint8_t {
    viewer,     // looks
    operator_,  // mends, replays, pauses
    approver,   // decides what waits for a decision
    admin,      // everything
};
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> role_named(std::string_view name);
[[nodiscard]] std::vector<std::string_view> role_names();

/// What a thing is about, as far as that is known: an event that was not mapped has no type, and one that waits for
/// nobody no queue.
struct About {
    std::string_view channel{};
    std::string_view type{};
    std::string_view queue{};
};

/// What a token is limited to. An empty list takes all; one that is given takes nothing of what is not known.
struct Scope {
    std::vector<std::string> channels;
    std::vector<std::string> types;
    std::vector<std::string> queues;

    [[nodiscard]] bool everything() const { return channels.empty() && types.empty() && queues.empty(); }
    /// Limited to channels, and to nothing within them.
    [[nodiscard]] bool whole_channels() const { return !channels.empty() && types.empty() && queues.empty(); }
    [[nodiscard]] bool takes(const About& what) const;
};

/// Whoever calls the admin API, as logs, history and the audit log name them.
struct Caller {
    std::string name;
    Role role = Role::viewer;
    bool machine = false;  // never decides for a person
    Scope scope{};

    /// Whether this thing is there for them. What is not answers as if it did not exist.
    [[nodiscard]] bool may_see(const About& what) const { return scope.takes(what); }
};

}  // namespace headgate::gateway
