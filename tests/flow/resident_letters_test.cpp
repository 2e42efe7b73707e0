#include <gmock/gmock.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <fstream>
#include <functional>

#include "core/hash.hpp"
#include "core/ids.hpp"
#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// An ERP that refuses orders, and letters whose bodies may take so much of Redis.
class ResidentLettersFlow : public OperatingFlow {
protected:
    void configure(const std::string& resident)
    {
        const auto from = source_folder() / "tests/flow/two_shops/headgate.yaml";
        std::ifstream file(from);
        std::string text(std::istreambuf_iterator<char>(file), {});
        const std::string requests = "requests: ../erp";
        text.replace(text.find(requests), requests.size(),
                     "requests: " + (source_folder() / "tests/flow/erp").string());
        fs::create_directories(folder_ / "config");
        std::ofstream(folder_ / "config/headgate.yaml")
            << text << "redis: { spill_after: 100ms }\ndead: { resident: " << resident << " }\n";
    }
    bool begin_with(const std::string& resident)
    {
        configure(resident);
        return begin({}, folder_ / "config");
    }

    /// Orders that become letters one after the other, by when they died.
    std::vector<std::string> letters(std::uint64_t count)
    {
        std::vector<std::string> events;
        for (std::uint64_t id = 1; id <= count; ++id) {
            erp_.next({ErpFault::refuse});
            events.push_back(order("shop", id, 1));
            EXPECT_TRUE(wait_for("/api/v1/dlq?limit=1", events.back())) << headgate_->log();
        }
        return events;
    }

    bool is_in_redis(const std::string& event)
    {
        redisContext* redis = redisConnectUnix(headgate_->redis_socket().c_str());
        const auto id = EventId::parse(event).value();
        const std::string key = "hg:b:" + std::string(view(id.bytes()));
        auto* reply = static_cast<redisReply*>(redisCommand(redis, "EXISTS %b", key.data(), key.size()));
        const bool there = reply != nullptr && reply->integer == 1;
        freeReplyObject(reply);
        redisFree(redis);
        return there;
    }
    std::size_t in_redis(const std::vector<std::string>& events)
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(events, [this](const auto& event) { return is_in_redis(event); }));
    }
    static bool becomes(const std::function<bool()>& so)
    {
        for (int i = 0; i < 24'000 && !so(); ++i)
            ::poll(nullptr, 0, 5);
        return so();
    }
    double resident() { return headgate_->metric("headgate_dead_letters_resident_bytes"); }
    double spilled() { return headgate_->metric("headgate_dead_letters_spilled"); }
    std::size_t findings()
    {
        const auto state = headgate_->admin_json("/api/v1/verify");
        return state.at("findings").as_array().size();
    }
};

TEST_F(ResidentLettersFlow, BeyondTheLimitTheOldestRestInHistoryAndAreReplayedFromThere)
{
    ASSERT_TRUE(begin_with("2KiB")) << headgate_->log();

    const auto events = letters(8);

    ASSERT_TRUE(becomes([&] { return spilled() > 0 && resident() <= 2048 && resident() > 0; })) << headgate_->log();
    const auto away = events.size() - in_redis(events);
    EXPECT_GT(away, 0U);
    EXPECT_LT(away, events.size());
    for (std::size_t i = 0; i < events.size(); ++i)
        EXPECT_EQ(is_in_redis(events[i]), i >= away) << "the oldest go, and no others: " << i;
    EXPECT_EQ(spilled(), static_cast<double>(away));
    EXPECT_EQ(findings(), 0U);

    ASSERT_EQ(headgate({"dlq", "replay", events.front()}).code, 0);
    ASSERT_TRUE(wait_until_applied(events.front())) << headgate_->log();
    EXPECT_EQ(totals(1).size(), 2U) << "it was refused once, and then taken";
    EXPECT_TRUE(becomes([&] { return spilled() == static_cast<double>(away - 1); }));
    EXPECT_TRUE(headgate_->wait_until_quiet(120s));
    EXPECT_EQ(findings(), 0U);
}

TEST_F(ResidentLettersFlow, WithinTheLimitBodiesStayAndThoseOfWhatWaitsLeave)
{
    ASSERT_TRUE(begin_with("1MiB")) << headgate_->log();
    const auto dead = letters(3);
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/channels/outlet/pause", R"({"why":"stocktaking"})").first, 200);

    const auto waits = order("outlet", 7, 1);

    ASSERT_TRUE(becomes([&] { return !is_in_redis(waits); })) << headgate_->log();
    EXPECT_EQ(in_redis(dead), 3U);
    EXPECT_EQ(spilled(), 0);
    EXPECT_EQ(findings(), 0U);
}

TEST_F(ResidentLettersFlow, WhatALaterOwnerMayNotKeepGoesFirst)
{
    ASSERT_TRUE(begin_with("1MiB")) << headgate_->log();
    const auto events = letters(3);
    headgate_->kill_hard();
    configure("0B");

    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(becomes([&] { return in_redis(events) == 0; })) << headgate_->log();
    EXPECT_TRUE(becomes([&] { return spilled() == 3 && resident() == 0; }));
    ASSERT_EQ(headgate({"dlq", "replay", events[1]}).code, 0);
    EXPECT_TRUE(wait_until_applied(events[1])) << headgate_->log();
}

TEST_F(ResidentLettersFlow, AnEditedBodyStays)
{
    ASSERT_TRUE(begin_with("1MiB")) << headgate_->log();
    const auto events = letters(2);
    ASSERT_EQ(headgate({"dlq", "edit", events[0], "--set", "/note=careful", "--why", "asked for"}).code, 0);
    headgate_->kill_hard();
    configure("0B");

    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(becomes([&] { return !is_in_redis(events[1]); })) << headgate_->log();
    EXPECT_TRUE(is_in_redis(events[0])) << "history has what it was before";
    EXPECT_EQ(findings(), 0U);
}

}  // namespace

}  // namespace headgate::test
