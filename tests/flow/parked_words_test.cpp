#include <hiredis/hiredis.h>
#include <poll.h>

#include <fstream>
#include <future>

#include "tests/flow/flow.hpp"
#include "tests/integration/redis_server.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view states = "payment_state.shopify";

/// A Headgate of a configuration that the test changes: its vocabularies park what they do not know.
class ParkedWordsFlow : public ::testing::Test {
protected:
    ParkedWordsFlow()
    {
        fs::create_directories(folder_ / "config/vocabularies");
        fs::create_directories(folder_ / "config/connectors/acme/mappings");
        write("headgate.yaml", "name: parked\nchannels: { shop: { connector: shopify, secret: generated } }\n");
        vocabulary("payment_state.shopify", "paid: captured");
        vocabulary("fulfilment_state.shopify", "partial: partially_fulfilled");
    }

    void write(const std::string& file, const std::string& text)
    {
        std::ofstream(folder_ / ("config/" + file)) << text;
    }
    void vocabulary(const std::string& name, const std::string& entries)
    {
        write("vocabularies/" + name + ".yaml", "unmapped: park\nentries: { " + entries + " }\n");
    }
    bool begin()
    {
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "config", folder_ / "data", {}, "127.0.0.1:0"});
        return headgate_->start();
    }
    bool begin_again()
    {
        headgate_->kill_hard();
        return headgate_->start();
    }
    /// Whatever is asked, the process dies at this fault point; then it is started again without it.
    bool dies_and_begins_again()
    {
        const bool died = headgate_->wait_until_ended(120s);
        headgate_->unset("HEADGATE_FAULT");
        return died && headgate_->start();
    }

    static std::string with(std::string body, std::string_view from, std::string_view to)
    {
        return body.replace(body.find(from), from.size(), to);
    }
    static std::string order(std::uint64_t id, std::string_view state)
    {
        return with(order_body(id, 1), R"("financial_status":"paid")",
                    R"("financial_status":")" + std::string(state) + "\"");
    }
    std::string send(std::uint64_t id, const std::string& body, const HeadgateProcess& to)
    {
        Sender sender("/hooks/shop", to.secret("shop"));
        return event_of(sender.post(to.port(), {"orders/create", "evt-" + std::to_string(id), body, {}}).body);
    }
    std::string send(std::uint64_t id, const std::string& body) { return send(id, body, *headgate_); }
    void send_many(std::uint64_t count, std::string_view state)
    {
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        for (std::uint64_t id = 1; id <= count; ++id)
            ASSERT_EQ(
                sender.post(headgate_->port(), {"orders/create", "evt-" + std::to_string(id), order(id, state), {}})
                    .status,
                200);
    }

    bool quiet() { return headgate_->wait_until_quiet(120s); }
    int count(const std::string& name)
    {
        const auto state = headgate_->admin_json("/api/v1/verify");
        return state.is_object() ? state.at(name).to_number<int>() : -1;
    }
    std::size_t findings() { return headgate_->admin_json("/api/v1/verify").at("findings").as_array().size(); }
    boost::json::array work() { return headgate_->admin_json("/api/v1/work").at("work").as_array(); }
    /// "word payment_state.shopify settled 3" a line.
    std::string work_lines()
    {
        std::string lines;
        for (const auto& thing : work())
            for (const char* part : {"kind", "of", "id", "waiting"})
                lines += (thing.at(part).is_string() ? std::string(thing.at(part).as_string())
                                                     : std::to_string(thing.at(part).to_number<int>())) +
                         (std::string_view(part) == "waiting" ? "\n" : " ");
        return lines;
    }
    std::string work_id() { return std::string(work().at(0).at("work").as_string()); }
    boost::json::value event(const std::string& id) { return headgate_->admin_json("/api/v1/events/" + id); }
    std::string state(const std::string& id) { return std::string(event(id).at("state").as_string()); }
    std::pair<int, std::string> set(const std::string& vocabulary, const std::string& word, const std::string& value)
    {
        return headgate_->admin(
            "PUT", "/api/v1/vocabularies/entries",
            boost::json::serialize(boost::json::object{{"vocabulary", vocabulary}, {"word", word}, {"value", value}}));
    }
    [[nodiscard]] CommandResult headgate(std::vector<std::string> arguments) const
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments);
    }

    bool bodies_leave_redis()
    {
        redisContext* redis = redisConnectUnix(headgate_->redis_socket().c_str());
        std::size_t left = 1;
        for (int i = 0; i < 4'000 && left > 0 && redis != nullptr && redis->err == 0; ++i) {
            ::poll(nullptr, 0, 5);
            auto* reply = static_cast<redisReply*>(redisCommand(redis, "KEYS hg:b:*"));
            left = reply != nullptr ? reply->elements : left;
            freeReplyObject(reply);
        }
        redisFree(redis);
        return left == 0;
    }

    /// One number from the ledger.
    int ledger(const std::string& sql)
    {
        sqlite3* database = nullptr;
        sqlite3_open_v2((folder_ / "data/ledger.db").c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
        sqlite3_stmt* statement = nullptr;
        int number = -1;
        if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
            sqlite3_step(statement) == SQLITE_ROW)
            number = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        sqlite3_close(database);
        return number;
    }
    /// Each order once, and nothing told twice.
    void expect_applied_once(int orders)
    {
        EXPECT_EQ(count("applied"), orders);
        EXPECT_EQ(count("unaccounted"), 0);
        EXPECT_EQ(findings(), 0U);
        EXPECT_EQ(ledger("SELECT count(*) FROM sales_order"), orders);
        EXPECT_EQ(ledger("SELECT count(*) FROM effect WHERE outcome = 'applied'"), orders);
    }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(ParkedWordsFlow, WhatWaitsForAWordIsOnePieceOfWorkAndGoesWhenAFileHasIt)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    send_many(300, "settled");
    const auto other = send(301, order(301, "odd"));
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(count("dead"), 301);
    EXPECT_EQ(work_lines(), "word payment_state.shopify settled 300\nword payment_state.shopify odd 1\n");
    EXPECT_NE(headgate({"work", "list"}).out.find("settled"), std::string::npos);
    vocabulary("payment_state.shopify", "paid: captured, settled: captured");

    ASSERT_TRUE(begin_again()) << headgate_->log();

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("applied":300,)", 120s)) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    expect_applied_once(300);
    EXPECT_EQ(work_lines(), "word payment_state.shopify odd 1\n");
    EXPECT_EQ(state(other), "dead");
}

