#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// A delivery of the slow path that has not ended, as Redis holds it.
struct WaitingDelivery {
    DeliveryId id;
    DeliveryState state = DeliveryState::ready;
    std::string slot;  // Slot::text
    std::string system;
    Hash16 lane{};
    std::string type;
    Order order = Order::latest;
    std::uint16_t place = 0;
    std::uint64_t seq = 0;  // origin seq
    std::uint32_t attempts = 0;
    bool maybe = false;  // a sending may have arrived
    Millis first{};
    Millis at{};  // next try of what is due, deadline of what is busy or parked, SLA of what is held
    std::string reason;
    std::optional<FailureClass> failure_class;
    std::optional<Hash16> missing;  // parked: on what
    std::string what;
    Digest effect{};
};

struct WaitingPage {
    std::vector<WaitingDelivery> deliveries;
    std::string next;  // "" at the end
};

/// A page of what waits in one state; `system` is for ready, due and busy. In no order, and what moves meanwhile may
/// come twice: whoever takes a partition over reads before it moves anything. A page may be empty with more to come.
/// Fails as a Redis command does; may be repeated.
Task<WaitingPage> waiting(net::Redis& redis, const Scripts& scripts, Partition partition, DeliveryState state,
                          std::string system = {}, std::string cursor = {});

/// The systems that deliveries of a partition have been placed for: the ones to ask for ready, due and busy.
Task<std::vector<std::string>> placed_systems(net::Redis& redis, Partition partition);

}  // namespace headgate::retry
