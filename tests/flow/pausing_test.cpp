#include <hiredis/hiredis.h>

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "tests/flow/flow.hpp"
#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Pausing : public OperatingFlow {
protected:
    std::string paused(const std::string& list, const std::string& name)
    {
        const auto pause = row(list, name).at("paused");
        return pause.is_null()
                   ? ""
                   : std::string(pause.at("who").as_string()) + ": " + std::string(pause.at("why").as_string());
    }

    /// A configuration of the test's own, which it may change.
    fs::path own_configuration()
    {
        for (const auto* folder : {"two_shops", "erp"})
            fs::copy(source_folder() / "tests/flow" / folder, folder_ / folder, fs::copy_options::recursive);
        return folder_ / "two_shops";
    }

    /// Takes `outlet` away, and answers what there was.
    std::string take_outlet_away()
    {
        std::ifstream file(folder_ / "two_shops/headgate.yaml");
        const std::string before(std::istreambuf_iterator<char>(file), {});
        auto config = before;
        const auto line = config.find("  outlet:");
        config.erase(line, config.find('\n', line) + 1 - line);
        std::ofstream(folder_ / "two_shops/headgate.yaml") << config;
        return before;
    }

    Answer post_order(const std::string& channel, std::uint64_t id)
    {
        Sender sender("/hooks/" + channel, headgate_->secret(channel));
        return sender.post(headgate_->port(), {"orders/updated", "order-" + std::to_string(id), order_body(id, 1), {}});
    }

    boost::json::value post(const std::string& target, const std::string& body = {})
    {
        const auto [status, text] = headgate_->admin("POST", "/api/v1/" + target, body);
        EXPECT_EQ(status, 200) << text;
        return boost::json::parse(text);
    }
};

TEST_F(Pausing, ASystemGetsNothingUntilItGoesOnAndThenAllOfItInOrder)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    post("systems/erp/pause", R"({"why":"stocktaking"})");
    for (std::uint32_t version = 1; version <= 3; ++version)
        for (std::uint64_t id = 1; id <= 3; ++id)
            order("shop", id, version);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("ready":3,"due":0,"busy":0,"lane":6)")) << headgate_->log();

    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_EQ(paused("systems", "erp"), "admin: stocktaking");
    // It works, and sends nothing.
    order("shop", 4, 1);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("ready":4,"due":0,"busy":0,"lane":6)")) << headgate_->log();
    EXPECT_EQ(row("systems", "erp").at("deliveries").at("ready").as_int64(), 4);
    EXPECT_EQ(erp_.calls().size(), 0U);

    EXPECT_TRUE(post("systems/erp/resume").at("was_paused").as_bool());

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    for (std::uint64_t id = 1; id <= 3; ++id)
        EXPECT_THAT(totals(id), ElementsAre(order_total(1), order_total(2), order_total(3))) << id;
    EXPECT_THAT(totals(4), ElementsAre(order_total(1)));
    EXPECT_EQ(headgate_->admin_json("/api/v1/verify").at("applied").as_int64(), 10);
    EXPECT_EQ(paused("systems", "erp"), "");
}

TEST_F(Pausing, AChannelWaitsWhileAnotherGoesOnAndThenAllOfItGoesInOrder)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    post("channels/shop/pause", R"({"why":"prices are wrong"})");
    for (std::uint32_t version = 1; version <= 3; ++version)
        for (std::uint64_t id = 1; id <= 2; ++id)
            order("shop", id, version);
    ASSERT_TRUE(wait_until_applied(order("outlet", 10, 1))) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":4,"parked":2)")) << headgate_->log();
    EXPECT_EQ(row("channels", "shop").at("parked").as_int64(), 2);  // the others wait behind them
    EXPECT_EQ(row("channels", "outlet").at("parked").as_int64(), 0);

    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_EQ(paused("channels", "shop"), "admin: prices are wrong");
    order("shop", 3, 1);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":4,"parked":3)")) << headgate_->log();
    ASSERT_TRUE(wait_until_applied(order("outlet", 11, 1))) << headgate_->log();
    for (std::uint64_t id = 1; id <= 3; ++id)
        EXPECT_THAT(totals(id), ElementsAre()) << id;

    const auto resumed = post("channels/shop/resume");

    EXPECT_TRUE(resumed.at("was_paused").as_bool());
    EXPECT_EQ(resumed.at("released").as_int64(), 3);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    for (std::uint64_t id = 1; id <= 2; ++id)
        EXPECT_THAT(totals(id), ElementsAre(order_total(1), order_total(2), order_total(3))) << id;
    EXPECT_THAT(totals(3), ElementsAre(order_total(1)));
    EXPECT_EQ(headgate_->admin_json("/api/v1/verify").at("applied").as_int64(), 9);
}

