#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "core/async.hpp"
#include "core/result.hpp"

namespace headgate::net {

/// A network in CIDR: "10.20.0.0/16", "fd12::/32"; a lone address is a network of one.
struct Network {
    std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
    unsigned prefix = 128;                 // of the 16 bytes
    bool v4 = false;

    /// Of the same family only: `::/0` holds no IPv4 address.
    [[nodiscard]] bool contains(const asio::ip::address& address) const;
};

/// Fails with permanent `network_malformed`, also when bits behind the prefix are set: one of the two is a mistake
/// then.
[[nodiscard]] Result<Network> parse_network(std::string_view text);

/// What keeps an address from being one of the public internet: "loopback", "private", "link-local", ...; empty for a
/// public one. An IPv6 address that only carries an IPv4 one (mapped, 6to4, NAT64) is what that is.
[[nodiscard]] std::string_view special_use(const asio::ip::address& address);

/// The egress guard: public, or in one of the networks, itself or as the IPv4 address it carries.
[[nodiscard]] bool is_admitted(const asio::ip::address& address, std::span<const Network> allow);

}  // namespace headgate::net
