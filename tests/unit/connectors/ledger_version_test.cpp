#include "connectors/systems/version_order.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headgate::connectors {
namespace {

using Kind = Version::Kind;

std::string compared(const Version& left, const Version& right)
{
    const auto order = compare_versions(left, right);
    if (!order)
        return "arrival";
    return *order < 0 ? "less" : *order > 0 ? "greater" : "equal";
}

TEST(LedgerVersionTest, IntegersCompareByValueWhateverTheirLength)
{
    struct Case {
        std::string left, right, expected;
    };
    const std::vector<Case> cases = {{"1", "2", "less"},
                                     {"10", "9", "greater"},
                                     {"7", "7", "equal"},
                                     {"0", "-0", "equal"},
                                     {"007", "7", "equal"},
                                     {"-1", "0", "less"},
                                     {"-10", "-9", "less"},
                                     {"-9", "-10", "greater"},
                                     {"-1", "1", "less"},
                                     {"9223372036854775807", "9223372036854775808", "less"},
                                     {"1" + std::string(60, '0'), std::string(60, '9'), "greater"},
                                     {"-1" + std::string(60, '0'), "-" + std::string(60, '9'), "less"},
                                     {"1.5", "2", "arrival"},
                                     {"", "1", "arrival"},
                                     {"-", "1", "arrival"},
                                     {"1e5", "1", "arrival"}};

    for (const auto& [left, right, expected] : cases)
        EXPECT_EQ(compared({Kind::integer, left}, {Kind::integer, right}), expected) << left << " " << right;
}

TEST(LedgerVersionTest, TimesCompareByInstantDownToTheNanosecond)
{
    const Version early{Kind::time, "2026-07-01T09:59:59.999999999Z"};
    const Version late{Kind::time, "2026-07-01T10:00:00.000000000Z"};

    EXPECT_EQ(compared(early, late), "less");
    EXPECT_EQ(compared(late, early), "greater");
    EXPECT_EQ(compared(late, late), "equal");
    EXPECT_EQ(compared(late, {Kind::time, "2026-07-01T12:00:00+02:00"}), "arrival");
}

TEST(LedgerVersionTest, WhatCannotBeComparedIsLeftToArrival)
{
    EXPECT_EQ(compared({Kind::none, ""}, {Kind::none, ""}), "arrival");
    EXPECT_EQ(compared({Kind::text, "a"}, {Kind::text, "b"}), "arrival");
    EXPECT_EQ(compared({Kind::text, "a"}, {Kind::text, "a"}), "equal");
    EXPECT_EQ(compared({Kind::integer, "1"}, {Kind::text, "1"}), "arrival");
    EXPECT_EQ(compared({Kind::once, ""}, {Kind::once, ""}), "equal");
}

TEST(LedgerVersionTest, JudgesEachMeetingOfTwoTellings)
{
    struct Case {
        Telling held, arrived;
        Verdict expected;
    };
    const Version two{Kind::integer, "2"};
    const Version ten{Kind::integer, "10"};
    const Version none;
    const Version once{Kind::once, ""};
    const Version red{Kind::text, "red"};
    const Version blue{Kind::text, "blue"};
    const std::vector<Case> cases = {// the version decides, whatever arrived first
                                     {{two, "a", 9}, {ten, "b", 1}, Verdict::apply},
                                     {{ten, "a", 1}, {two, "b", 9}, Verdict::stale},
                                     {{ten, "a", 1}, {two, "a", 9}, Verdict::stale},
                                     {{two, "a", 9}, {ten, "a", 1}, Verdict::apply},
                                     // a tie is a repeat, or goes by arrival
                                     {{two, "a", 1}, {two, "a", 2}, Verdict::repeated},
                                     {{two, "a", 2}, {two, "a", 1}, Verdict::repeated},
                                     {{two, "a", 1}, {two, "b", 2}, Verdict::apply},
                                     {{two, "a", 2}, {two, "b", 1}, Verdict::stale},
                                     {{two, "a", 2}, {two, "b", 2}, Verdict::apply},
                                     // no version, or versions of different kinds: arrival
                                     {{none, "a", 1}, {none, "b", 2}, Verdict::apply},
                                     {{none, "a", 2}, {none, "b", 1}, Verdict::stale},
                                     {{none, "a", 1}, {none, "a", 2}, Verdict::repeated},
                                     {{none, "a", 2}, {none, "a", 1}, Verdict::stale},
                                     {{red, "a", 1}, {blue, "b", 2}, Verdict::apply},
                                     {{red, "a", 2}, {blue, "b", 1}, Verdict::stale},
                                     {{two, "a", 1}, {red, "b", 2}, Verdict::apply},
                                     {{two, "a", 2}, {once, "b", 1}, Verdict::stale},
                                     // a fact that never changes
                                     {{once, "a", 1}, {once, "a", 2}, Verdict::repeated},
                                     {{once, "a", 2}, {once, "a", 1}, Verdict::repeated},
                                     {{once, "a", 1}, {once, "b", 2}, Verdict::changed},
                                     {{once, "a", 2}, {once, "b", 1}, Verdict::changed}};

    for (std::size_t i = 0; i < cases.size(); ++i)
        EXPECT_EQ(judge(cases[i].held, cases[i].arrived), cases[i].expected) << "case " << i;
}

}  // namespace
}  // namespace headgate::connectors
