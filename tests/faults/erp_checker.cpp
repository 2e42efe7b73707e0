#include "tests/faults/erp_checker.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headgate::test {

namespace {

/// By history.
std::set<std::string> events_that_are(const HeadgateProcess& headgate, const std::string& state)
{
    std::set<std::string> events;
    std::string cursor;
    do {
        const auto page = headgate.admin_json("/api/v1/events?limit=1000&state=" + state +
                                              (cursor.empty() ? "" : "&cursor=" + cursor));
        for (const auto& event : page.at("events").as_array())
            events.emplace(event.at("event").as_string());
        cursor = page.at("next").as_string();
    } while (!cursor.empty());
    return events;
}

std::string version_of(const Answered& one)
{
    return fmt::format("@2026-01-{:02}T{:02}:{:02}:00Z", 1 + one.version / 1440, one.version / 60 % 24,
                       one.version % 60);
}

}  // namespace

std::string ErpVerdicts::text() const
{
    return fmt::format("answered {} events {} made {} held {}: lost {} doubled {} out of order {} wrong at the end {}",
                       answered, events, made, held, lost, doubled, out_of_order, wrong_end);
}

ErpVerdicts check_erp(const HeadgateProcess& headgate, const Erp& erp, const std::vector<Answered>& answered)
{
    ErpVerdicts verdicts;
    const auto state = headgate.admin_json("/api/v1/verify");
    verdicts.held = state.at("deliveries").at("held").to_number<std::uint64_t>();
    const auto made = erp.made();
    verdicts.made = made.size();
    std::map<std::string, std::size_t> place;                           // reference -> when it was made
    std::map<std::uint64_t, std::pair<std::string, std::size_t>> last;  // order -> newest made, and when
    for (std::size_t i = 0; i < made.size(); ++i) {
        if (!place.emplace(made[i], i).second)
            ++verdicts.doubled;
        const auto at = made[i].find('@');
        auto& newest = last[std::stoull(made[i].substr(3, at - 3))];
        if (made[i].substr(at) < newest.first)
            ++verdicts.out_of_order;
        else
            newest = {made[i].substr(at), i};
    }
    std::map<std::string, const Answered*> events;
    std::map<std::uint64_t, std::string> wanted;
    verdicts.answered = answered.size();
    for (const auto& one : answered) {
        events[one.event] = &one;
        wanted[one.order] = std::max(wanted[one.order], version_of(one));
    }
    verdicts.events = events.size();
    const auto suppressed = events_that_are(headgate, "suppressed"), waiting = events_that_are(headgate, "waiting");
    for (const auto& [event, one] : events)
        if (!place.contains(fmt::format("%23{}{}", one->order, version_of(*one))) &&
            !(suppressed.contains(event) && last[one->order].first > version_of(*one)) && !waiting.contains(event))
            ++verdicts.lost;
    if (waiting.empty())
        for (const auto& [order, version] : wanted)
            verdicts.wrong_end += last[order].first < version ? 1U : 0U;
    return verdicts;
}

void expect_verified(const HeadgateProcess& headgate)
{
    const auto state = headgate.admin_json("/api/v1/verify");
    ASSERT_TRUE(state.is_object());
    EXPECT_EQ(state.at("unaccounted").to_number<int>(), 0);
    EXPECT_TRUE(state.at("findings").as_array().empty()) << boost::json::serialize(state);
    EXPECT_EQ(state.at("dead").to_number<int>(), 0);
}

}  // namespace headgate::test
