#include <poll.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include <hiredis/hiredis.h>

#include "tests/flow/flow.hpp"
#include "tests/support/erp.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// A Headgate of tests/flow/family: what waits for something else.
class WaitingFlow : public ::testing::Test {
protected:
    bool begin(const std::map<std::string, std::string>& environment = {})
    {
        auto all = environment;
        all["ERP_PORT"] = std::to_string(erp_.port());
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{source_folder() / "tests/flow/family", folder_ / "data", all, "127.0.0.1:0"});
        return headgate_->start();
    }

    std::string send(const std::string& topic, const std::string& key, const std::string& body)
    {
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        return event_of(sender.post(headgate_->port(), {topic, key, body, {}}).body);
    }
    std::string order(std::uint64_t id, std::uint32_t version = 1)
    {
        return send("orders/updated", "order-" + std::to_string(id) + "-" + std::to_string(version),
                    order_body(id, version));
    }
    std::string payment(std::uint64_t order, const std::string& topic = "payments/create")
    {
        return send(topic, "payment-" + std::to_string(order),
                    "{\"order\":" + std::to_string(order) + ",\"payment\":" + std::to_string(order) + "}");
    }
    std::string cancellation(std::uint64_t order, const std::string& more = {})
    {
        return send("orders/cancelled", "cancel-" + std::to_string(order),
                    "{\"order\":" + std::to_string(order) + more + "}");
    }
    std::string stock(const std::string& sku, int version, int available)
    {
        return send("stock/update", sku + "-" + std::to_string(version),
                    "{\"sku\":\"" + sku + "\",\"version\":" + std::to_string(version) +
                        ",\"available\":" + std::to_string(available) + "}");
    }

    boost::json::value event(const std::string& id) { return headgate_->admin_json("/api/v1/events/" + id); }
    std::string state(const std::string& id) { return std::string(event(id).at("state").as_string()); }
    std::string reason(const std::string& id) { return std::string(event(id).at("reason").as_string()); }
    bool quiet() { return headgate_->wait_until_quiet(120s); }
    bool told(const std::string& id, std::string_view words)
    {
        return headgate_->wait_until_told("/api/v1/events/" + id, words, 120s);
    }
    /// Bodies of the posts to a path, in order.
    std::vector<std::string> posted(const std::string& path)
    {
        std::vector<std::string> bodies;
        for (const auto& call : erp_.calls())
            if (call.method == "POST" && call.target == path)
                bodies.push_back(call.body);
        return bodies;
    }
    /// The paths in the order in which they were called.
    std::vector<std::string> paths()
    {
        std::vector<std::string> targets;
        for (const auto& call : erp_.calls())
            targets.push_back(call.target);
        return targets;
    }

    bool asked_for_orders(std::size_t times)
    {
        const auto asked = [this] {
            return static_cast<std::size_t>(std::ranges::count_if(erp_.calls(), [](const ErpCall& call) {
                return call.method == "GET" && call.target.starts_with("/orders?");
            }));
        };
        for (int i = 0; i < 4'000 && asked() < times; ++i)
            ::poll(nullptr, 0, 5);
        return asked() == times;
    }

    /// As 90 days do to guards; and as if nothing had been captured.
    void forget_what_was_applied()
    {
        redisContext* redis = redisConnectUnix(headgate_->redis_socket().c_str());
        for (const char* keys : {"hg:g:*", "hg:x:*"})
            freeReplyObject(
                redisCommand(redis, "EVAL %s 0 %s",
                             "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end", keys));
        redisFree(redis);
    }
    bool begin_again()
    {
        headgate_->kill_hard();
        return headgate_->start();
    }

    /// Waits until Redis holds so many bodies.
    bool bodies_in_redis(std::size_t wanted)
    {
        redisContext* redis = redisConnectUnix(headgate_->redis_socket().c_str());
        std::size_t found = wanted + 1;
        for (int i = 0; i < 4'000 && found != wanted && redis != nullptr && redis->err == 0; ++i) {
            auto* reply = static_cast<redisReply*>(redisCommand(redis, "KEYS hg:b:*"));
            found = reply != nullptr ? reply->elements : found;
            freeReplyObject(reply);
            if (found != wanted)
                ::poll(nullptr, 0, 5);
        }
        redisFree(redis);
        return found == wanted;
    }

    TemporaryFolder folder_;
    Erp erp_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(WaitingFlow, AParentOfOldIsKnownToHistory)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    order(7);
    ASSERT_TRUE(quiet()) << headgate_->log();
    forget_what_was_applied();
    ASSERT_TRUE(begin_again()) << headgate_->log();
    const auto child = payment(7), orphan = payment(8);
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();
    ASSERT_TRUE(told(orphan, "\"parked\"")) << headgate_->log();

    ASSERT_TRUE(begin_again()) << headgate_->log();  // looks for what has come at once, and not within half a minute

    ASSERT_TRUE(told(child, "\"state\":\"applied\"")) << headgate_->log();
    EXPECT_EQ(state(orphan), "waiting");
}

