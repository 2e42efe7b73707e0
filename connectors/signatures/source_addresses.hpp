#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "core/result.hpp"

namespace headgate::connectors {

/// Networks a peer may call from: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. An IPv4 address that comes as IPv6
/// (`::ffff:192.0.2.7`, RFC 4291 §2.5.5.2) is the IPv4 address.
class AddressRanges {
public:
    /// Fails with `wrong_address`, which names the text.
    static Result<AddressRanges> read(const std::vector<std::string>& texts);

    [[nodiscard]] bool contain(std::string_view address) const;

private:
    std::vector<boost::asio::ip::network_v4> v4_;
    std::vector<boost::asio::ip::network_v6> v6_;
};

/// Who really called: the peer, or, when that is one of ours, the last address in X-Forwarded-For that is not.
/// `forwarded` are the header's values in order. What is no address ends the search at the peer that wrote it.
[[nodiscard]] std::string caller(std::string_view peer, const std::vector<std::string_view>& forwarded,
                                 const AddressRanges& trusted_proxies);

}  // namespace headgate::connectors
