#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "core/hash.hpp"
#include "net/redis/connection.hpp"
#include "retry/decisions.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::gateway::api {

/// Lets go of deliveries that are parked on something that has come. Calls may overlap, all on the connection's thread;
/// each fails as a Redis command does and may be repeated.
class Releases {
public:
    using Ready = std::function<void(std::vector<retry::DeliveryAt>)>;

    /// `ready` hears of what may go now, a page at a time.
    Releases(net::Redis& redis, const retry::Scripts& scripts, Ready ready);

    /// What is parked on any of these (`pk:`) goes back to work. How many. `who`: the person whose word let it go.
    Task<std::uint64_t> release(std::vector<Hash16> missing, std::string who = {});

private:
    Task<std::uint64_t> release_all_of(Hash16 missing, std::string who);

    net::Redis& redis_;
    retry::Decisions decisions_;
    Ready ready_;
};

/// Some may be ready now, and nobody heard which.
[[nodiscard]] std::vector<retry::DeliveryAt> anywhere();

/// The set of what is parked on something, for reading.
[[nodiscard]] std::string parked_key(const Hash16& missing);

}  // namespace headgate::gateway::api