TEST_F(ParkedWordsFlow, APersonSaysWhatAWordMeansAndWhatWaitsForItGoes)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    send_many(300, "settled");
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto id = work_id();

    const auto unsaid = headgate({"work", "resolve", id});
    EXPECT_EQ(unsaid.code, 1);
    EXPECT_NE(unsaid.err.find("bad_entry: say what it is in the vocabulary `payment_state.shopify`"), std::string::npos)
        << unsaid.err;
    const auto wrong = headgate({"work", "resolve", id, "--as", "settled"});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_NE(wrong.err.find("into a field that is one of none, pending, authorized"), std::string::npos) << wrong.err;
    EXPECT_EQ(count("dead"), 300);
    const auto done = headgate({"work", "resolve", id, "--as", "captured", "--why", "the vendor's new word"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.out, "what 300 events wait for is there\n");

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("applied":300,)", 120s)) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    expect_applied_once(300);
    EXPECT_EQ(work_lines(), "");
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/work/" + id + "/resolve").first, 404);
    const auto entries = headgate({"vocabularies", "entries", "--json"});
    EXPECT_NE(entries.out.find(R"("word":"settled","value":"captured","who":"admin","why":"the vendor's new word")"),
              std::string::npos)
        << entries.out;
    EXPECT_EQ(ledger("SELECT count(*) FROM sales_order WHERE payment_state = 'captured'"), 300);
}

TEST_F(ParkedWordsFlow, AnAddedEntryLastsAndIsRecordedAsAGeneration)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto before = send(1, order(1, "paid"));
    ASSERT_TRUE(quiet());
    const auto set_it = headgate({"vocabularies", "set", std::string(states), "settled", "captured"});
    EXPECT_EQ(set_it.code, 0) << set_it.err;
    EXPECT_EQ(set_it.out, "payment_state.shopify `settled` is `captured`; generation 2, nothing waits for it\n");

    const auto now = send(2, order(2, "settled"));
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_TRUE(begin_again()) << headgate_->log();
    const auto later = send(3, order(3, "settled"));
    ASSERT_TRUE(quiet()) << headgate_->log();

    EXPECT_EQ(state(now), "applied");
    EXPECT_EQ(state(later), "applied");
    EXPECT_EQ(event(before).at("timeline").at(0).at("generation").to_number<int>(), 1);
    EXPECT_EQ(event(before).at("timeline").at(0).at("finished"), event(before).at("finished_at"));
    EXPECT_EQ(event(now).at("timeline").at(0).at("generation").to_number<int>(), 2);
    EXPECT_EQ(event(later).at("timeline").at(0).at("generation").to_number<int>(), 2);

    const auto forgotten = headgate({"vocabularies", "forget", std::string(states), "settled"});
    EXPECT_EQ(forgotten.out, "forgotten: payment_state.shopify `settled` was `captured`\n") << forgotten.err;
    const auto waits = send(4, order(4, "settled"));
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(state(waits), "dead");
    EXPECT_EQ(event(waits).at("timeline").at(0).at("generation").to_number<int>(), 3);
    EXPECT_EQ(work_lines(), "word payment_state.shopify settled 1\n");
}

