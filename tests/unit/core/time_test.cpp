#include "core/time.hpp"

#include <gtest/gtest.h>

#include "core/time_zone.hpp"

namespace headgate {
namespace {

std::string utc(std::string_view text, std::string_view zone = {})
{
    const auto time = parse_timestamp(text, zone);
    if (time)
        return text_of(*time);
    return time.error() == TimeError::malformed   ? "malformed"
           : time.error() == TimeError::no_offset ? "no_offset"
                                                  : "unknown_zone";
}

TEST(Time, WhatLeavesTheYearsThatCanBeWrittenIsMalformed)
{
    EXPECT_EQ(parse_timestamp("0000-01-01T00:35:00", "Europe/Berlin").error(), TimeError::malformed);
    EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59-00:01").error(), TimeError::malformed);
    EXPECT_EQ(text_of(parse_timestamp("0000-01-01T00:00:00Z").value()), "0000-01-01T00:00:00Z");
    EXPECT_EQ(text_of(parse_timestamp("9999-12-31T23:59:59Z").value()), "9999-12-31T23:59:59Z");
}

TEST(Date, CountsDaysBothWays)
{
    EXPECT_EQ(days_since_epoch({1970, 1, 1}), 0);
    EXPECT_EQ(days_since_epoch({2000, 2, 29}), 11'016);
    EXPECT_EQ(days_since_epoch({1969, 12, 31}), -1);
    for (std::int64_t day = -800'000; day < 2'900'000; day += 13)
        ASSERT_EQ(days_since_epoch(date_of(day)), day);
    EXPECT_FALSE(parse_date("2026-02-29"));
    for (const char* text : {"2026-2-9", "2026-01- 2", "2026-1-021", "2026-01-02 ", "2026-01-2"})
        EXPECT_FALSE(parse_date(text)) << text;
    EXPECT_EQ(text_of(*parse_date("2024-02-29")), "2024-02-29");
    EXPECT_FALSE(is_valid({1900, 2, 29}));
}

TEST(Timestamp, ReadsRfc3339)
{
    EXPECT_EQ(utc("2026-01-02T03:04:05-05:00"), "2026-01-02T08:04:05Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
    EXPECT_EQ(utc("2026-01-02t03:04:05z"), "2026-01-02T03:04:05Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05+0530"), "2026-01-01T21:34:05Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05.120Z"), "2026-01-02T03:04:05.12Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05.000000001Z"), "2026-01-02T03:04:05.000000001Z");
    EXPECT_EQ(utc("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
    EXPECT_EQ(utc("1969-12-31T23:59:59Z"), "1969-12-31T23:59:59Z");
    for (const char* text : {"", "2026-01-02", "2026-01-02T03:04Z", "2026-13-01T00:00:00Z", "2026-01-02T24:00:00Z",
                             "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+25:00", "2026-01-02T03:04:05.Z",
                             " 2026-01-02T03:04:05Z", "2026-1-2T03:04:05Z"})
        EXPECT_EQ(utc(text), "malformed") << text;
}

TEST(Timestamp, KeepsTheOffsetItWasWrittenWith)
{
    EXPECT_EQ(parse_timestamp("2026-01-02T03:04:05-05:30")->offset_minutes, -330);
    EXPECT_EQ(parse_timestamp("2026-01-02T03:04:05Z")->offset_minutes, 0);
    EXPECT_EQ(parse_timestamp("2026-01-02T03:04:05-00:00")->offset_minutes, std::nullopt);
}

TEST(Timestamp, ALocalTimeNeedsAZone)
{
    EXPECT_EQ(utc("2026-01-02T03:04:05"), "no_offset");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "Nowhere/Land"), "unknown_zone");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "../../etc/passwd"), "unknown_zone");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "UTC"), "2026-01-02T03:04:05Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "+02:00"), "2026-01-02T01:04:05Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "+23:59"), "2026-01-01T03:05:05Z");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "+24:00"), "unknown_zone");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "-05:60"), "unknown_zone");
    EXPECT_EQ(utc("2026-01-02T03:04:05", "America/New_York"), "2026-01-02T08:04:05Z");
    EXPECT_EQ(utc("2026-07-02T03:04:05", "America/New_York"), "2026-07-02T07:04:05Z");
    EXPECT_EQ(utc("2026-07-02T03:04:05", "Asia/Kolkata"), "2026-07-01T21:34:05Z");
    EXPECT_EQ(utc("2060-07-02T12:00:00", "Europe/Berlin"), "2060-07-02T10:00:00Z");
    EXPECT_EQ(utc("2060-12-02T12:00:00", "Australia/Sydney"), "2060-12-02T01:00:00Z");
}

