#include <gmock/gmock.h>

#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Orders that must never be sent twice, and one of which nobody knows whether it arrived.
class Holds : public OperatingFlow {
protected:
    bool begin_with_a_doubt(ErpFault fault, const std::string& requests = "never")
    {
        if (!begin({{"ERP_REPEAT", requests}}))
            return false;
        erp_.next({fault});
        event_ = order("shop", 1, 1);
        return wait_for("/api/v1/holds", "no_answer");
    }

    boost::json::array holds() { return headgate_->admin_json("/api/v1/holds").at("holds").as_array(); }
    std::string hold() { return std::string(holds().at(0).at("hold").as_string()); }

    std::pair<int, boost::json::value> say(const std::string& id, const std::string& what, const std::string& body = {})
    {
        const auto [status, text] = headgate_->admin("POST", "/api/v1/holds/" + id + "/" + what, body);
        return {status, boost::json::parse(text)};
    }

    std::string event_;
};

TEST_F(Holds, AreListedWithWhatAPersonLooksForAtTheSystem)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::commit_and_reset)) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/holds", "order/1")) << "history knows its entity";

    const auto held = holds();

    ASSERT_EQ(held.size(), 1U);
    EXPECT_THAT(std::string(held[0].at("hold").as_string()), HasSubstr(event_ + "."));
    EXPECT_EQ(held[0].at("event").as_string(), event_);
    EXPECT_EQ(held[0].at("system").as_string(), "erp");
    EXPECT_EQ(held[0].at("type").as_string(), "sales_order");
    EXPECT_EQ(held[0].at("slot").as_string(), "sales_order");
    EXPECT_EQ(held[0].at("channel").as_string(), "shop");
    EXPECT_EQ(held[0].at("entity").as_string(), "order/1");
    EXPECT_EQ(held[0].at("order_number").as_string(), "#1");
    EXPECT_EQ(held[0].at("reason").as_string(), "no_answer");
    EXPECT_NE(held[0].at("detail").as_string(), "");
    EXPECT_EQ(held[0].at("attempts").as_int64(), 1);
    EXPECT_TRUE(held[0].at("maybe").as_bool());
    EXPECT_LT(held[0].at("since").as_string(), held[0].at("due").as_string());
    EXPECT_THAT(erp_.calls().at(0).headers.at("idempotency-key"),
                HasSubstr(std::string(held[0].at("key").as_string())));
}

TEST_F(Holds, WhatArrivedIsAppliedAndNotSentAgainAndWhoWaitedBehindItGoes)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::commit_and_reset)) << headgate_->log();
    const auto next = order("shop", 1, 2);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":1,"parked":0,"held":1)")) << headgate_->log();
    const auto id = hold();

    const auto [status, answer] = say(id, "arrived", R"({"target":"SO-17","why":"seen in the ERP"})");

    EXPECT_EQ(status, 200) << answer;
    EXPECT_EQ(answer.at("state").as_string(), "ready");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(event_), "applied");
    EXPECT_EQ(state(next), "applied");
    EXPECT_THAT(erp_.made(), ElementsAre("%231", "%231"));  // one for each version
    const auto timeline = event(event_).at("timeline").as_array();
    const auto& told = timeline.at(timeline.size() - 2);
    EXPECT_EQ(told.at("reason").as_string(), "arrived");
    EXPECT_EQ(told.at("who").as_string(), "admin");
    EXPECT_EQ(told.at("why").as_string(), "seen in the ERP");
    EXPECT_EQ(told.at("delivery").at("system").as_string(), "erp");
    EXPECT_EQ(told.at("delivery").at("target").as_string(), "SO-17");
    EXPECT_EQ(timeline.back().at("delivery").at("outcome").as_string(), "applied");
    EXPECT_EQ(timeline.back().at("delivery").at("target").as_string(), "SO-17");
    EXPECT_THAT(headgate_->log(),
                HasSubstr("msg=\"a held delivery was decided\" hold=" + id +
                          " system=erp verdict=arrived target=SO-17 why=\"seen in the ERP\" who=admin"));
}