TEST_F(WaitingFlow, AParentFromBeforeHeadgateIsAskedForAtItsSystem)
{
    erp_.has("order%2F7");
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto child = payment(7), orphan = payment(8);
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();
    ASSERT_TRUE(told(orphan, "\"parked\"")) << headgate_->log();

    erp_.babble_at_searches(2);
    ASSERT_TRUE(begin_again()) << headgate_->log();  // looks for what has come at once, and not within half a minute
    ASSERT_TRUE(asked_for_orders(2));
    EXPECT_EQ(state(child), "waiting") << "a page that is no answer says nothing of it";

    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_TRUE(told(child, "\"state\":\"applied\"")) << headgate_->log();
    ASSERT_TRUE(asked_for_orders(4));
    const auto theirs = headgate_->admin_json("/api/v1/xref?system=erp&kind=sales_order&source=shop&id=order/7");
    EXPECT_EQ(theirs.at("theirs").as_string(), "1000000");
    EXPECT_EQ(state(orphan), "waiting");
    EXPECT_EQ(posted("/orders").size(), 0U);
}

TEST_F(WaitingFlow, AParentFromBeforeHeadgateIsKnownByItsCrossReference)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto waiting = payment(7);
    ASSERT_TRUE(told(waiting, "\"parked\"")) << headgate_->log();
    ASSERT_EQ(headgate_
                  ->admin("POST", "/api/v1/xref/import",
                          R"({"system":"erp","kind":"sales_order","id":"order/7","theirs":"SO-7"})"
                          "\n"
                          R"({"system":"erp","kind":"sales_order","id":"order/8","theirs":"SO-8"})")
                  .first,
              200);

    EXPECT_TRUE(told(payment(8), "\"state\":\"applied\"")) << headgate_->log();
    EXPECT_TRUE(told(waiting, "\"state\":\"applied\"")) << headgate_->log();
}

TEST_F(WaitingFlow, APersonSaysThatAParentIsThere)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto child = payment(7);
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();
    const auto work = headgate_->admin_json("/api/v1/work").at("work").at(0);
    EXPECT_EQ(work.at("id").as_string(), "order/7");

    const auto [status, body] = headgate_->admin(
        "POST", "/api/v1/work/" + std::string(work.at("work").as_string()) + "/resolve", R"({"theirs":"SO-7"})");

    EXPECT_EQ(status, 200) << body;
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(child), "applied");
    EXPECT_EQ(posted("/orders").size(), 0U);
    EXPECT_TRUE(told(order(7), "\"state\":\"applied\"")) << "what is told of it later is news all the same";
    EXPECT_EQ(posted("/orders").size(), 1U);
}

TEST_F(WaitingFlow, AChildWaitsForItsParentAndGoesWhenThatIsApplied)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto child = payment(7);
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();
    EXPECT_EQ(state(child), "waiting");
    EXPECT_EQ(reason(child), "missing_parent");
    const auto other = order(8);
    ASSERT_TRUE(told(other, "\"applied\""));
    EXPECT_EQ(state(child), "waiting");

    const auto parent = order(7);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(parent), "applied");
    EXPECT_EQ(state(child), "applied");
    EXPECT_EQ(paths(), (std::vector<std::string>{"/orders", "/orders", "/payments"}));
}

TEST_F(WaitingFlow, AChildInItsParentsLaneLetsItBy)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto child = payment(7, "payments/inside");
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();

    const auto parent = order(7);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(parent), "applied");
    EXPECT_EQ(state(child), "applied");
    EXPECT_EQ(paths(), (std::vector<std::string>{"/orders", "/payments"}));
}

TEST_F(WaitingFlow, AParentThatIsKnownIsNotWaitedFor)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    order(7);
    const auto child = payment(7);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(child), "applied");
}

TEST_F(WaitingFlow, AParentThatIsAppliedBehindACrashWakesItsChild)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto child = payment(7);
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();
    headgate_->kill_hard();
    headgate_->environment("HEADGATE_FAULT",
                           "after_finish:1");  // the parent's end is written, and nobody lives to tell
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    order(7);
    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(child), "applied");
}

TEST_F(WaitingFlow, AParentThatDoesNotComeInTimeMakesALetter)
{
    ASSERT_TRUE(begin({{"PARENT_WAIT", "1s"}})) << headgate_->log();
    const auto child = payment(7);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(child), "dead");
    EXPECT_EQ(reason(child), "missing_parent");
    EXPECT_NE(headgate_->log().find("waited for the sales_order order/7 at erp as long as `parking` says"),
              std::string::npos);
    EXPECT_EQ(erp_.calls().size(), 0U);

    order(7);
    ASSERT_TRUE(quiet());
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + child + "/replay").first, 200);
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(child), "applied");
}