TEST_F(ParkedWordsFlow, AWordMayBeginWithADash)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto data = (folder_ / "data").string();

    EXPECT_NE(run_headgate({"vocabularies", "set", "--help"}).out.find("set --data DATA -- TABLE -word VALUE"),
              std::string::npos);
    const auto added =
        run_headgate({"vocabularies", "set", "--data", data, "--", std::string(states), "-dash", "captured"});
    EXPECT_EQ(added.code, 0) << added.err;
    EXPECT_NE(added.out.find("`-dash` is `captured`"), std::string::npos) << added.out;
    EXPECT_EQ(run_headgate({"vocabularies", "forget", "--data", data, "--", std::string(states), "-dash"}).code, 0);
}

TEST_F(ParkedWordsFlow, AnEntryThatMayNotBeIsRefusedWithWhatToDo)
{
    ASSERT_TRUE(begin()) << headgate_->log();

    const auto in_file = set(std::string(states), "paid", "pending");
    EXPECT_EQ(in_file.first, 409);
    EXPECT_NE(in_file.second.find("change it in "), std::string::npos) << in_file.second;
    const auto no_table = set("payment_state.shop", "settled", "captured");
    EXPECT_EQ(no_table.first, 404);
    EXPECT_NE(no_table.second.find("unknown_vocabulary"), std::string::npos) << no_table.second;
    EXPECT_EQ(set(std::string(states), "settled", "taken").first, 400);
    EXPECT_EQ(set(std::string(states), "", "captured").first, 400);
    EXPECT_EQ(set("uom_conversion", "CS EA", "none").first, 400);
    EXPECT_EQ(set("return_reason.text", "worn", "damaged").first, 409);
    EXPECT_EQ(headgate_->admin("PUT", "/api/v1/vocabularies/entries", R"({"vocabulary":1})").first, 400);
    EXPECT_EQ(
        headgate_->admin("DELETE", "/api/v1/vocabularies/entries?vocabulary=" + std::string(states) + "&word=paid")
            .first,
        404);

    EXPECT_EQ(headgate_->admin_json("/api/v1/vocabularies/entries").at("generation").to_number<int>(), 1);
}

TEST_F(ParkedWordsFlow, AFileWinsOverWhatWasAddedAndThatIsSaid)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(set(std::string(states), "settled", "captured").first, 200);
    vocabulary("payment_state.shopify", "paid: captured, settled: authorized");

    ASSERT_TRUE(begin_again()) << headgate_->log();
    send(1, order(1, "settled"));

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(ledger("SELECT count(*) FROM sales_order WHERE payment_state = 'authorized'"), 1);
    EXPECT_NE(headgate_->admin("GET", "/readyz").second.find("entries_unused"), std::string::npos);
    EXPECT_NE(headgate({"vocabularies", "entries"}).out.find("its file says otherwise"), std::string::npos);

    vocabulary("payment_state.shopify", "paid: captured, settled: captured");
    ASSERT_TRUE(begin_again()) << headgate_->log();

    EXPECT_NE(headgate({"vocabularies", "entries"}).out.find("its file says the same"), std::string::npos);
    EXPECT_EQ(headgate_->admin("GET", "/readyz").second.find("entries_unused"), std::string::npos);
}

