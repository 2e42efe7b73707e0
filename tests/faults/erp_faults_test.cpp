#include <poll.h>
#include <signal.h>

#include <iostream>
#include <map>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "tests/faults/erp_checker.hpp"
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
constexpr Weather weather[]{{ErpFault::unavailable, 40},         {ErpFault::throttled, 15},
                            {ErpFault::commit_and_reset, 30},    {ErpFault::reset, 15},
                            {ErpFault::half_an_answer, 10},      {ErpFault::error_inside, 15},
                            {ErpFault::commit_and_babble, 10},   {ErpFault::refuse_login, 2},
                            {ErpFault::commit_and_keep_quiet, 1}};

constexpr std::uint64_t usual_events = 2000;  // of each storm

/// Whether whoever called hears that nothing was done.
bool says_no(ErpFault fault)
{
    return fault == ErpFault::unavailable || fault == ErpFault::throttled || fault == ErpFault::error_inside ||
           fault == ErpFault::refuse_login || fault == ErpFault::refuse;
}

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
        const auto between = events_or(usual_events) / static_cast<std::uint64_t>(kills + 1);
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
        expect_verified(*headgate_);
        return check_erp(*headgate_, *erp_, load.answered());
    }

    Load::Habits habits()
    {
        return {
            .senders = 4, .orders = 8, .twice_percent = 30, .swapped_percent = 20, .events = events_or(usual_events)};
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
    EXPECT_GE(verdicts.events, events_or(usual_events) * 9 / 10);
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