TEST_F(Pausing, WhatIsParkedOnAChannelThatIsNotPausedGoesBackToWorkByItself)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    post("channels/shop/pause", R"({"why":"a try"})");
    const auto id = order("shop", 1, 1);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":1)")) << headgate_->log();

    // As if Headgate had died between the word of the person and what follows from it.
    redisContext* redis = redisConnectUnix(headgate_->redis_socket().c_str());
    ASSERT_NE(redis, nullptr);
    freeReplyObject(redisCommand(redis, "HDEL hg:paused channel:shop"));
    redisFree(redis);
    ASSERT_TRUE(begin_again()) << headgate_->log();

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
}

TEST_F(Pausing, TheFirstPauseStaysAndWhatIsNotPausedMayGoOn)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (const std::string name : {"systems/erp", "channels/shop"}) {
        const auto first = post(name + "/pause", R"({"why":"first"})");
        EXPECT_FALSE(first.at("already").as_bool());
        EXPECT_THAT(std::string(first.at("paused").at("since").as_string()), MatchesRegex("20..-..-..T..:..:.*Z"));
        const auto second = post(name + "/pause", R"({"why":"second"})");
        EXPECT_TRUE(second.at("already").as_bool());
        EXPECT_EQ(second.at("paused"), first.at("paused"));
        EXPECT_TRUE(post(name + "/resume").at("was_paused").as_bool());
        EXPECT_FALSE(post(name + "/resume").at("was_paused").as_bool());
    }
    const auto log = headgate_->log();
    EXPECT_THAT(log, HasSubstr("msg=paused system=erp why=first who=admin"));
    EXPECT_THAT(log, HasSubstr("msg=resumed channel=shop who=admin"));
}

TEST_F(Pausing, EndsAlsoOfWhatIsNotConfiguredAnyMore)
{
    ASSERT_TRUE(begin({}, own_configuration())) << headgate_->log();
    post("channels/outlet/pause", R"({"why":"to be closed"})");
    EXPECT_TRUE(row("channels", "outlet").at("configured").as_bool());
    take_outlet_away();

    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_FALSE(row("channels", "outlet").at("configured").as_bool());
    EXPECT_THAT(headgate({"channels", "list"}).out, HasSubstr("paused by admin since 20"));
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/channels/outlet/pause", R"({"why":"x"})").first, 404);
    EXPECT_TRUE(post("channels/outlet/resume").at("was_paused").as_bool());

    EXPECT_EQ(headgate_->admin("POST", "/api/v1/channels/outlet/resume").first, 404);
    EXPECT_TRUE(row("channels", "outlet").is_null());
}

TEST_F(Pausing, WhatWaitsCountsTowardsTheBacklogOfItsChannel)
{
    ASSERT_TRUE(begin({{"BACKLOG", "3"}})) << headgate_->log();
    post("channels/shop/pause", R"({"why":"stocktaking"})");
    for (std::uint64_t id = 1; id <= 3; ++id)
        EXPECT_EQ(post_order("shop", id).status, 200);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":3)")) << headgate_->log();
    EXPECT_EQ(row("channels", "shop").at("waiting").as_int64(), 3);

    EXPECT_EQ(post_order("shop", 4).status, 503);
    EXPECT_EQ(post_order("outlet", 4).status, 200);
    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_EQ(post_order("shop", 4).status, 503);

    post("channels/shop/resume");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    ASSERT_TRUE(happens([&] {
        const auto shop = row("channels", "shop");
        return shop.at("waiting").as_int64() == 0 && shop.at("parked").as_int64() == 0;
    })) << headgate_->log();
    EXPECT_EQ(post_order("shop", 4).status, 200);
}

TEST_F(Pausing, AChannelOfWhichEventsWaitIsNotTakenAway)
{
    ASSERT_TRUE(begin({}, own_configuration())) << headgate_->log();
    post("channels/outlet/pause", R"({"why":"to be closed"})");
    const auto event = order("outlet", 1, 1);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":1)")) << headgate_->log();
    const auto before = take_outlet_away();

    EXPECT_FALSE(begin_again());
    EXPECT_EQ(headgate_->exit_code(), 78);
    EXPECT_THAT(headgate_->log(), HasSubstr("channel_waits: 1 events of the channel `outlet` wait"));

    std::ofstream(folder_ / "two_shops/headgate.yaml") << before;
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    post("channels/outlet/resume");
    EXPECT_TRUE(wait_until_applied(event));
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    take_outlet_away();
    EXPECT_TRUE(begin_again()) << headgate_->log();
}

