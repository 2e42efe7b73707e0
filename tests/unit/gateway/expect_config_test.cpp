#include <gtest/gtest.h>

#include "core/time.hpp"
#include "gateway/expect_config.hpp"

namespace headgate::gateway {

namespace {

std::chrono::system_clock::time_point instant(std::string_view text)
{
    return std::chrono::system_clock::time_point(std::chrono::seconds(parse_timestamp(text).value().seconds));
}

/// When it has opened, in UTC; "": it is closed.
std::string opened(const ExpectConfig& expect, std::string_view now, std::string_view zone)
{
    const auto since = expect.open_since(instant(now), zone);
    return since ? text_of_second(std::chrono::floor<std::chrono::seconds>(since->time_since_epoch()).count()) : "";
}

TEST(ExpectConfigTest, IsAlwaysOpenUnlessItSaysOtherwise)
{
    EXPECT_EQ(opened({}, "2026-11-27T03:00:00Z", "Europe/Berlin"), "1970-01-01T00:00:00Z");
}

TEST(ExpectConfigTest, OpensAndClosesByTheClockOfTheChannel)
{
    ExpectConfig day;
    day.from = "08:00";
    day.to = "22:00";
    // Berlin is an hour east of UTC in November, two in July.
    EXPECT_EQ(opened(day, "2026-11-27T06:59:59Z", "Europe/Berlin"), "");
    EXPECT_EQ(opened(day, "2026-11-27T07:00:00Z", "Europe/Berlin"), "2026-11-27T07:00:00Z");
    EXPECT_EQ(opened(day, "2026-11-27T20:59:59Z", "Europe/Berlin"), "2026-11-27T07:00:00Z");
    EXPECT_EQ(opened(day, "2026-11-27T21:00:00Z", "Europe/Berlin"), "");
    EXPECT_EQ(opened(day, "2026-07-01T06:00:00Z", "Europe/Berlin"), "2026-07-01T06:00:00Z");
    EXPECT_EQ(opened(day, "2026-07-01T06:00:00Z", ""), "");
}

TEST(ExpectConfigTest, MayStayOpenOverMidnight)
{
    ExpectConfig night;
    night.from = "22:00";
    night.to = "06:00";
    EXPECT_EQ(opened(night, "2026-11-27T23:30:00Z", "UTC"), "2026-11-27T22:00:00Z");
    EXPECT_EQ(opened(night, "2026-11-28T05:59:00Z", "UTC"), "2026-11-27T22:00:00Z");
    EXPECT_EQ(opened(night, "2026-11-28T06:00:00Z", "UTC"), "");
}

TEST(ExpectConfigTest, OpensOnItsDaysOnly)
{
    ExpectConfig week;
    week.days = {"mon", "tue", "wed", "thu", "fri"};
    EXPECT_EQ(opened(week, "2026-11-27T12:00:00Z", "UTC"), "2026-11-27T00:00:00Z") << "a Friday";
    EXPECT_EQ(opened(week, "2026-11-28T12:00:00Z", "UTC"), "") << "a Saturday";
    week.from = "22:00";
    week.to = "06:00";
    EXPECT_EQ(opened(week, "2026-11-28T05:00:00Z", "UTC"), "2026-11-27T22:00:00Z") << "the night of Friday";
    EXPECT_EQ(opened(week, "2026-11-30T05:00:00Z", "UTC"), "") << "the night of Sunday";
}

}  // namespace

}  // namespace headgate::gateway
