// Events that arrive in a queue of Amazon SQS: each once, and deleted only when it is accepted.

#include <hiredis/hiredis.h>

#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/integration/redis_server.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/sqs.hpp"
#include "tests/support/vendor.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SqsFlow : public ::testing::Test {
protected:
    SqsFlow()
    {
        connector(".kind");
        write("connectors/stock/mappings/level.yaml", R"(transaction: inventory_level
entity: stock/{.sku}
version: .at | timestamp
fields:
  item: { sku: .sku }
  location: main
  as_of: .at | timestamp
  basis: full
  quantities: { on_hand: .left | quantity("EA") }
)");
    }

    void connector(const std::string& topic)
    {
        write("connectors/stock/connector.yaml",
              "identity: { topic: " + topic + R"(, idempotency_key: .id, order_by: .sku }
topics:
  counted: { mappings: [level] }
  listed: { split: .all }
)");
    }

    void write(const std::string& name, const std::string& text) { write_file(folder_ / "conf" / name, text); }

    HeadgateProcess::Options options(const std::string& data, std::map<std::string, std::string> environment)
    {
        environment.insert({{"AWS_KEY", std::string(Sqs::key)}, {"AWS_SECRET", std::string(Sqs::secret)}});
        return {folder_ / "conf", folder_ / data, std::move(environment), "127.0.0.1:0"};
    }

    bool start(std::map<std::string, std::string> environment = {})
    {
        write("headgate.yaml",
              "channels:\n  shop: { connector: stock, " + more_ + queue_.configured() + " }\n" + rest_);
        headgate_ = std::make_unique<HeadgateProcess>(options("data", std::move(environment)));
        return headgate_->start();
    }

    static std::string level(int number, const std::string& id = {})
    {
        const auto name = std::to_string(number);
        return R"({"kind":"counted","id":")" + (id.empty() ? "e-" + name : id) + R"(","sku":"A-)" + name +
               R"(","left":7,"at":"2026-11-02T10:00:00Z"})";
    }

    bool empties(std::chrono::seconds limit = 120s)
    {
        return happens([&] { return queue_.size() == 0; }, limit);
    }
    bool told(const std::string& words, const std::string& where = "/readyz")
    {
        return headgate_->wait_until_told(where, words, 60s);
    }
    std::vector<std::string> ledger(const std::string& sql)
    {
        return ledger_texts((folder_ / "data/ledger.db").string(), sql);
    }
    int count(const std::string& name) { return headgate_->admin_json("/api/v1/verify").at(name).to_number<int>(); }
    double messages(const std::string& outcome)
    {
        return headgate_->metric("headgate_sqs_messages_total{channel=\"shop\",outcome=\"" + outcome + "\"}");
    }
    CommandResult command(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments);
    }
    std::string letter(const std::string& code)
    {
        const auto letters = headgate_->admin_json("/api/v1/dlq");
        for (const auto& row : letters.at("letters").as_array())
            if (row.at("code") == json::value(code))
                return std::string(row.at("letter").as_string());
        return "no letter";
    }
    void redis(const char* command)
    {
        auto* connection = redisConnectUnix(headgate_->redis_socket().c_str());
        auto* reply = static_cast<redisReply*>(redisCommand(connection, command));
        ASSERT_TRUE(reply != nullptr && reply->type != REDIS_REPLY_ERROR) << command;
        freeReplyObject(reply);
        redisFree(connection);
    }

    TemporaryFolder folder_;
    Sqs queue_;
    std::string more_;
    std::string rest_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(SqsFlow, MessagesAreAcceptedAndThenDeleted)
{
    for (int i = 0; i < 25; ++i)
        queue_.send(level(i));
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(empties()) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second;

    EXPECT_EQ(count("accepted"), 25);
    EXPECT_EQ(count("applied"), 25);
    EXPECT_THAT(headgate_->log(), HasSubstr("channel shop: reads " + queue_.url()));
    EXPECT_THAT(ledger("select distinct item_sku from inventory_level"), SizeIs(25));
    EXPECT_EQ(messages("accepted"), 25);
    EXPECT_EQ(messages("duplicate"), 0);
    EXPECT_EQ(queue_.count("DeleteMessageBatch"), 3U) << "ten at a time";
    const auto first = queue_.calls().front();
    EXPECT_EQ(first.asked.at("WaitTimeSeconds"), json::value(20));
    EXPECT_EQ(first.asked.at("MaxNumberOfMessages"), json::value(10));
    EXPECT_EQ(first.asked.at("VisibilityTimeout"), json::value(120));
    EXPECT_FALSE(first.headers.contains("x-amz-security-token"));

    // Where it came from is told, and the queue's state.
    const auto events = headgate_->admin_json("/api/v1/events?limit=1");
    const std::string event(events.at("events").as_array()[0].at("event").as_string());
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/events/" + event).second, HasSubstr(R"("intake":"sqs m-)"));
    ASSERT_TRUE(told("\"heard\":\"20", "/api/v1/channels")) << headgate_->admin("GET", "/api/v1/channels").second;
    EXPECT_THAT(command({"channels", "list"}).out, ::testing::ContainsRegex("shop +stock +shop +live +fine"));

    // Nobody can post to such a channel.
    net::ClientRequest request;
    request.host = "127.0.0.1";
    request.port = static_cast<std::uint16_t>(headgate_->port());
    request.method = "POST";
    request.target = "/hooks/shop";
    request.body = level(99);
    const auto answer = net::exchange(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401);
    EXPECT_EQ(count("accepted"), 25);
}

