#include "connectors/signatures/source_addresses.hpp"

#include <gtest/gtest.h>

namespace headgate::connectors {

namespace {

TEST(SourceAddressesTest, NetworksOfBothFamilies)
{
    const auto ranges = AddressRanges::read({"192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "172.16.5.9/12"}).value();
    for (const auto* inside : {"192.0.2.7", "10.255.0.1", "2001:db8:1::9", "172.31.0.1", "::ffff:10.1.2.3"})
        EXPECT_TRUE(ranges.contain(inside)) << inside;
    for (const auto* outside : {"192.0.2.8", "11.0.0.1", "2001:db9::1", "172.32.0.1", "::ffff:11.0.0.1", "", "unknown"})
        EXPECT_FALSE(ranges.contain(outside)) << outside;
    for (const auto* wrong : {"vendor.example", "10.0.0.0/33", "10.0.0/8", "2001:db8::/129", "", "10.0.0.1/"})
        EXPECT_EQ(AddressRanges::read({wrong}).error().code, "wrong_address") << wrong;
}

TEST(SourceAddressesTest, TheCallerIsTheLastThatIsNoProxyOfOurs)
{
    const auto proxies = AddressRanges::read({"10.0.0.0/8"}).value();
    EXPECT_EQ(caller("198.51.100.1", {"192.0.2.1"}, proxies), "198.51.100.1")
        << "whoever is no proxy may write anything";
    EXPECT_EQ(caller("10.0.0.1", {"192.0.2.1"}, proxies), "192.0.2.1");
    EXPECT_EQ(caller("10.0.0.1", {"203.0.113.9, 192.0.2.1 ,10.0.0.2"}, proxies), "192.0.2.1")
        << "what the caller wrote itself stands before";
    EXPECT_EQ(caller("10.0.0.1", {"203.0.113.9", "192.0.2.1"}, proxies), "192.0.2.1") << "two headers are one list";
    EXPECT_EQ(caller("10.0.0.1", {}, proxies), "10.0.0.1");
    EXPECT_EQ(caller("10.0.0.1", {"192.0.2.1, unknown"}, proxies), "10.0.0.1");
    EXPECT_EQ(caller("10.0.0.1", {"192.0.2.1"}, AddressRanges{}), "10.0.0.1");
}

}  // namespace

}  // namespace headgate::connectors
