#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "gateway/sender.hpp"
#include "gateway/systems/outlet.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// Who writes down whose turn it was, and ends a sending only when it is told to.
class Recorder : public Courier {
public:
    void turn(const std::shared_ptr<Attempt>& attempt) override
    {
        turns.push_back(attempt->delivery.channel + attempt->delivery.transaction.entity);
        at_the_system.push_back(attempt);
    }
    void turned_away(const std::shared_ptr<Attempt>& attempt) override
    {
        away.push_back(attempt->delivery.channel + attempt->delivery.transaction.entity);
    }
    void answered(const std::shared_ptr<Attempt>& /*attempt*/, SystemAnswer /*answer*/) override {}

    std::vector<std::string> turns;
    std::vector<std::string> away;
    std::vector<std::shared_ptr<Attempt>> at_the_system;
};

class OutletTest : public testing::Test {
protected:
    OutletTest()
    {
        config_.concurrency = 1;
        config_.breaker.open_after = 2;
    }

    std::shared_ptr<Attempt> attempt(const std::string& channel, const std::string& entity, bool slow = false)
    {
        auto made = std::make_shared<Attempt>();
        made->job = std::make_shared<Job>();
        made->courier = &recorder_;
        made->delivery.channel = channel;
        made->delivery.transaction.entity = entity;
        if (slow)
            made->placed.emplace();
        return made;
    }

    /// The system answers what it has.
    void answer(Outlet& outlet, Result<Applied> result = Applied{})
    {
        const auto done = recorder_.at_the_system.back();
        recorder_.at_the_system.pop_back();
        outlet.ended(*done, SystemAnswer{.result = std::move(result)});
    }

    asio::io_context io_;
    SystemConfig config_;
    Recorder recorder_;
};

TEST_F(OutletTest, ChannelsTakeTurnsAndSoDoesWhatWaited)
{
    Outlet outlet(io_.get_executor(), &config_, 100);
    for (const char* entity : {"1", "2", "3", "4"})
        EXPECT_TRUE(outlet.put(attempt("flood", entity)));
    EXPECT_TRUE(outlet.put(attempt("calm", "1")));
    EXPECT_TRUE(outlet.put(attempt("flood", "old", true)));
    for (int i = 0; i < 5; ++i)
        answer(outlet);

    EXPECT_THAT(recorder_.turns, ElementsAre("flood1", "floodold", "calm1", "flood2", "flood3", "flood4"));
}

TEST_F(OutletTest, OnlySoManyOfTheFastPathWaitAndNoneAtASystemThatIsLeftAlone)
{
    Outlet outlet(io_.get_executor(), &config_, 2);
    EXPECT_TRUE(outlet.put(attempt("a", "1")));  // at the system
    EXPECT_TRUE(outlet.put(attempt("a", "2")));
    EXPECT_TRUE(outlet.put(attempt("a", "3")));
    EXPECT_FALSE(outlet.put(attempt("a", "4")));
    EXPECT_FALSE(outlet.put(attempt("b", "1")));
    EXPECT_TRUE(outlet.put(attempt("a", "old", true)));

    const auto down = [] { return fail(FailureClass::transient, "connect_refused", "it is down"); };
    answer(outlet, down());
    answer(outlet, down());  // the second in a row

    EXPECT_EQ(recorder_.away.size(), 2U);
    EXPECT_FALSE(outlet.put(attempt("a", "5")));
    EXPECT_EQ(outlet.room(), 0U);
}

TEST_F(OutletTest, WhatRedisFailsAtSaysNothingOfTheSystem)
{
    Outlet outlet(io_.get_executor(), &config_, 100);
    for (const char* entity : {"1", "2", "3", "4"})
        EXPECT_TRUE(outlet.put(attempt("a", entity)));
    for (int i = 0; i < 3; ++i)
        answer(outlet, fail(FailureClass::transient, "redis_no_answer", "Redis was killed"));

    EXPECT_EQ(recorder_.turns.size(), 4U);
    EXPECT_TRUE(recorder_.away.empty());
}

TEST_F(OutletTest, APausedSystemIsSentNothingUntilItGoesOn)
{
    Outlet outlet(io_.get_executor(), &config_, 100);
    EXPECT_TRUE(outlet.put(attempt("a", "1")));
    EXPECT_TRUE(outlet.put(attempt("a", "2")));
    outlet.pause(true);

    EXPECT_THAT(recorder_.away, ElementsAre("a2"));
    EXPECT_FALSE(outlet.put(attempt("a", "3")));
    EXPECT_EQ(outlet.room(), 0U);
    answer(outlet);
    outlet.pause(false);

    EXPECT_GT(outlet.room(), 0U);
    EXPECT_TRUE(outlet.put(attempt("a", "3")));
    EXPECT_THAT(recorder_.turns, ElementsAre("a1", "a3"));
}

TEST_F(OutletTest, ATurnThatIsNotUsedIsAnothers)
{
    Outlet outlet(io_.get_executor(), &config_, 100);
    EXPECT_TRUE(outlet.put(attempt("a", "1", true)));
    EXPECT_TRUE(outlet.put(attempt("a", "2", true)));
    const auto room = outlet.room();

    outlet.passed(*recorder_.at_the_system.front());

    EXPECT_THAT(recorder_.turns, ElementsAre("a1", "a2"));
    EXPECT_EQ(outlet.room(), room + 1);
}

}  // namespace

}  // namespace headgate::gateway