TEST_F(ParkedWordsFlow, AFactorOfAFileWinsInBothDirections)
{
    write("headgate.yaml", "name: parked\nchannels: { acme: { connector: acme, secret: generated } }\n");
    write("connectors/acme/connector.yaml",
          "signature: { hmac: { header: X-Shopify-Hmac-Sha256 } }\n"
          "identity: { topic: $headers.\"x-shopify-topic\", idempotency_key: $headers.\"x-shopify-event-id\" }\n"
          "keep_headers: [\"x-shopify-*\"]\ntopics: { order: { mappings: [order] } }\n");
    write("connectors/acme/mappings/order.yaml", R"(transaction: sales_order
entity: order/{.number}
version: 1
fields:
  order_number: .number | string
  placed_at: = "2026-11-02T15:30:00Z" | timestamp
  state: confirmed
  order_class: standard
  payment_state: pending
  currency: EUR
  lines:
    each: .items
    fields:
      line_id: "1"
      line_no: 1
      item: { sku: .sku, title: .sku }
      qty: .count | quantity("EA") | convert("DZN", .sku)
      unit_price: = 0 | price("EUR")
      extended: = 0 | money("EUR")
      net: = 0 | money("EUR")
  totals: { items_gross: = 0 | money("EUR"), grand_total: = 0 | money("EUR") }
)");
    write("vocabularies/uom_conversion.yaml", "unmapped: park\nfactors: { PR: { EA: 2 } }\n");
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto dozens_of_24 = [&](std::uint64_t id) {
        Sender sender("/hooks/acme", headgate_->secret("acme"));
        const auto number = std::to_string(id);
        sender.post(
            headgate_->port(),
            {"order", "evt-" + number, R"({"number": )" + number + R"(, "items": [{"sku": "A", "count": 24}]})", {}});
        EXPECT_TRUE(quiet()) << headgate_->log();
        return ledger("SELECT json_extract(json, '$.lines[0].qty.value') FROM sales_order WHERE order_number = '" +
                      number + "'");
    };
    ASSERT_EQ(set("uom_conversion", "EA DZN", "0.5").first, 200);
    EXPECT_EQ(dozens_of_24(1), 12);
    write("vocabularies/uom_conversion.yaml", "unmapped: park\nfactors: { DZN: { EA: 12 } }\n");

    ASSERT_TRUE(begin_again()) << headgate_->log();

    EXPECT_EQ(dozens_of_24(2), 2);
    const auto refused = set("uom_conversion", "EA DZN", "0.25");
    EXPECT_EQ(refused.first, 409);
    EXPECT_NE(refused.second.find("has `DZN EA` in its file, where it is `12`"), std::string::npos) << refused.second;
    EXPECT_EQ(set("uom_conversion", "EA DZN A", "0.25").first, 200);  // of one item: more particular
    EXPECT_EQ(dozens_of_24(3), 6);
}

TEST_F(ParkedWordsFlow, LettersWhoseBodiesAreGoneStayAndThatIsSaid)
{
    write("headgate.yaml",
          "name: parked\ndead: { resident: 0B }\n"
          "channels: { shop: { connector: shopify, secret: generated } }\n");
    ASSERT_TRUE(begin()) << headgate_->log();
    send(1, order(1, "settled"));
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_TRUE(bodies_leave_redis());
    headgate_->kill_hard();
    for (const char* file : {"history.db", "history.db-wal", "history.db-shm"})
        fs::remove(folder_ / "data" / file);
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    const auto said = headgate({"vocabularies", "set", std::string(states), "settled", "captured"});

    EXPECT_EQ(said.out, "payment_state.shopify `settled` is `captured`; generation 2, 1 event waits for it\n")
        << said.err;
    for (int i = 0; i < 4'000 && headgate_->log().find("letters cannot go back") == std::string::npos; ++i)
        ::poll(nullptr, 0, 5);
    EXPECT_NE(headgate_->log().find("neither Redis nor history has their bodies any more"), std::string::npos);
    EXPECT_NE(headgate_->log().find("letters=1"), std::string::npos) << headgate_->log();
    EXPECT_EQ(count("dead"), 1);
    EXPECT_EQ(work_lines(), "word payment_state.shopify settled 1\n");
}

TEST_F(ParkedWordsFlow, WhatLacksAnotherWordWaitsForThatThen)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    auto body = order(1, "settled");
    body.insert(1, R"("fulfillment_status":"half",)");
    const auto id = send(1, body);
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(work_lines(), "word payment_state.shopify settled 1\n");
    EXPECT_EQ(boost::json::serialize(headgate_->admin_json("/api/v1/dlq/" + id).at("waits_for")),
              R"({"kind":"word","vocabulary":"payment_state.shopify","word":"settled","work":")" + work_id() + "\"}");
    EXPECT_NE(headgate({"dlq", "show", id}).out.find("waits_for:\n"), std::string::npos);

    ASSERT_EQ(headgate_->admin("POST", "/api/v1/work/" + work_id() + "/resolve", R"({"theirs":"captured"})").first,
              200);

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/work", R"("id":"half")", 120s)) << headgate_->log();
    EXPECT_EQ(work_lines(), "word fulfilment_state.shopify half 1\n");
    ASSERT_EQ(
        headgate_->admin("POST", "/api/v1/work/" + work_id() + "/resolve", R"({"theirs":"partially_fulfilled"})").first,
        200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + id, "\"state\":\"applied\"", 120s)) << headgate_->log();
    ASSERT_TRUE(quiet());
    expect_applied_once(1);
    EXPECT_EQ(work_lines(), "");
}

