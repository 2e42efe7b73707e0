#include <gtest/gtest.h>

#include "retry/guard.hpp"

namespace headgate::retry {

TEST(GuardTest, OrdersIntegersOfAnyLengthAndSignByTheirBytes)
{
    const char* rising[]{"-100000000000000000000", "-100", "-20", "-19", "-1", "0", "1", "9", "10", "099", "100",
                         "18446744073709551616"};
    std::string before;
    for (const char* digits : rising) {
        auto bytes = ordered_version({Version::Kind::integer, digits});
        EXPECT_LT(before, bytes) << digits;
        before = bytes;
    }
    EXPECT_EQ(ordered_version({Version::Kind::integer, "-0"}), ordered_version({Version::Kind::integer, "00"}));
}

TEST(GuardTest, GivesNoVersionNoBytes)
{
    EXPECT_EQ(ordered_version({Version::Kind::none, "7"}), "");
    EXPECT_EQ(ordered_version({Version::Kind::once, ""}).size(), 1U);
}

TEST(GuardTest, GrowsByVersionAndByArrivalOnlyWhereVersionsDoNotCompare)
{
    auto guard = [](Version version, std::uint64_t seq) {
        Guard made;
        made.version = ordered_version(version);
        made.seq = seq;
        return made;
    };
    auto five = guard({Version::Kind::integer, "5"}, 50);

    EXPECT_TRUE(may_replace(five, guard({Version::Kind::integer, "6"}, 1)));
    EXPECT_FALSE(may_replace(five, guard({Version::Kind::integer, "4"}, 99)));
    EXPECT_TRUE(may_replace(five, five));
    EXPECT_FALSE(may_replace(five, guard({Version::Kind::integer, "5"}, 49)));
    EXPECT_TRUE(may_replace(five, guard({Version::Kind::none, ""}, 51)));
    EXPECT_FALSE(may_replace(five, guard({Version::Kind::time, "9999"}, 49)));
    EXPECT_TRUE(may_replace(guard({Version::Kind::text, "a"}, 9), guard({Version::Kind::text, "\xc3\xa9"}, 1)));
}

TEST(GuardTest, ReadsBackWhatItWroteAndRefusesWhatIsCut)
{
    Guard guard;
    guard.version = ordered_version({Version::Kind::time, "2026-01-02T03:04:05.000000000Z"});
    guard.seq = (1ULL << 53U) - 1;
    guard.digest = sha256("transaction");
    guard.tombstone = true;
    guard.target_id = "SO-1";
    auto bytes = encode(guard);

    EXPECT_EQ(decode_guard(bytes), guard);
    for (std::size_t size = 0; size < bytes.size() - guard.target_id.size(); ++size)
        EXPECT_FALSE(decode_guard(std::string_view(bytes).substr(0, size)));
}

}  // namespace headgate::retry
