#include "observability/health.hpp"

#include <gtest/gtest.h>

namespace headgate::observability {
namespace {

TEST(HealthTest, IsReadyWhenNoReasonIsLeft)
{
    Health health;
    EXPECT_TRUE(health.ready());

    health.set("redis_unreachable", "connect refused");
    health.set("redis_unreachable", "still refused");
    health.set("history_down");

    EXPECT_FALSE(health.ready());
    EXPECT_EQ(
        health.json(),
        R"({"ready":false,"reasons":[{"name":"history_down","detail":""},{"name":"redis_unreachable","detail":"still refused"}],"notes":[]})");
    health.clear("redis_unreachable");
    health.clear("history_down");
    health.clear("never_set");
    EXPECT_TRUE(health.ready());
    EXPECT_TRUE(health.reasons().empty());
}

TEST(HealthTest, ANoteIsShownAndDoesNotMatter)
{
    Health health;

    health.note("unchecked", "maxmemory");

    EXPECT_TRUE(health.ready());
    EXPECT_EQ(health.json(), R"({"ready":true,"reasons":[],"notes":[{"name":"unchecked","detail":"maxmemory"}]})");
}

TEST(HealthTest, ItsJsonHoldsWhateverADetailHolds)
{
    Health health;

    health.set("x", "a\"b\\c\n\xff\u202e ü");

    EXPECT_EQ(health.json(),
              "{\"ready\":false,\"reasons\":[{\"name\":\"x\",\"detail\":\"a\\\"b\\\\c\\u000a\\ufffd\\u202e "
              "ü\"}],\"notes\":[]}");
}

}  // namespace
}  // namespace headgate::observability