TEST(Timestamp, ChangedClocksTakeTheEarlierOffset)
{
    const auto at = [](std::string_view text) {
        bool doubtful = false;
        const auto time = instant_of(*parse_rfc3339(text), "Europe/Berlin", &doubtful);
        return text_of(*time) + (doubtful ? " doubtful" : "");
    };
    EXPECT_EQ(at("2026-03-29T01:59:59"), "2026-03-29T00:59:59Z");
    EXPECT_EQ(at("2026-03-29T02:30:00"), "2026-03-29T01:30:00Z doubtful");  // skipped
    EXPECT_EQ(at("2026-03-29T03:00:00"), "2026-03-29T01:00:00Z");
    EXPECT_EQ(at("2026-10-25T02:30:00"), "2026-10-25T00:30:00Z doubtful");  // twice
    EXPECT_EQ(at("2026-10-25T03:00:00"), "2026-10-25T02:00:00Z");
}

TEST(Timestamp, ReadsFormats)
{
    const auto at = [](std::string_view text, std::string_view format) {
        const auto local = parse_time(text, format);
        return local ? text_of(*instant_of(*local, "UTC")) : "no";
    };
    EXPECT_EQ(at("20260102", "%Y%m%d"), "2026-01-02T00:00:00Z");
    EXPECT_EQ(at("260102 1530", "%y%m%d %H%M"), "2026-01-02T15:30:00Z");
    EXPECT_EQ(at("02 Jan 2026 03:04:05 PM", "%d %b %Y %I:%M:%S %p"), "2026-01-02T15:04:05Z");
    EXPECT_EQ(at("Fri, 02 January 2026 12:00:00 AM -0500", "%a, %d %B %Y %I:%M:%S %p %z"), "2026-01-02T05:00:00Z");
    EXPECT_EQ(at("2026-060", "%Y-%j"), "2026-03-01T00:00:00Z");
    EXPECT_EQ(at("2026-366", "%Y-%j"), "no");
    EXPECT_EQ(at("2026010", "%Y%m%d"), "no");
    EXPECT_EQ(at("20260102x", "%Y%m%d"), "no");
    EXPECT_FALSE(is_time_format("%Q"));
    EXPECT_FALSE(is_time_format("%"));
    EXPECT_TRUE(is_time_format("%Y-%m-%dT%H:%M:%S"));
}

TEST(Timestamp, AFormatThatWouldInventAYearOrHalfADayIsUnreadable)
{
    for (const char* format : {"%Y-%m-%d", "%y%m%d", "%F %T", "%D", "%d.%m.%Y %I:%M %p", "%Y"})
        EXPECT_EQ(unreadable_format(format), "") << format;
    for (const char* format : {"", "%H:%M", "%d %b", "%%Y %m", "Europe/Berlin"})
        EXPECT_EQ(unreadable_format(format), "reads no year") << format;
    EXPECT_EQ(unreadable_format("%Y-%m-%d %I:%M"), "reads an hour of twelve (%I) without am or pm (%p)");
    EXPECT_EQ(unreadable_format("%Q"), "has an unknown conversion");
    EXPECT_EQ(unreadable_format("%Y%"), "has an unknown conversion");
}

TEST(TimeZone, AFolderOfZonesIsNone)
{
    for (const char* name : {"Europe", "America/Argentina", "Europe/", "Europe//Berlin", "/Europe/Berlin", ""})
        EXPECT_FALSE(is_zone(name)) << name;
    EXPECT_TRUE(is_zone("Europe/Berlin"));
}

TEST(TimeZone, UnknownNamesCrowdOutNoneThatIsKnown)
{
    for (int i = 0; i < 1500; ++i)
        ASSERT_FALSE(is_zone("Nowhere/Land" + std::to_string(i)));

    EXPECT_TRUE(is_zone("Pacific/Chatham"));
}

TEST(Timestamp, PrintsFormatsInAZone)
{
    const Timestamp time = *parse_timestamp("2026-07-01T22:30:05Z");
    EXPECT_EQ(format_time(time, "%d.%m.%Y %H:%M", "Europe/Berlin"), "02.07.2026 00:30");
    EXPECT_EQ(format_time(time, "%a %b %e %I:%M:%S %p %j %z", "UTC"), "Wed Jul  1 10:30:05 PM 182 +0000");
    EXPECT_EQ(format_time(time, "%F %T", "Nowhere"), std::nullopt);
    EXPECT_EQ(sortable_text_of(time), "2026-07-01T22:30:05.000000000Z");
}

}  // namespace
}  // namespace headgate