TEST_F(WaitingFlow, AMissingReferenceParksAndComesWithWhoeverHasIt)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    std::ifstream file(source_folder() / "config/connectors/shopify/samples/refunds_create.json");
    const auto refund = send("refunds/create", "refund", std::string(std::istreambuf_iterator<char>(file), {}));
    ASSERT_TRUE(told(refund, "\"parked\"")) << headgate_->log();
    EXPECT_EQ(reason(refund), "reference_missing");
    std::ifstream sample(source_folder() / "config/connectors/shopify/samples/orders_create.json");

    send("orders/create", "order", std::string(std::istreambuf_iterator<char>(sample), {}));

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(refund), "applied");
    EXPECT_EQ(posted("/refunds"), std::vector<std::string>{R"({"order":"1"})"});
}

TEST_F(WaitingFlow, WhatIsMissingIsListedOnceAndResolvedByAPerson)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    std::ifstream file(source_folder() / "config/connectors/shopify/samples/refunds_create.json");
    const auto refund = send("refunds/create", "refund", std::string(std::istreambuf_iterator<char>(file), {}));
    const auto child = payment(7);
    ASSERT_TRUE(told(refund, "\"parked\"")) << headgate_->log();
    ASSERT_TRUE(told(child, "\"parked\"")) << headgate_->log();
    std::string work;
    const auto things = headgate_->admin_json("/api/v1/work");
    for (const auto& thing : things.at("work").as_array()) {
        EXPECT_EQ(thing.at("waiting").to_number<int>(), 1);
        if (thing.at("kind").as_string() == "reference")
            work = thing.at("work").as_string();
    }
    const auto data = (folder_ / "data").string();

    const auto listed = run_headgate({"work", "list", "--data", data}, {});
    EXPECT_EQ(listed.code, 0);
    EXPECT_NE(listed.out.find("sales_order"), std::string::npos) << listed.out;
    const auto done = run_headgate({"work", "resolve", work, "--as", "SO-1", "--data", data}, {});
    EXPECT_EQ(done.code, 0) << done.err;

    ASSERT_TRUE(told(refund, "\"applied\"")) << headgate_->log();
    EXPECT_EQ(posted("/refunds"), std::vector<std::string>{R"({"order":"SO-1"})"});
    EXPECT_EQ(headgate_->admin_json("/api/v1/work").at("work").as_array().size(), 1U);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/work/" + work + "/resolve").first, 404);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/work/xyz/resolve").first, 400);
}

TEST_F(WaitingFlow, ACancellationOvertakesWhatWasNeverSent)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    const auto unsent = order(7);
    const auto update = order(7, 2);
    const auto other = order(8);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("ready":2,)", 120s)) << headgate_->log();

    const auto cancelled = cancellation(7);
    ASSERT_TRUE(told(cancelled, "superseded")) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    for (const auto& id : {unsent, update, cancelled}) {
        EXPECT_EQ(state(id), "suppressed");
        EXPECT_EQ(reason(id), "superseded");
    }
    EXPECT_EQ(state(other), "applied");
    EXPECT_EQ(paths(), std::vector<std::string>{"/orders"});
}

TEST_F(WaitingFlow, AskingIsNotCancellingAndALineIsNotTheOrder)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    std::vector<std::string> orders;
    for (std::uint64_t id = 7; id <= 9; ++id)
        orders.push_back(order(id));
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("ready":3,)", 120s)) << headgate_->log();
    cancellation(7, R"(,"state":"requested")");
    cancellation(8, R"(,"state":"rejected")");
    cancellation(9, R"(,"lines":["1"])");
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("lane":3,)", 120s))
        << headgate_->admin("GET", "/api/v1/verify").second;
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    for (const auto& id : orders)
        EXPECT_EQ(state(id), "applied") << "a customer waits for it";
    EXPECT_EQ(posted("/orders").size(), 3U);
    EXPECT_EQ(posted("/cancellations").size(), 3U);
}

TEST_F(WaitingFlow, ACancellationOfAnOrderThatIsThereComesBeforeItsUnsentChanges)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    order(7);
    ASSERT_TRUE(quiet());
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    const auto update = order(7, 2);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("ready":1,)", 120s)) << headgate_->log();
    const auto cancelled = cancellation(7);
    ASSERT_TRUE(told(update, "superseded")) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(cancelled), "applied");
    EXPECT_EQ(paths(), (std::vector<std::string>{"/orders", "/cancellations"}));
}