TEST_F(Holds, WhatStandsBehindTheStepThatArrivedIsSent)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::commit_and_reset, "never_then_confirm")) << headgate_->log();
    const auto [unsaid, refused] = say(hold(), "arrived");
    EXPECT_EQ(unsaid, 400);
    EXPECT_EQ(refused.at("error").as_string(), "target_missing");

    ASSERT_EQ(say(hold(), "arrived", R"({"target":"SO-17"})").first, 200);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(event_), "applied");
    EXPECT_EQ(erp_.made().size(), 1U);
    EXPECT_EQ(erp_.calls().back().target, "/confirm");
    EXPECT_EQ(erp_.calls().back().body, R"({"id":"SO-17"})");
    EXPECT_THAT(headgate({"xref", "get", "erp", "sales_order", "order/1", "--source", "shop"}).out, HasSubstr("SO-17"));
}

TEST_F(Holds, OfWhatWasLostWithItsOwnerEachStepIsAskedAbout)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "never_then_confirm"}, {"HEADGATE_FAULT", "after_take:1"}}));
    event_ = order("shop", 1, 1);
    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/holds", "maybe_sent")) << headgate_->log();

    ASSERT_EQ(say(hold(), "arrived", R"({"target":"SO-17"})").first, 200);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(event_), "applied");
    EXPECT_EQ(erp_.count("POST /orders"), 0U);
    EXPECT_EQ(erp_.count("POST /confirm"), 1U) << "sending it again does no harm";
}

TEST_F(Holds, WhatArrivedIsKnownWhenItIsToldAgain)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::commit_and_reset)) << headgate_->log();
    ASSERT_EQ(say(hold(), "arrived", R"({"target":"SO-17"})").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();

    Sender sender("/hooks/shop", headgate_->secret("shop"));
    const auto again =
        event_of(sender.post(headgate_->port(), {"orders/updated", "told-again", order_body(1, 1, 1), {}}).body);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(event(again).at("reason").as_string(), "repeated");
    EXPECT_EQ(erp_.made().size(), 1U);
}

TEST_F(Holds, WhatDidNotArriveIsSentOnceMoreAfterACrashAsWell)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::reset)) << headgate_->log();
    ASSERT_TRUE(begin_again()) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/holds", event_)) << headgate_->log();
    EXPECT_EQ(erp_.count("POST /orders"), 1U);

    const auto [status, answer] = say(hold(), "not-arrived", R"({"why":"not there"})");

    EXPECT_EQ(status, 200) << answer;
    EXPECT_EQ(answer.at("state").as_string(), "ready");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(event_), "applied");
    EXPECT_EQ(erp_.count("POST /orders"), 2U);
    EXPECT_THAT(erp_.made(), ElementsAre("%231"));
}

TEST_F(Holds, WhatIsInDoubtOnceMoreIsHeldOnceMore)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::reset)) << headgate_->log();
    erp_.next({ErpFault::commit_and_reset});

    EXPECT_EQ(say(hold(), "not-arrived").first, 200);
    ASSERT_TRUE(wait_for("/api/v1/holds", "\"attempts\":2")) << headgate_->log();
    EXPECT_EQ(say(hold(), "arrived").first, 200);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(event_), "applied");
    EXPECT_EQ(erp_.count("POST /orders"), 2U);
}

TEST_F(Holds, AreDecidedOnce)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::commit_and_reset)) << headgate_->log();
    const auto id = hold();
    const auto [seen_before, changed] = say(id, "not-arrived", R"({"attempts":0})");
    EXPECT_EQ(seen_before, 409);
    EXPECT_EQ(changed.at("error").as_string(), "hold_changed");
    EXPECT_THAT(std::string(changed.at("detail").as_string()), HasSubstr("tried again since you looked"));

    EXPECT_EQ(say(id, "arrived", R"({"attempts":1})").first, 200);
    const auto [again, at_once] = say(id, "not-arrived");
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    const auto [later, gone] = say(id, "arrived");

    EXPECT_EQ(again, 409) << at_once;
    EXPECT_EQ(at_once.at("error").as_string(), "hold_changed");
    EXPECT_EQ(later, 409) << gone;
    EXPECT_EQ(gone.at("error").as_string(), "hold_changed");
    EXPECT_EQ(erp_.count("POST /orders"), 1U);
    EXPECT_EQ(state(event_), "applied");
}

