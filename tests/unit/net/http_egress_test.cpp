#include "net/http/egress.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

asio::ip::address at(const std::string& text)
{
    return asio::ip::make_address(text);
}

std::string_view use_of(const std::string& text)
{
    return special_use(at(text));
}

TEST(Egress, AddressesOfThePublicInternetAreOfNoSpecialUse)
{
    for (const auto* address :
         {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",    "100.128.0.0",
          "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",       "172.15.255.255",
          "172.32.0.0",      "192.0.1.0",       "192.167.255.255", "192.169.0.0",       "198.17.255.255",
          "198.20.0.0",      "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888",
          "2400::1",         "fbff::1",         "::ffff:1.1.1.1",  "64:ff9b::101:101",  "2002:101:101::1"})
        EXPECT_EQ(use_of(address), "") << address;
}

TEST(Egress, KnowsTheFirstAndTheLastAddressOfEachSpecialNetwork)
{
    struct Case {
        const char* first;
        const char* last;
        std::string_view use;
    };
    constexpr std::array cases{
        Case{"0.0.0.0", "0.0.0.0", "unspecified"},
        Case{"0.0.0.1", "0.255.255.255", "this network"},
        Case{"10.0.0.0", "10.255.255.255", "private"},
        Case{"100.64.0.0", "100.127.255.255", "shared, behind a carrier's NAT"},
        Case{"127.0.0.0", "127.255.255.255", "loopback"},
        Case{"169.254.0.0", "169.254.255.255", "link-local"},
        Case{"172.16.0.0", "172.31.255.255", "private"},
        Case{"192.0.0.0", "192.0.0.255", "reserved for protocols"},
        Case{"192.0.2.0", "192.0.2.255", "documentation"},
        Case{"192.168.0.0", "192.168.255.255", "private"},
        Case{"198.18.0.0", "198.19.255.255", "benchmarks"},
        Case{"198.51.100.0", "198.51.100.255", "documentation"},
        Case{"203.0.113.0", "203.0.113.255", "documentation"},
        Case{"224.0.0.0", "239.255.255.255", "multicast"},
        Case{"240.0.0.0", "255.255.255.254", "reserved"},
        Case{"255.255.255.255", "255.255.255.255", "broadcast"},
        Case{"::", "::", "unspecified"},
        Case{"::1", "::1", "loopback"},
        Case{"::2", "::ffff:ffff", "an IPv4-compatible address"},
        Case{"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64 of a local network"},
        Case{"100::", "100::ffff:ffff:ffff:ffff", "discard"},
        Case{"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved for protocols"},
        Case{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
        Case{"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
        Case{"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique-local"},
        Case{"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"},
        Case{"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"},
        Case{"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
    };

    for (const auto& [first, last, use] : cases) {
        EXPECT_EQ(use_of(first), use) << first;
        EXPECT_EQ(use_of(last), use) << last;
    }
}

TEST(Egress, AnAddressThatCarriesAnotherIsWhatThatIs)
{
    EXPECT_EQ(use_of("::ffff:10.1.2.3"), "private");
    EXPECT_EQ(use_of("::ffff:127.0.0.1"), "loopback");
    EXPECT_EQ(use_of("::ffff:0:169.254.169.254"), "link-local");
    EXPECT_EQ(use_of("64:ff9b::192.168.1.1"), "private");
    EXPECT_EQ(use_of("2002:7f00:1::"), "loopback");
    EXPECT_EQ(use_of("2002:a9fe:a9fe::1"), "link-local");
}

TEST(Egress, AdmitsWhatIsPublicAndWhatIsAllowed)
{
    const std::vector<Network> allow{*parse_network("10.20.0.0/16"), *parse_network("fd12::/32"),
                                     *parse_network("192.168.7.9")};

    for (const auto* admitted : {"1.1.1.1", "10.20.0.0", "10.20.255.255", "fd12::1", "fd12:0:ffff::", "192.168.7.9",
                                 "::ffff:10.20.3.4", "64:ff9b::10.20.3.4", "2002:a14:304::1"})
        EXPECT_TRUE(is_admitted(at(admitted), allow)) << admitted;
    for (const auto* refused :
         {"10.19.255.255", "10.21.0.0", "fd12:1::", "192.168.7.8", "127.0.0.1", "::ffff:10.21.0.0", "::1", "fd13::1"})
        EXPECT_FALSE(is_admitted(at(refused), allow)) << refused;
}

TEST(Egress, AllAddressesOfOneFamilyAreNoneOfTheOther)
{
    const std::vector<Network> six{*parse_network("::/0")};
    const std::vector<Network> four{*parse_network("0.0.0.0/0")};

    EXPECT_TRUE(is_admitted(at("::1"), six));
    EXPECT_FALSE(is_admitted(at("127.0.0.1"), six));
    EXPECT_TRUE(is_admitted(at("127.0.0.1"), four));
    EXPECT_FALSE(is_admitted(at("::1"), four));
}

TEST(Egress, RefusesWhatIsNoNetwork)
{
    for (const auto* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0/8", "10.0.0.1/8",
          "fd12::1/32", "fd00::/129", "erp.example", "fe80::1%1", "10.0.0.0/+8"}) {
        const auto network = parse_network(text);
        ASSERT_FALSE(network) << text;
        EXPECT_EQ(network.error().code, "network_malformed");
        EXPECT_EQ(network.error().failure_class, FailureClass::permanent);
    }
}

}  // namespace
}  // namespace headgate::net