TEST_F(WaitingFlow, SnapshotsCoalesceAndOrdersDoNot)
{
    ASSERT_TRUE(begin({{"STOCK_WITHIN", "100ms"}})) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    std::vector<std::string> counts;
    for (int version = 1; version <= 5; ++version)
        counts.push_back(stock("A", version, 10 - version));
    const auto other = stock("B", 1, 4);
    std::vector<std::string> orders;
    for (std::uint32_t version = 1; version <= 5; ++version)
        orders.push_back(order(7, version));
    for (const auto& id : {counts.back(), other, orders.back()})
        ASSERT_TRUE(told(id, "\"deliveries\"")) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(posted("/stock").size(), 2U);
    EXPECT_EQ(state(counts.back()), "applied");
    EXPECT_EQ(state(other), "applied");
    for (std::size_t i = 0; i + 1 < counts.size(); ++i)
        EXPECT_EQ(reason(counts[i]), "superseded");
    EXPECT_EQ(posted("/orders").size(), 5U);
}

TEST_F(WaitingFlow, ASnapshotThatComesLateDoesNotTakeTheNewersPlace)
{
    ASSERT_TRUE(begin({{"STOCK_WITHIN", "100ms"}})) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    const auto newer = stock("A", 2, 8);
    ASSERT_TRUE(told(newer, "\"deliveries\"")) << headgate_->log();
    const auto older = stock("A", 1, 9);
    ASSERT_TRUE(told(older, "\"deliveries\"")) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(newer), "applied");
    EXPECT_EQ(reason(older), "stale");
}

TEST_F(WaitingFlow, WhatStandsBehindItsOwnEventLeavesTheFastPathWithIt)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    auto body = order_body(7, 1);
    body.insert(1, R"("order":7,"payment":7,)");
    const auto both = send("orders/paid", "paid-7", body);
    ASSERT_TRUE(told(both, "\"deliveries\"")) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(both), "applied");
    EXPECT_EQ(paths(), (std::vector<std::string>{"/orders", "/payments"}));
}

TEST_F(WaitingFlow, BodiesOfWhatWaitsLeaveRedisAndComeBack)
{
    ASSERT_TRUE(begin({{"SPILL_AFTER", "100ms"}, {"RESIDENT", "0B"}})) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    const auto first = order(7);
    const auto letter = send("stock/update", "nothing", "{}");
    ASSERT_TRUE(told(first, "\"deliveries\"")) << headgate_->log();
    ASSERT_TRUE(told(letter, "\"dead\"")) << headgate_->log();
    ASSERT_TRUE(bodies_in_redis(0));
    headgate_->kill_hard();
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto second = order(8);
    ASSERT_TRUE(told(second, "\"deliveries\"")) << headgate_->log();

    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(first), "applied");
    EXPECT_EQ(state(second), "applied");
    EXPECT_EQ(posted("/orders").size(), 2U);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + letter + "/replay").first, 200);
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(letter), "dead");
}

TEST_F(WaitingFlow, WhatIsUnchangedIsNotSentAndKnownAtItsNewerVersion)
{
    ASSERT_TRUE(begin({{"STOCK_WITHIN", "100ms"}})) << headgate_->log();
    const auto tell = [this](int version, int available) {
        const auto id = stock("A", version, available);
        EXPECT_TRUE(quiet()) << headgate_->log();
        return id;
    };
    const auto first = tell(1, 5);
    const auto same = tell(3, 5);
    const auto older = tell(2, 4);
    const auto newer = tell(4, 4);

    EXPECT_EQ(state(first), "applied");
    EXPECT_EQ(reason(same), "unchanged");
    EXPECT_EQ(reason(older), "stale");
    EXPECT_EQ(state(newer), "applied");
    EXPECT_EQ(posted("/stock").size(), 2U);
}

TEST_F(WaitingFlow, WhatWaitsForASystemThatIsGoneIsToldOf)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"maintenance"})").first, 200);
    const auto id = order(7);
    ASSERT_TRUE(told(id, "\"deliveries\"")) << headgate_->log();
    headgate_->kill_hard();
    HeadgateProcess other(
        HeadgateProcess::Options{source_folder() / "tests/flow/config", folder_ / "data", {}, "127.0.0.1:0"});
    ASSERT_TRUE(other.start()) << other.log();

    EXPECT_TRUE(other.wait_until_told("/readyz", "deliveries wait for erp, which is not configured", 120s))
        << other.log();
}

TEST_F(WaitingFlow, ASnapshotThatIsTooOldIsNotSent)
{
    ASSERT_TRUE(begin({{"STOCK_WITHIN", "2s"}, {"STOCK_EXPIRES", "1s"}})) << headgate_->log();
    const auto old = stock("A", 1, 5);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(old), "suppressed");
    EXPECT_EQ(reason(old), "expired");
    EXPECT_EQ(erp_.calls().size(), 0U);
}

}  // namespace

}  // namespace headgate::test
