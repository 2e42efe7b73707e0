#include <fstream>
#include <iterator>

#include "tests/flow/flow.hpp"
#include "tests/support/erp.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// A Headgate whose one system is an ERP of the test's.
class HttpSystemFlow : public ::testing::Test {
protected:
    bool begin(const std::map<std::string, std::string>& environment = {}, Erp::Options options = {})
    {
        erp_ = std::make_unique<Erp>(options);
        auto all = environment;
        all["ERP_PORT"] = std::to_string(erp_->port());
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{source_folder() / "tests/flow" / config_, folder_ / "data", all, "127.0.0.1:0"});
        return headgate_->start();
    }

    std::string send(std::uint64_t id)
    {
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        return event_of(
            sender.post(headgate_->port(), {"orders/create", "evt-" + std::to_string(id), order_body(id, 1), {}}).body);
    }

    /// A version of order 1, worked to its end.
    std::string tell(const std::string& key, std::uint32_t version)
    {
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        const auto id =
            event_of(sender.post(headgate_->port(), {"orders/updated", key, order_body(1, version), {}}).body);
        EXPECT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
        return id;
    }

    boost::json::value event(const std::string& id) { return headgate_->admin_json("/api/v1/events/" + id); }
    std::string state(const std::string& id) { return std::string(event(id).at("state").as_string()); }

    /// The first delivery of an event as it was told of last.
    boost::json::value delivery(const std::string& id)
    {
        const auto told = event(id).at("timeline").as_array().back();
        return told.as_object().contains("delivery") ? told.at("delivery") : told.at("deliveries").at(0);
    }

    std::string config_ = "erp";
    TemporaryFolder folder_;
    std::unique_ptr<Erp> erp_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(HttpSystemFlow, AnOrderIsMadeAndConfirmedAndItsNumberKept)
{
    ASSERT_TRUE(begin()) << headgate_->log();

    const auto id = send(1001);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->made(), std::vector<std::string>{"%231001"});
    const auto calls = erp_->calls();
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].body, R"({"ref":"%231001","total":"39.98","company":1})");
    EXPECT_EQ(calls[0].headers.at("idempotency-key").size(), 64U + 6);
    EXPECT_EQ(calls[0].headers.at("content-type"), "application/json");
    EXPECT_EQ(calls[1].target, "/confirm");
    EXPECT_EQ(calls[1].body, R"({"id":1})");
    EXPECT_EQ(delivery(id).at("target").as_string(), "1");
}

TEST_F(HttpSystemFlow, WhatIsNotDoneIsTriedAgain)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->next({ErpFault::unavailable, ErpFault::error_inside, ErpFault::throttled, ErpFault::unavailable});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("POST /orders"), 5U);
    EXPECT_EQ(erp_->count("GET /orders"), 0U);  // each answer said that nothing was done
    EXPECT_EQ(erp_->count("POST /confirm"), 1U);
}

TEST_F(HttpSystemFlow, AnAnswerThatIsLostIsAskedForAndNotSentAgain)
{
    ASSERT_TRUE(begin({{"ERP_TIMEOUT", "500ms"}})) << headgate_->log();
    for (const auto lost : {ErpFault::commit_and_reset, ErpFault::half_an_answer, ErpFault::commit_and_keep_quiet,
                            ErpFault::commit_and_babble}) {
        const auto before = erp_->made().size();
        erp_->next({lost});
        const auto id = send(100 + before);
        ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
        EXPECT_EQ(state(id), "applied");
        EXPECT_EQ(erp_->made().size(), before + 1) << static_cast<int>(lost);
        EXPECT_EQ(delivery(id).at("outcome").as_string(), "adopted");
    }
    EXPECT_EQ(erp_->count("POST /orders"), 4U);
    EXPECT_EQ(erp_->count("GET /orders"), 4U);
    EXPECT_EQ(erp_->count("POST /confirm"), 4U);
}

TEST_F(HttpSystemFlow, AProbeThatIsAnsweredWithAPageHasNotSaidThatNothingIsThere)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->next({ErpFault::commit_and_reset});
    erp_->babble_at_searches(4);

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(delivery(id).at("outcome").as_string(), "adopted");
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("POST /orders"), 1U);
    EXPECT_EQ(erp_->count("GET /orders"), 5U);
}