TEST_F(Holds, NeedANameOfOneThatIsHeldAndASoundBody)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::commit_and_reset)) << headgate_->log();
    const auto id = hold();

    EXPECT_EQ(say(event_, "arrived").first, 400);
    EXPECT_EQ(say("nonsense", "arrived").second.at("error").as_string(), "bad_hold_id");
    EXPECT_EQ(say("01a214c9-ca7e-73f3-852c-6e07298d97dd" + id.substr(36), "arrived").first, 404);
    for (const auto* body : {R"({"target":7})", R"({"attempts":"1"})", R"({"attempts":-1})", R"({"reason":"x"})", "7"})
        EXPECT_EQ(say(id, "arrived", body).first, 400) << body;
    EXPECT_EQ(say(id, "not-arrived", R"({"target":"7"})").first, 400);
    EXPECT_EQ(say(id, "arrived?x=1").first, 400);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/holds/" + id + "/arrived").first, 405);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/holds").first, 405);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/holds?cursor=7").first, 400);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/holds?limit=0").first, 400);
    EXPECT_EQ(holds().size(), 1U);
}

TEST_F(Holds, ComePageByPage)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "never"}})) << headgate_->log();
    erp_.fate([](const ErpCall&) { return ErpFault::reset; });
    for (std::uint64_t id = 1; id <= 7; ++id)
        order("shop", id, 1);
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("held":7)")) << headgate_->log();

    std::set<std::string> seen;
    std::string cursor;
    int pages = 0;
    do {
        const auto page = headgate_->admin_json("/api/v1/holds?limit=3&cursor=" + cursor);
        EXPECT_LE(page.at("holds").as_array().size(), 3U);
        for (const auto& held : page.at("holds").as_array())
            EXPECT_TRUE(seen.emplace(held.at("hold").as_string()).second);
        cursor = page.at("next").as_string();
        ASSERT_LT(++pages, 10);
    } while (!cursor.empty());

    EXPECT_EQ(seen.size(), 7U);
    EXPECT_EQ(pages, 3);
}

TEST_F(Holds, AreToldOfByTheCommandLine)
{
    ASSERT_TRUE(begin_with_a_doubt(ErpFault::reset)) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/holds", "order/1"));
    const auto list = headgate({"holds", "list"});
    EXPECT_EQ(list.code, 0) << list.err;
    EXPECT_THAT(list.out, HasSubstr("  erp     sales_order  order/1  #1     no_answer  1         20"));
    EXPECT_THAT(headgate({"holds", "list", "--json"}).out, HasSubstr("{\"hold\":\"" + hold()));
    const auto id = hold();
    const auto unknown = headgate({"holds", "arrived", "nonsense"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_THAT(unknown.err, HasSubstr("headgate: bad_hold_id: "));
    EXPECT_THAT(headgate({"holds", "arrived", id, "--attempts", "0"}).err, HasSubstr("headgate: hold_changed: "));
    EXPECT_EQ(headgate({"holds", "arrived", id, "--attempts", "some"}).code, 2);

    erp_.next({ErpFault::reset});
    const auto sent = headgate({"holds", "not-arrived", id, "--why", "not there", "--attempts", "1"});
    EXPECT_EQ(sent.code, 0) << sent.err;
    EXPECT_THAT(sent.out, HasSubstr(" is sent again; `headgate events show " + event_ + "`"));
    ASSERT_TRUE(wait_for("/api/v1/holds", "\"attempts\":2")) << headgate_->log();
    const auto arrived = headgate({"holds", "arrived", id, "--target", "SO-17", "--json"});
    EXPECT_EQ(arrived.code, 0) << arrived.err;
    EXPECT_THAT(arrived.out, HasSubstr("\"verdict\":\"arrived\",\"state\":\"ready\"}"));

    const auto twice = headgate({"holds", "arrived", id});
    EXPECT_EQ(twice.code, 1);
    EXPECT_THAT(twice.err, HasSubstr("headgate: hold_changed: "));
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
}

}  // namespace

}  // namespace headgate::test