TEST_F(SqsFlow, WhoeverDiesOnTheWayLosesAndDoublesNothing)
{
    constexpr int all = 500;
    for (int i = 0; i < all; ++i)
        queue_.send(level(i));
    const std::vector<std::string> faults{"sqs_received:1", "accept_stored:4", "items_accepted:2",  "sqs_accepted:5",
                                          "sqs_deleted:1",  "sqs_received:6",  "accept_answered:7", "after_reserve:1",
                                          "sqs_deleted:4",  "after_finish:9",  "sqs_accepted:1"};
    std::size_t deaths = 0;
    for (const auto& fault : faults) {
        SCOPED_TRACE(fault);
        queue_.redeliver();
        if (!start({{"HEADGATE_FAULT", fault}}) || headgate_->wait_until_ended(30s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_EQ(deaths, faults.size()) << "each of these places is on the way of a message";
    EXPECT_GT(queue_.size(), 0U) << "it was not over before the last one died";

    queue_.redeliver();
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(empties()) << queue_.size() << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(count("accepted"), all);
    EXPECT_EQ(count("applied"), all) << headgate_->admin("GET", "/api/v1/verify").second;
    EXPECT_THAT(ledger("select distinct item_sku from inventory_level"), SizeIs(all));
    EXPECT_GT(messages("duplicate"), 0) << "what was accepted and not deleted came again";
}

TEST_F(SqsFlow, WhatIsToldTwiceIsKnownAndDeletedAsWell)
{
    queue_.refuse_deletions(3);
    for (int i = 0; i < 5; ++i)
        queue_.send(level(i));
    queue_.send(level(0));  // Amazon told the same notification in another message
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(happens([&] { return queue_.size() == 3 && queue_.in_flight() == 3; })) << headgate_->log();
    EXPECT_TRUE(happens([&] { return messages("not_deleted") == 3; }));
    queue_.redeliver();
    ASSERT_TRUE(empties());
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("accepted"), 5);
    EXPECT_EQ(messages("accepted"), 5);
    EXPECT_EQ(messages("duplicate"), 4);
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"),
                ElementsAre("A-0", "A-1", "A-2", "A-3", "A-4"));
}

TEST_F(SqsFlow, WhatIsNotWhatWasSentIsLeftInTheQueue)
{
    queue_.send(level(1), true);
    queue_.send(level(2));
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(happens([&] { return queue_.size() == 1; })) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("accepted"), 1);
    EXPECT_EQ(messages("bad_md5"), 1);
    EXPECT_THAT(headgate_->log(), HasSubstr("another MD5"));

    queue_.mend();
    queue_.redeliver();
    ASSERT_TRUE(empties());
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-1", "A-2"));
}

TEST_F(SqsFlow, AWrongKeyIsToldWithWhatToDoAndNotTriedWithoutEnd)
{
    const auto message = queue_.send(level(1));
    ASSERT_TRUE(start({{"AWS_SECRET", "wJalrXUtnFEMI/K7MDENG+another"}})) << headgate_->log();
    ASSERT_TRUE(told("sqs_login_refused: SQS answered 403 SignatureDoesNotMatch: `secret_key` is not the one of"))
        << headgate_->admin("GET", "/readyz").second;
    EXPECT_EQ(headgate_->admin("GET", "/readyz").first, 200) << "other channels go on";
    ASSERT_TRUE(happens([&] { return queue_.count("ReceiveMessage") >= 2; }));
    const auto calls = queue_.calls();
    EXPECT_GE(calls[1].at - calls[0].at, 5s);
    EXPECT_EQ(queue_.given(message), 0U);
    EXPECT_THAT(command({"channels", "list"}).out,
                ::testing::ContainsRegex("shop .* failing .*its queue: sqs_login_refused"));
    EXPECT_THAT(headgate_->log(), Not(HasSubstr("names accounts"))) << "SQS's own text holds what is none of the log's";
    EXPECT_THAT(headgate_->log(), Not(HasSubstr("wJalrXUtnFEMI")));

    // With the right one it begins, and the note is gone.
    ASSERT_TRUE(headgate_->terminate());
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(empties());
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "sqs_", 60s, false));
}

