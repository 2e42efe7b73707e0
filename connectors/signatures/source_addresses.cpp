#include "connectors/signatures/source_addresses.hpp"

#include <algorithm>
#include <optional>
#include <ranges>

#include <boost/asio/ip/address.hpp>

#include "net/http/characters.hpp"

namespace headgate::connectors {

namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> address_of(std::string_view text)
{
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(text), error);
    if (error)
        return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

}  // namespace

Result<AddressRanges> AddressRanges::read(const std::vector<std::string>& texts)
{
    AddressRanges made;
    for (const auto& text : texts) {
        boost::system::error_code error;
        const bool network = text.contains('/');
        if (text.contains(':')) {
            const auto range = ip::make_network_v6(network ? text : text + "/128", error);
            if (!error)
                made.v6_.push_back(range.canonical());
        } else {
            const auto range = ip::make_network_v4(network ? text : text + "/32", error);
            if (!error)
                made.v4_.push_back(range.canonical());
        }
        if (error)
            return fail(FailureClass::permanent, "wrong_address",
                        "`" + text + "` is no address and no network: 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32 is meant");
    }
    return made;
}

bool AddressRanges::contain(std::string_view address) const
{
    const auto read = address_of(address);
    if (!read)
        return false;
    if (read->is_v4())
        return std::ranges::any_of(v4_, [&](const ip::network_v4& range) {
            return ip::network_v4(read->to_v4(), range.prefix_length()).canonical() == range;
        });
    return std::ranges::any_of(v6_, [&](const ip::network_v6& range) {
        return ip::network_v6(read->to_v6(), range.prefix_length()).canonical() == range;
    });
}

std::string caller(std::string_view peer, const std::vector<std::string_view>& forwarded,
                   const AddressRanges& trusted_proxies)
{
    std::string current(peer);
    for (const auto value : forwarded | std::views::reverse) {
        std::string_view left = value;
        for (;;) {
            if (!trusted_proxies.contain(current))
                return current;
            const auto comma = left.rfind(',');
            const auto last = net::characters::trim(comma == std::string_view::npos ? left : left.substr(comma + 1));
            if (!address_of(last))
                return current;
            current = last;
            if (comma == std::string_view::npos)
                break;
            left = left.substr(0, comma);
        }
    }
    return current;
}

}  // namespace headgate::connectors