TEST_F(ParkedWordsFlow, ADeliveryThatLostItsWordSaysNothingOfParking)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(set(std::string(states), "settled", "captured").first, 200);
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/channels/shop/pause", R"({"why":"stocktaking"})").first, 200);
    const auto id = send(1, order(1, "settled"));
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/work", R"("kind":"channel")", 120s)) << headgate_->log();
    ASSERT_EQ(headgate({"vocabularies", "forget", std::string(states), "settled"}).code, 0);

    ASSERT_EQ(headgate_->admin("POST", "/api/v1/channels/shop/resume").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto letter = headgate_->admin("GET", "/api/v1/dlq/" + id).second;
    EXPECT_NE(letter.find("has no entry in the vocabulary `payment_state.shopify`\""), std::string::npos) << letter;
    EXPECT_EQ(work_lines(), "");
}

TEST_F(ParkedWordsFlow, ALetterThatIsReplayedByHandWaitsNoMoreAndThenAgain)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto id = send(1, order(1, "settled"));
    ASSERT_TRUE(quiet()) << headgate_->log();

    ASSERT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + id + "/replay").first, 200);

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq/" + id, R"("round":1)", 120s)) << headgate_->log();
    EXPECT_EQ(work_lines(), "word payment_state.shopify settled 1\n");
    EXPECT_EQ(findings(), 0U);
}

TEST_F(ParkedWordsFlow, OwnersThatDieBetweenTheStepsLoseNothingAndDoNothingTwice)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    headgate_->kill_hard();
    headgate_->environment("HEADGATE_FAULT", "after_bury:1");  // a letter is written, and nobody lives to tell
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    send(1000, order(1000, "settled"));
    ASSERT_TRUE(dies_and_begins_again()) << headgate_->log();
    send_many(299, "settled");
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(work_lines(), "word payment_state.shopify settled 300\n");
    const auto id = work_id();

    headgate_->kill_hard();
    headgate_->environment("HEADGATE_FAULT", "entry_stored:1");  // the entry is there, and nothing is released
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_EQ(headgate({"work", "resolve", id, "--as", "captured"}).code, 1);
    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->environment("HEADGATE_FAULT", "after_readmit:100");  // in the midst of the release
    static_cast<void>(headgate_->start());
    ASSERT_TRUE(headgate_->wait_until_ended(120s));
    headgate_->environment("HEADGATE_FAULT", "after_readmit:100");
    static_cast<void>(headgate_->start());
    ASSERT_TRUE(dies_and_begins_again()) << headgate_->log();

    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", R"("applied":300,)", 120s)) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    expect_applied_once(300);
    EXPECT_EQ(work_lines(), "");
}

TEST_F(ParkedWordsFlow, AProcessThatStoodByHasWhatWasAddedMeanwhileAndReleases)
{
    RedisServer redis({"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
                       "--auto-aof-rewrite-percentage", "0"});
    write("headgate.yaml",
          "name: parked\nchannels: { shop: { connector: shopify, secret: generated } }\nredis: { url: \"unix:" +
              redis.socket() + "\", unchecked: [maxmemory] }\n");
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto waits = send(1, order(1, "settled"));
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_TRUE(headgate_->terminate());
    headgate_->environment("HEADGATE_FAULT", "entry_stored:1");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    HeadgateProcess standby({folder_ / "config", folder_ / "standby", {}, "127.0.0.1:0"});
    auto starting = std::async(std::launch::async, [&] { return standby.start(); });
    for (int i = 0; i < 4'000 && standby.log().find("waiting for the lease") == std::string::npos; ++i)
        ::poll(nullptr, 0, 5);
    ASSERT_NE(standby.log().find("waiting for the lease"), std::string::npos) << standby.log();

    set(std::string(states), "settled", "captured");

    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    ASSERT_TRUE(starting.get()) << standby.log();
    ASSERT_TRUE(standby.wait_until_told("/api/v1/events/" + waits, "\"state\":\"applied\"", 120s)) << standby.log();
    const auto later = send(2, order(2, "settled"), standby);
    EXPECT_TRUE(standby.wait_until_told("/api/v1/events/" + later, "\"state\":\"applied\"", 120s)) << standby.log();
    EXPECT_TRUE(standby.wait_until_quiet(120s));
}

}  // namespace

}  // namespace headgate::test