TEST_F(SqsFlow, AQueueThatMayNotBeDeletedFromIsTold)
{
    queue_.forbid_deletions(true);
    queue_.send(level(1));
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(told("allow the key sqs:ReceiveMessage and sqs:DeleteMessage")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("applied"), 1) << "it was accepted all the same";
    queue_.forbid_deletions(false);
    queue_.redeliver();
    ASSERT_TRUE(empties());
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "sqs_", 60s, false));
    EXPECT_EQ(count("accepted"), 1);
}

TEST_F(SqsFlow, AQueueThatIsAwayIsAskedAgain)
{
    queue_.fails_with(503, "ServiceUnavailable");
    queue_.send(level(1));
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(told("http_503")) << headgate_->admin("GET", "/readyz").second;
    queue_.fails_with(0, "");
    ASSERT_TRUE(empties());
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("applied"), 1);
}

TEST_F(SqsFlow, WhatCannotBeStoredIsKeptAtHandAndNothingElseIsReceived)
{
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(happens([&] { return queue_.count("ReceiveMessage") == 1; }));
    redis("CONFIG SET maxmemory 1");
    const auto first = queue_.send(level(1));
    ASSERT_TRUE(told("redis_full")) << headgate_->admin("GET", "/readyz").second;
    const auto second = queue_.send(level(2));
    EXPECT_EQ(queue_.count("DeleteMessageBatch"), 0U);
    EXPECT_EQ(queue_.given(second), 0U);
    queue_.redeliver();
    redis("CONFIG SET maxmemory 0");
    ASSERT_TRUE(empties()) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("applied"), 2);
    EXPECT_EQ(queue_.given(first), 1U) << "an outage takes one of the times that it is given";
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "sqs_", 60s, false));
}

TEST_F(SqsFlow, WhileRedisIsAwayNothingIsDeletedAndThenEverythingIsAccepted)
{
    RedisServer redis({"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
                       "--auto-aof-rewrite-percentage", "0"});
    rest_ = "redis: { url: \"unix:" + redis.socket() + "\", unchecked: [maxmemory] }\n";
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(happens([&] { return queue_.count("ReceiveMessage") == 1; }));
    redis.kill();
    for (int i = 0; i < 20; ++i)
        queue_.send(level(i));
    ASSERT_TRUE(happens([&] { return queue_.in_flight() > 0; })) << "what waits for messages goes on waiting";
    ASSERT_TRUE(told("the queue of the channel shop is not read: redis_")) << headgate_->admin("GET", "/readyz").second;
    EXPECT_EQ(queue_.count("DeleteMessageBatch"), 0U);
    EXPECT_LE(queue_.in_flight(), 10U);
    EXPECT_EQ(queue_.size(), 20U);

    redis.start();
    queue_.redeliver();
    ASSERT_TRUE(happens([&] {
        queue_.redeliver();  // time passes
        return queue_.size() == 0;
    })) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
    EXPECT_EQ(count("accepted"), 20);
    EXPECT_EQ(count("applied"), 20);
    EXPECT_THAT(ledger("select distinct item_sku from inventory_level"), SizeIs(20));
}

TEST_F(SqsFlow, AChannelWhoseBacklogIsFullReceivesNoMore)
{
    std::promise<void> erp_answers;
    Vendor erp([waits = erp_answers.get_future().share()](const Vendor::Asked&) -> Vendor::Answer {
        waits.wait();
        return {200, "{}"};
    });
    write("requests/inventory_level.yaml",
          "applies: inventory_level\nsteps: [{ id: level, repeat: safe, send: { path: /levels, body: { sku: .item.sku "
          "} } }]\n");
    more_ = "backlog: 1, ";
    rest_ = "systems: { erp: { preset: http, url: \"http://127.0.0.1:" + std::to_string(erp.port()) +
            "\", requests: requests, allow: [127.0.0.0/8], timeout: 5m } }\n";
    queue_.send(level(1));
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(told(R"("failed":"backlog_full")", "/api/v1/channels")) << headgate_->log();
    EXPECT_EQ(queue_.size(), 0U);
    const auto second = queue_.send(level(2));
    EXPECT_THAT(command({"channels", "list"}).out, HasSubstr("its queue: backlog_full"));
    EXPECT_EQ(queue_.given(second), 0U);
    EXPECT_EQ(queue_.count("ReceiveMessage"), 1U);

    erp_answers.set_value();
    ASSERT_TRUE(empties()) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("applied"), 2);
}

