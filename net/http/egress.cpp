#include "net/http/egress.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace headgate::net {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr unsigned bits_before_v4 = 96;

Bytes bytes_of(const asio::ip::address& address)
{
    if (address.is_v6())
        return address.to_v6().to_bytes();
    Bytes bytes{};
    bytes[10] = bytes[11] = 0xff;
    const auto four = address.to_v4().to_bytes();
    std::ranges::copy(four, bytes.begin() + 12);
    return bytes;
}

bool same_start(const Bytes& left, const Bytes& right, unsigned bits)
{
    const auto whole = bits / 8;
    if (!std::equal(left.begin(), left.begin() + whole, right.begin()))
        return false;
    return bits % 8 == 0 || ((left[whole] ^ right[whole]) >> (8 - bits % 8)) == 0;
}

struct Special {
    Network network;
    std::string_view use;
};

constexpr Special v4(std::uint32_t address, unsigned prefix, std::string_view use)
{
    Network network;
    network.v4 = true;
    network.prefix = bits_before_v4 + prefix;
    network.bytes[10] = network.bytes[11] = 0xff;
    for (unsigned at = 0; at < 4; ++at)
        network.bytes[12 + at] = static_cast<std::uint8_t>(address >> (24 - 8 * at));
    return {network, use};
}

/// `start` is the first 64 bits, `end` the others.
constexpr Special v6(std::uint64_t start, unsigned prefix, std::string_view use, std::uint64_t end = 0)
{
    Network network;
    network.prefix = prefix;
    for (unsigned at = 0; at < 8; ++at) {
        network.bytes[at] = static_cast<std::uint8_t>(start >> (56 - 8 * at));
        network.bytes[8 + at] = static_cast<std::uint8_t>(end >> (56 - 8 * at));
    }
    return {network, use};
}

/// IANA's registries of special-purpose addresses, and multicast. The first that holds an address names it.
constexpr std::array specials{
    v4(0x00000000, 32, "unspecified"),
    v4(0x00000000, 8, "this network"),
    v4(0x0a000000, 8, "private"),
    v4(0x64400000, 10, "shared, behind a carrier's NAT"),
    v4(0x7f000000, 8, "loopback"),
    v4(0xa9fe0000, 16, "link-local"),
    v4(0xac100000, 12, "private"),
    v4(0xc0000000, 24, "reserved for protocols"),
    v4(0xc0000200, 24, "documentation"),
    v4(0xc0586300, 24, "a 6to4 relay"),
    v4(0xc0a80000, 16, "private"),
    v4(0xc6120000, 15, "benchmarks"),
    v4(0xc6336400, 24, "documentation"),
    v4(0xcb007100, 24, "documentation"),
    v4(0xe0000000, 4, "multicast"),
    v4(0xffffffff, 32, "broadcast"),
    v4(0xf0000000, 4, "reserved"),
    v6(0, 128, "unspecified"),
    v6(0, 128, "loopback", 1),
    v6(0, 96, "an IPv4-compatible address"),
    v6(0x0064ff9b00010000, 48, "NAT64 of a local network"),
    v6(0x0100000000000000, 64, "discard"),
    v6(0x2001000000000000, 23, "reserved for protocols"),  // Teredo, benchmarks and ORCHID among them
    v6(0x20010db800000000, 32, "documentation"),
    v6(0x3fff000000000000, 20, "documentation"),
    v6(0x5f00000000000000, 16, "segment routing"),
    v6(0xfc00000000000000, 7, "unique-local"),
    v6(0xfe80000000000000, 10, "link-local"),
    v6(0xfec0000000000000, 10, "site-local"),
    v6(0xff00000000000000, 8, "multicast"),
};

/// Where an IPv6 address carries an IPv4 one.
struct Carrier {
    Network network;
    std::size_t at;
};

constexpr std::array carriers{
    Carrier{v6(0, 96, {}, 0x0000ffff00000000).network, 12},  // mapped
    Carrier{v6(0, 96, {}, 0xffff000000000000).network, 12},  // translated (RFC 2765)
    Carrier{v6(0x0064ff9b00000000, 96, {}).network, 12},     // NAT64 (RFC 6052)
    Carrier{v6(0x2002000000000000, 16, {}).network, 2},      // 6to4
};

std::optional<asio::ip::address> carried_by(const asio::ip::address& address)
{
    if (!address.is_v6())
        return std::nullopt;
    const auto bytes = bytes_of(address);
    for (const auto& carrier : carriers)
        if (same_start(bytes, carrier.network.bytes, carrier.network.prefix)) {
            asio::ip::address_v4::bytes_type four{};
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(carrier.at), four.size(), four.begin());
            return asio::ip::address_v4(four);
        }
    return std::nullopt;
}

std::unexpected<Failure> malformed(std::string_view text, std::string_view why)
{
    return fail(FailureClass::permanent, "network_malformed", "`" + std::string(text) + "` " + std::string(why));
}

}  // namespace

bool Network::contains(const asio::ip::address& address) const
{
    return address.is_v4() == v4 && same_start(bytes_of(address), bytes, prefix);
}

Result<Network> parse_network(std::string_view text)
{
    const auto slash = text.find('/');
    boost::system::error_code error;
    const auto address = asio::ip::make_address(std::string(text.substr(0, slash)), error);
    if (error || text.find('%') != std::string_view::npos)
        return malformed(text, "is no network: write an address and a prefix, as in 10.20.0.0/16");

    Network network;
    network.bytes = bytes_of(address);
    network.v4 = address.is_v4();
    const unsigned longest = network.v4 ? 32 : 128;
    unsigned prefix = longest;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto* end = digits.data() + digits.size();
        const auto [read, trouble] = std::from_chars(digits.data(), end, prefix);
        if (trouble != std::errc{} || read != end || prefix > longest)
            return malformed(text, "has a prefix that is no number from 0 to " + std::to_string(longest));
    }
    network.prefix = network.v4 ? bits_before_v4 + prefix : prefix;

    for (unsigned bit = network.prefix; bit < 128; ++bit)
        if ((network.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return malformed(text, "has bits behind its prefix: either is a mistake");
    return network;
}

std::string_view special_use(const asio::ip::address& address)
{
    if (const auto carried = carried_by(address))
        return special_use(*carried);
    for (const auto& special : specials)
        if (special.network.contains(address))
            return special.use;
    return {};
}

bool is_admitted(const asio::ip::address& address, std::span<const Network> allow)
{
    if (special_use(address).empty())
        return true;
    const auto carried = carried_by(address);
    return std::ranges::any_of(allow, [&](const Network& network) {
        return network.contains(address) || (carried && network.contains(*carried));
    });
}

}  // namespace headgate::net
