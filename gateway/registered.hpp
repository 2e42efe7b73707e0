#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace headgate::gateway {

/// How the vendor has what a channel wants to hear of.
enum class SubscriptionState : std::uint8_t {
    present,
    missing,
    switched_off,  // it is there, and sends nothing
    elsewhere,     // not ours: it sends to the channel's path at another host
    created,       // just now
    updated,       // just now: switched on again, or given what it lacked
};
[[nodiscard]] std::string_view name_of(SubscriptionState state);

struct SubscriptionRow {
    std::string topic;  // of the connector; "": it is not ours
    std::string word;   // the vendor's for it
    SubscriptionState state = SubscriptionState::missing;
    std::string id;        // the vendor's; "": none, or not told
    std::string at;        // elsewhere: the host it sends to
    std::string failed{};  // the code of why it was not made
};

/// What a look at a channel's subscriptions, or making them, came to. `secrets` are what the vendor will sign with,
/// told this once: they go to whoever asked and nowhere else, no log, no file, no database.
struct Registered {
    struct Secret {
        std::string id;  // of the subscription
        std::string secret;
    };
    std::string address;
    std::vector<SubscriptionRow> rows;
    std::vector<Secret> secrets;
    std::optional<Failure> failed;  // why it went no further; what was done before is in the rows

    /// Topics of which nothing will come.
    [[nodiscard]] std::vector<std::string> lacking() const;
};

}  // namespace headgate::gateway