TEST_F(SqsFlow, WhatCannotBeReadIsALetterAndInNobodysWay)
{
    queue_.send("{id: 1}");
    queue_.send(R"({"id":"e-8","sku":"A-8","left":7,"at":"2026-11-02T10:00:00Z"})");
    queue_.send(R"({"Type":"Notification","Message":"x"})");
    for (int i = 0; i < 3; ++i)
        queue_.send(level(i));
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(empties()) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_EQ(count("applied"), 3);
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq").at("letters").as_array().size(), 3U);
    EXPECT_NE(letter("json_syntax"), "no letter") << headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_NE(letter("topic_missing"), "no letter");

    // The connector is mended, and what it can read now is worked on, once.
    ASSERT_TRUE(headgate_->terminate());
    connector(R"('.kind // (if .left then "counted" else null)')");
    ASSERT_TRUE(start()) << headgate_->log();
    const auto letters = headgate_->admin_json("/api/v1/dlq");
    for (const auto& row : letters.at("letters").as_array())
        EXPECT_EQ(headgate_
                      ->admin("POST", "/api/v1/dlq/" + std::string(row.at("letter").as_string()) + "/replay",
                              R"({"why":"the connector reads it now"})")
                      .first,
                  200);
    ASSERT_TRUE(told("\"applied\":4", "/api/v1/verify")) << headgate_->admin("GET", "/api/v1/verify").second;
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-0", "A-1", "A-2", "A-8"));
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq").at("letters").as_array().size(), 2U);
}

TEST_F(SqsFlow, AMessageIsTakenApartAsARequestWouldBe)
{
    queue_.send(R"({"kind":"listed","id":"l-1","all":[)" + level(1) + "," + level(2) + "]}");
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(empties());
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-1", "A-2"));
}

TEST_F(SqsFlow, StoppingDoesNotWaitForTheQueue)
{
    ASSERT_TRUE(start()) << headgate_->log();
    ASSERT_TRUE(happens([&] { return queue_.count("ReceiveMessage") == 1; }));
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(headgate_->terminate()) << headgate_->log();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 15s) << "the queue would have let it wait for 20 s";
    EXPECT_EQ(queue_.count("ReceiveMessage"), 1U);
}

TEST_F(SqsFlow, OnlyWhoHoldsTheLeaseReadsTheQueue)
{
    RedisServer redis({"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
                       "--auto-aof-rewrite-percentage", "0"});
    rest_ = "redis: { url: \"unix:" + redis.socket() + "\", unchecked: [maxmemory] }\n";
    queue_.add_key("OTHER", "its-secret");
    ASSERT_TRUE(start()) << headgate_->log();
    HeadgateProcess standby(options("standby", {{"AWS_KEY", "OTHER"}, {"AWS_SECRET", "its-secret"}}));
    auto starting = std::async(std::launch::async, [&] { return standby.start(120s); });
    ASSERT_TRUE(happens([&] { return standby.log().contains("waiting for the lease"); }));
    for (int i = 0; i < 30; ++i)
        queue_.send(level(i));
    ASSERT_TRUE(empties());
    for (const auto& call : queue_.calls())
        EXPECT_EQ(call.key, Sqs::key);

    // It dies with messages received, and the other goes on.
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    headgate_->kill_hard();
    for (int i = 30; i < 60; ++i)
        queue_.send(level(i));
    ASSERT_TRUE(starting.get()) << standby.log();
    ASSERT_TRUE(happens([&] {
        queue_.redeliver();
        return queue_.size() == 0;
    })) << standby.log();
    ASSERT_TRUE(standby.wait_until_quiet(120s)) << standby.log();
    const auto state = standby.admin_json("/api/v1/verify");
    EXPECT_EQ(state.at("accepted").to_number<int>(), 60);
    EXPECT_EQ(state.at("applied").to_number<int>(), 60);
    EXPECT_EQ(queue_.calls().back().key, "OTHER");
}

TEST_F(SqsFlow, NotificationsOfAmazonComeOutOfTheirQueue)
{
    const auto sample = [](const std::string& name) {
        std::ifstream file(source_folder() / "config/connectors/amazon-sp-api/samples" / name);
        return std::string{std::istreambuf_iterator<char>(file), {}};
    };
    for (const auto* name : {"mfn_quantity.json", "fba_availability.json", "inventory_event.json"})
        queue_.send(sample(name));
    queue_.send(sample("mfn_quantity.json"));
    write("headgate.yaml",
          "channels:\n  amazon: { connector: amazon-sp-api, zone: Europe/Berlin, " + queue_.configured() + " }\n");
    headgate_ = std::make_unique<HeadgateProcess>(options("data", {}));
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_TRUE(empties()) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_EQ(count("accepted"), 3);
    EXPECT_THAT(headgate_->admin_json("/api/v1/dlq").at("letters").as_array(), IsEmpty())
        << headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_EQ(count("applied"), 3);
    EXPECT_THAT(ledger("select item_sku from inventory_level"), Not(IsEmpty()));
}

}  // namespace

}  // namespace headgate::test