TEST_F(HttpSystemFlow, APageWhereAnAnswerIsAskedIsDoubtAndNoRefusal)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "never"}})) << headgate_->log();
    erp_->next({ErpFault::commit_and_babble});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + id, "answer_unreadable", 120s)) << headgate_->log();
    EXPECT_EQ(state(id), "waiting");
    EXPECT_EQ(delivery(id).at("outcome").as_string(), "held");
    EXPECT_NE(std::string(delivery(id).at("detail").as_string()).find("200 with a body that is no JSON"),
              std::string::npos);
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("POST /orders"), 1U);
}

TEST_F(HttpSystemFlow, WhatSaysNothingOfAnErrorIsNoSuccessWhereTheStatusIsNone)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "by_body"}})) << headgate_->log();
    erp_->next({ErpFault::unavailable, ErpFault::refuse_login});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + id, "\"applied\"", 120s)) << headgate_->log();
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("POST /orders"), 3U);
}

TEST_F(HttpSystemFlow, WhatWasLostOnTheWayIsSentAgainAfterItWasAskedForTwice)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->next({ErpFault::reset});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("GET /orders"), 2U);
    EXPECT_EQ(erp_->count("POST /orders"), 2U);
}

TEST_F(HttpSystemFlow, ADuplicateThatTheSystemRefusesIsAdopted)
{
    ASSERT_TRUE(begin({}, {.unique_reference = true})) << headgate_->log();
    const auto first = send(1);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s));
    Sender sender("/hooks/shop", headgate_->secret("shop"));
    const auto second =
        event_of(sender.post(headgate_->port(), {"orders/updated", "evt-2", order_body(1, 2), {}}).body);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(first), "applied");
    EXPECT_EQ(state(second), "applied");
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(delivery(second).at("outcome").as_string(), "adopted");
}

TEST_F(HttpSystemFlow, WhatIsOlderOrTheSameAgainDoesNotReachTheSystem)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto newest = tell("a", 5);
    const auto again = tell("b", 5);
    const auto older = tell("c", 4);

    EXPECT_EQ(state(newest), "applied");
    EXPECT_EQ(event(again).at("reason").as_string(), "repeated");
    EXPECT_EQ(event(older).at("reason").as_string(), "stale");
    EXPECT_EQ(erp_->count("POST /orders"), 1U);
}

TEST_F(HttpSystemFlow, ALetterIsOlderThanWhatCameMeanwhileAndIsNotSentAgain)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->next({ErpFault::refuse});
    const auto old = tell("a", 1);
    ASSERT_EQ(state(old), "dead");
    ASSERT_EQ(state(tell("b", 2)), "applied");

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + old, R"("reason":"superseded")", 60s))
        << headgate_->log();
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + old + "/replay").first, 404);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(erp_->count("POST /orders"), 2U);
    EXPECT_EQ(erp_->count("GET /orders"), 0U);
}

TEST_F(HttpSystemFlow, WhatIsOlderIsSoBehindACrashAsWell)
{
    ASSERT_TRUE(begin({{"HEADGATE_FAULT", "accept_stored:2"}})) << headgate_->log();
    ASSERT_EQ(state(tell("a", 5)), "applied");
    // It dies with this one stored and not sent, but within what it had reserved.
    Sender sender("/hooks/shop", headgate_->secret("shop"));
    sender.post(headgate_->port(), {"orders/updated", "b", order_body(1, 4), {}});
    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    const auto stale = headgate_->admin_json("/api/v1/events?state=suppressed").at("events").as_array();
    ASSERT_EQ(stale.size(), 1U);
    EXPECT_EQ(stale[0].at("reason").as_string(), "stale");
    EXPECT_EQ(erp_->count("POST /orders"), 1U);
    EXPECT_EQ(erp_->count("GET /orders"), 0U);
}

TEST_F(HttpSystemFlow, WhatAStepGaveBackIsKeptWhenTheNextOneFails)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->fail_confirmations(2);

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->count("POST /orders"), 1U);
    EXPECT_EQ(erp_->count("POST /confirm"), 3U);
    EXPECT_EQ(delivery(id).at("target").as_string(), "1");
}