TEST_F(Pausing, NeedsANameThatThereIsAndAReason)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto refused = [&](const std::string& target, const std::string& body) {
        const auto [status, text] = headgate_->admin("POST", "/api/v1/" + target, body);
        return std::to_string(status) + " " + text;
    };

    EXPECT_THAT(refused("systems/epr/pause", R"({"why":"x"})"),
                HasSubstr("404 {\"error\":\"unknown_system\",\"detail\":\"there is no system `epr` (there are: erp)"));
    EXPECT_THAT(refused("systems/epr/resume", ""), HasSubstr("404 {\"error\":\"unknown_system\""));
    EXPECT_THAT(refused("channels/shpo/pause", R"({"why":"x"})"),
                HasSubstr("404 {\"error\":\"unknown_channel\",\"detail\":\"there is no channel `shpo` "
                          "(there are: outlet shop)"));
    EXPECT_THAT(refused("channels/shpo/resume", ""), HasSubstr("404 {\"error\":\"unknown_channel\""));
    for (const auto* body : {"", "{}", R"({"why":" "})"})
        EXPECT_THAT(refused("systems/erp/pause", body), HasSubstr("400 {\"error\":\"why_missing\"")) << body;
    for (const auto* body : {R"({"why":1})", "[]", "{", R"({"why":"x","who":"me"})"})
        EXPECT_THAT(refused("systems/erp/pause", body), HasSubstr("400 {\"error\":\"bad_body\"")) << body;
    EXPECT_THAT(refused("systems/erp/pause", "{\"why\":\"" + std::string(501, 'x') + "\"}"),
                HasSubstr("`why` is longer than 500 bytes"));
    EXPECT_THAT(refused("systems/erp/resume", R"({"why":"x"})"), HasSubstr("400 {\"error\":\"bad_body\""));
    EXPECT_THAT(refused("systems/erp/pause?why=x", R"({"why":"x"})"), HasSubstr("unknown_parameter"));
    EXPECT_EQ(paused("systems", "erp"), "");
}

TEST_F(Pausing, IsToldOfByTheCommandLine)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    EXPECT_EQ(headgate({"systems", "pause", "erp"}).code, 2);
    EXPECT_THAT(headgate({"channels", "pause", "shop"}).err, HasSubstr("--why is required"));

    const auto paused = headgate({"systems", "pause", "erp", "--why", "stocktaking"});
    EXPECT_EQ(paused.code, 0) << paused.err;
    EXPECT_THAT(paused.out, HasSubstr("`headgate systems resume erp` lets them go on"));
    EXPECT_THAT(headgate({"systems", "pause", "erp", "--why", "again"}).out,
                HasSubstr("erp is paused by admin since 20"));
    const auto list = headgate({"systems", "list"});
    EXPECT_EQ(list.code, 0) << list.err;
    EXPECT_THAT(list.out, HasSubstr("SYSTEM  PRESET  STATE   READY  DUE  BUSY  URL"));
    EXPECT_THAT(list.out, HasSubstr("erp     http    paused  0      0    0     http://127.0.0.1:"));
    EXPECT_THAT(list.out, HasSubstr(": stocktaking\n"));
    EXPECT_THAT(headgate({"systems", "resume", "erp"}).out, HasSubstr("system erp goes on\n"));
    EXPECT_THAT(headgate({"systems", "resume", "erp"}).out, HasSubstr("system erp was not paused\n"));

    EXPECT_EQ(headgate({"channels", "pause", "shop", "--why", "prices"}).code, 0);
    order("shop", 1, 1);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("parked":1)")) << headgate_->log();
    EXPECT_THAT(headgate({"channels", "list"}).out,
                HasSubstr("shop     shopify    shop    live  paused  1        1       paused by admin since 20"));
    EXPECT_THAT(headgate({"channels", "list", "--json"}).out, HasSubstr("{\"channel\":\"outlet\",\"configured\":true"));
    const auto resumed = headgate({"channels", "resume", "shop"});
    EXPECT_EQ(resumed.out, "channel shop goes on; 1 delivery goes back to work\n");

    const auto unknown = headgate({"channels", "resume", "shpo"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_EQ(unknown.err, "headgate: unknown_channel: there is no channel `shpo` (there are: outlet shop)\n");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
}

TEST_F(Pausing, WhyASystemFailsIsToldOfWithIt)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_.fate([](const ErpCall&) { return ErpFault::unavailable; });

    order("shop", 1, 1);

    ASSERT_TRUE(wait_for("/api/v1/systems", "\"failing\":\"http_503: ")) << headgate_->log();
    EXPECT_THAT(headgate({"systems", "list"}).out, HasSubstr("erp     http    failing  "));
    erp_.fate({});
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_TRUE(row("systems", "erp").at("failing").is_null());
}

class PausingTheLedger : public FlowTest {};

TEST_F(PausingTheLedger, HoldsBackItsRowsUntilItGoesOn)
{
    ASSERT_EQ(headgate_.admin("POST", "/api/v1/systems/ledger/pause", R"({"why":"a backup"})").first, 200);
    ASSERT_EQ(send("shop", {"orders/create", "evt-1", order_body(1, 1), {}}).status, 200);
    ASSERT_TRUE(headgate_.wait_until_told("/api/v1/verify", R"("ready":1)", 120s)) << headgate_.log();
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"0"});

    ASSERT_EQ(headgate_.admin("POST", "/api/v1/systems/ledger/resume").first, 200);

    ASSERT_TRUE(headgate_.wait_until_quiet(120s)) << headgate_.log();
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"1"});
}

}  // namespace

}  // namespace headgate::test
