#include <poll.h>
#include <signal.h>

#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/faults/faults.hpp"
#include "tests/faults/load.hpp"
#include "tests/support/erp.hpp"
#include "tests/support/headgate_process.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// How often a call ends so, in a thousand.
struct Weather {
    ErpFault fault;
    int per_mille;
};
constexpr Weather weather[]{{ErpFault::unavailable, 40},      {ErpFault::throttled, 15},
                            {ErpFault::commit_and_reset, 30}, {ErpFault::reset, 15},
                            {ErpFault::half_an_answer, 10},   {ErpFault::error_inside, 15},
                            {ErpFault::refuse_login, 2},      {ErpFault::commit_and_keep_quiet, 1}};

/// Whether whoever called hears that nothing was done.
bool says_no(ErpFault fault)
{
    return fault == ErpFault::unavailable || fault == ErpFault::throttled || fault == ErpFault::error_inside ||
           fault == ErpFault::refuse_login || fault == ErpFault::refuse;
}

/// What stands at the ERP beside every 2xx that Headgate ever gave.
struct ErpVerdicts {
    std::uint64_t answered = 0, events = 0, made = 0, held = 0;
    std::uint64_t lost = 0;          // neither made, nor older than what was made before it, nor held
    std::uint64_t doubled = 0;       // made twice, or sent again although it may have been done
    std::uint64_t out_of_order = 0;  // an older change made behind a newer one
    std::uint64_t wrong_end = 0;     // the last change answered is not the last one made
    [[nodiscard]] std::uint64_t sum() const { return lost + doubled + out_of_order + wrong_end; }
    [[nodiscard]] std::string text() const
    {
        return fmt::format(
            "answered {} events {} made {} held {}: lost {} doubled {} out of order {} wrong at the end {}", answered,
            events, made, held, lost, doubled, out_of_order, wrong_end);
    }
};