TEST_F(HttpSystemFlow, WhatOneOrderGaveBackAnotherTransactionNames)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    Sender sender("/hooks/shop", headgate_->secret("shop"));
    const auto sample = [](const std::string& name) {
        std::ifstream file(source_folder() / "config/connectors/shopify/samples" / name);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    erp_->fail_confirmations(1);  // so that the reference comes of an attempt before the last

    sender.post(headgate_->port(), {"orders/create", "order", sample("orders_create.json"), {}});
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    const auto refund =
        event_of(sender.post(headgate_->port(), {"refunds/create", "refund", sample("refunds_create.json"), {}}).body);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();

    EXPECT_EQ(state(refund), "applied") << headgate_->log();
    EXPECT_EQ(erp_->calls().back().target, "/refunds");
    EXPECT_EQ(erp_->calls().back().body, R"({"order":"1"})");
}

TEST_F(HttpSystemFlow, AKeyMakesASecondSendingHarmless)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "keyed"}}, {.knows_keys = true})) << headgate_->log();
    erp_->next({ErpFault::commit_and_reset, ErpFault::commit_and_reset});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("POST /orders"), 3U);
}

TEST_F(HttpSystemFlow, WhatMustNeverBeSentTwiceWaitsForAPersonWhenNobodyKnows)
{
    ASSERT_TRUE(begin({{"ERP_REPEAT", "never"}})) << headgate_->log();
    erp_->next({ErpFault::commit_and_reset});

    const auto doubtful = send(1);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + doubtful, "no_answer", 120s)) << headgate_->log();
    const auto fine = send(2);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + fine, "\"applied\"", 120s)) << headgate_->log();

    EXPECT_EQ(state(doubtful), "waiting");
    EXPECT_EQ(delivery(doubtful).at("outcome").as_string(), "held");
    EXPECT_EQ(state(fine), "applied");
    EXPECT_EQ(erp_->made().size(), 2U);
    EXPECT_EQ(erp_->count("POST /orders"), 2U);
}

TEST_F(HttpSystemFlow, ARefusalIsALetterWithTheCodeAndWithoutTheBody)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->next({ErpFault::refuse});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "dead");
    EXPECT_EQ(event(id).at("reason").as_string(), "http_422");
    EXPECT_NE(headgate_->log().find("the system answered 422 sale.UserError"), std::string::npos);
    EXPECT_EQ(erp_->made().size(), 0U);
}

TEST_F(HttpSystemFlow, ALoginThatIsRefusedKillsNothing)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_->next({ErpFault::refuse_login, ErpFault::refuse_login, ErpFault::refuse_login});

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->made().size(), 1U);
}

TEST_F(HttpSystemFlow, ATokenIsFetchedOnceAndAnewWhenItHasRunOut)
{
    config_ = "erp_token";
    ASSERT_TRUE(begin({{"ERP_CLIENT_SECRET", "hush: hush"}}, {.wants_token = true, .token_calls = 3}))
        << headgate_->log();

    for (std::uint64_t id = 1; id <= 6; ++id)
        send(id);

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(erp_->made().size(), 6U);
    EXPECT_GE(erp_->count("POST /token"), 4U);  // twelve calls, three a token
    const auto calls = erp_->calls();
    EXPECT_EQ(calls[0].target, "/token");
    EXPECT_EQ(calls[0].body, "grant_type=client_credentials");
    EXPECT_EQ(calls[0].headers.at("authorization"), "Basic aGVhZGdhdGU6aHVzaCUzQSUyMGh1c2g=");
    EXPECT_EQ(headgate_->log().find("hush"), std::string::npos);
    EXPECT_EQ(headgate_->log().find("token-"), std::string::npos);
}

TEST_F(HttpSystemFlow, AnAddressThatIsNotAllowedIsNeverCalledAndKillsNothing)
{
    config_ = "erp_outside";
    ASSERT_TRUE(begin()) << headgate_->log();

    const auto id = send(1);

    ASSERT_TRUE(headgate_->wait_until_told("/readyz", "egress_refused", 60s)) << headgate_->log();
    EXPECT_EQ(state(id), "waiting");
    EXPECT_EQ(erp_->calls().size(), 0U);
}

TEST_F(HttpSystemFlow, AProcessThatDiesBehindItsSendingAsksBeforeItSendsAgain)
{
    ASSERT_TRUE(begin({{"HEADGATE_FAULT", "after_ledger_commit:1"}})) << headgate_->log();

    const auto id = send(1);
    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(state(id), "applied");
    EXPECT_EQ(erp_->made().size(), 1U);
    EXPECT_EQ(erp_->count("GET /orders"), 1U);
}

}  // namespace

}  // namespace headgate::test
