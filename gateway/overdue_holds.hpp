#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/async.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "net/redis/connection.hpp"
#include "observability/log.hpp"
#include "retry/decisions.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

/// What a rule holds and nobody has decided in time, as its `else` says: told of, or rejected. The deadlines stand in
/// Redis, so whoever takes the partitions over finds what is overdue. One thread: its executor's.
class OverdueHolds {
public:
    struct Dependencies {
        net::Redis& redis;
        const retry::Scripts& scripts;
        retry::Decisions& decisions;
        const Configuration& configuration;
        observability::Log& log;
        Spawn spawn;
        std::function<void(const retry::DeliveryAt&)> moved;  // its lane may go on, and history has something to hear
    };
    explicit OverdueHolds(Dependencies dependencies);

    /// The lease is gone; answers that still come are ignored.
    void forget();
    /// Redis has it that a rule holds a delivery.
    void held(const Standing& standing, Partition partition);
    /// Once a second.
    void look();

private:
    /// When the first of a partition is due; nothing: not known.
    struct Deadline {
        std::optional<retry::Millis> next;
        bool looking = false;
    };

    asio::awaitable<void> look(Partition partition, std::uint64_t epoch);
    Task<void> act(const retry::WaitingDelivery& delivery, Partition partition);

    Dependencies with_;
    std::array<Deadline, partition_count> deadlines_;
    std::uint64_t epoch_ = 0;  // of `forget`
};

}  // namespace headgate::gateway