/// Storms: an ERP that fails in all its ways, and a Headgate and a Redis that are killed meanwhile.
class ErpFaultsTest : public ::testing::Test {
protected:
    bool begin(const std::string& repeat, Erp::Options options)
    {
        erp_ = std::make_unique<Erp>(options);
        erp_->fate([this, random = std::mt19937(seed_wanted)](const ErpCall& call) mutable {
            int drawn = static_cast<int>(random() % 1000);
            ErpFault fault = ErpFault::none;
            for (const auto& one : weather) {
                if (drawn < one.per_mille) {
                    fault = one.fault;
                    break;
                }
                drawn -= one.per_mille;
            }
            if (!says_no(fault))
                ++maybe_done_[call.body];
            return fault;
        });
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{source_folder() / "tests/faults/erp",
                                     folder_ / "data",
                                     {{"ERP_PORT", std::to_string(erp_->port())}, {"ERP_REPEAT", repeat}},
                                     "127.0.0.1:0"});
        return headgate_->start();
    }

    /// Load while Headgate and its Redis are killed by turns.
    void storm(Load& load)
    {
        std::mt19937 random(seed_wanted);
        load.target(headgate_->port());
        const int kills = std::max(3, kills_wanted / 2);
        const auto between = events_wanted / static_cast<std::uint64_t>(kills + 1);
        for (int kill = 0; kill < kills && !load.done(); ++kill) {
            const auto enough = load.count() + between / 2 + random() % (between + 1);
            for (int i = 0; i < 20'000 && load.count() < enough && !load.done(); ++i)
                ::poll(nullptr, 0, 1);
            if (kill % 3 == 2) {
                const auto redis = headgate_->redis_pid();
                ::kill(redis, SIGKILL);
                for (int i = 0; i < 20'000 && (headgate_->redis_pid() == 0 || headgate_->redis_pid() == redis); ++i)
                    ::poll(nullptr, 0, 1);
            } else {
                headgate_->kill_hard();
                load.target(0);
                ASSERT_TRUE(headgate_->start()) << headgate_->log();
                load.target(headgate_->port());
            }
        }
        while (!load.done())
            ::poll(nullptr, 0, 5);
        load.finish(false);
    }

    ErpVerdicts judge(const Load& load)
    {
        const auto state = headgate_->admin_json("/api/v1/verify");
        EXPECT_TRUE(state.is_object());
        if (state.is_object()) {
            EXPECT_EQ(state.at("unaccounted").to_number<int>(), 0);
            EXPECT_TRUE(state.at("findings").as_array().empty()) << boost::json::serialize(state);
            EXPECT_EQ(state.at("dead").to_number<int>(), 0);
        }
        ErpVerdicts verdicts;
        verdicts.held = state.at("deliveries").at("held").to_number<std::uint64_t>();
        const auto made = erp_->made();
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
        const auto answered = load.answered();
        verdicts.answered = answered.size();
        for (const auto& one : answered) {
            events[one.event] = &one;
            wanted[one.order] = std::max(wanted[one.order], version_of(one));
        }
        verdicts.events = events.size();
        const auto suppressed = events_that_are("suppressed"), waiting = events_that_are("waiting");
        for (const auto& [event, one] : events)
            if (!place.contains(fmt::format("%23{}{}", one->order, version_of(*one))) &&
                !(suppressed.contains(event) && last[one->order].first > version_of(*one)) && !waiting.contains(event))
                ++verdicts.lost;
        if (waiting.empty())
            for (const auto& [order, version] : wanted)
                verdicts.wrong_end += last[order].first < version ? 1U : 0U;
        return verdicts;
    }

    /// By history.
    std::set<std::string> events_that_are(const std::string& state)
    {
        std::set<std::string> events;
        std::string cursor;
        do {
            const auto page = headgate_->admin_json("/api/v1/events?limit=1000&state=" + state +
                                                    (cursor.empty() ? "" : "&cursor=" + cursor));
            for (const auto& event : page.at("events").as_array())
                events.emplace(event.at("event").as_string());
            cursor = page.at("next").as_string();
        } while (!cursor.empty());
        return events;
    }

    static std::string version_of(const Answered& one)
    {
        return fmt::format("@2026-01-{:02}T{:02}:{:02}:00Z", 1 + one.version / 1440, one.version / 60 % 24,
                           one.version % 60);
    }

    Load::Habits habits()
    {
        return {.senders = 4, .orders = 8, .twice_percent = 30, .swapped_percent = 20, .events = events_wanted};
    }

    TemporaryFolder folder_;
    std::map<std::string, int> maybe_done_;  // body -> sendings that may have been done; under the ERP's lock
    std::unique_ptr<Erp> erp_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

struct Way {
    const char* repeat;
    Erp::Options options;
    const char* name;
};

class ErpStormTest : public ErpFaultsTest, public ::testing::WithParamInterface<Way> {};

TEST_P(ErpStormTest, LosesDoublesAndMisordersNothing)
{
    ASSERT_TRUE(begin(GetParam().repeat, GetParam().options)) << headgate_->log();
    Load load(headgate_->secret("shop"), habits(), seed_wanted);
    storm(load);
    EXPECT_TRUE(headgate_->wait_until_quiet(600s))
        << headgate_->admin("GET", "/api/v1/verify").second << headgate_->admin("GET", "/api/v1/holds?limit=5").second;

    const auto verdicts = judge(load);
    std::cout << verdicts.text() << "\n";
    EXPECT_GE(verdicts.events, events_wanted * 9 / 10);
    EXPECT_EQ(verdicts.sum(), 0U) << verdicts.text() << "\nseed " << seed_wanted;
}

// How a failed test names a way.
void PrintTo(const Way& way, std::ostream* out)
{
    *out << way.name;
}

INSTANTIATE_TEST_SUITE_P(Repeats, ErpStormTest,
                         ::testing::Values(Way{"safe", {.upserts = true}, "safe"},
                                           Way{"keyed", {.knows_keys = true}, "keyed"}, Way{"probe", {}, "probe"},
                                           Way{"probe", {.unique_reference = true}, "probe_and_unique"}),
                         [](const auto& way) { return std::string(way.param.name); });

TEST_F(ErpFaultsTest, WhatMustNeverBeSentTwiceIsHeldWhenItIsDoubtful)
{
    ASSERT_TRUE(begin("never", {})) << headgate_->log();
    auto never = habits();
    never.orders = 5000;  // what is held holds up its order, so there are many
    never.swapped_percent = 0;
    Load load(headgate_->secret("shop"), never, seed_wanted);
    storm(load);
    // In the end only what is held waits, and what comes behind it.
    const auto only_held = [this] {
        const auto state = headgate_->admin_json("/api/v1/verify");
        if (!state.is_object() || state.at("frames").to_number<int>() != 0)
            return false;
        const auto& deliveries = state.at("deliveries");
        const auto count = [&](const char* name) { return deliveries.at(name).to_number<int>(); };
        return count("ready") + count("due") + count("busy") == 0 &&
               state.at("waiting").to_number<int>() == count("held") + count("lane");
    };
    for (int i = 0; i < 60'000 && !only_held(); ++i)
        ::poll(nullptr, 0, 5);
    ASSERT_TRUE(only_held()) << headgate_->admin("GET", "/api/v1/verify").second;

    const auto verdicts = judge(load);
    std::cout << verdicts.text() << "\n";
    EXPECT_EQ(verdicts.sum(), 0U) << verdicts.text() << "\nseed " << seed_wanted;
    EXPECT_GT(verdicts.held, 0U);
    for (const auto& [body, times] : maybe_done_)
        EXPECT_LE(times, 1) << body << " was sent again although it may have been done";
}

}  // namespace

}  // namespace headgate::test
