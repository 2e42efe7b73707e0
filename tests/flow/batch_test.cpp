// A request that carries several events: each goes its own way, whatever becomes of the others and of the process.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/order_sender.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";

class BatchFlow : public ::testing::Test {
protected:
    BatchFlow()
    {
        write("headgate.yaml", R"(
channels:
  adyen: { connector: adyen, secret: env:KEY }
  stock: { connector: stock, secret: env:TOKEN }
  shadow: { connector: stock, secret: env:TOKEN, mode: shadow }
holds:
  - { id: all, types: ["*"], channels: [shadow], when: "true", approve: { role: approver, queue: default, within: 8h, else: escalate } }
)");
        // Items that name themselves, items that do not, and a body of any shape.
        write("connectors/stock/connector.yaml", R"(signature: { shared_secret: { header: X-Token } }
identity: { topic: .kind // $headers."x-topic", idempotency_key: .id // $headers."x-id", order_by: .sku }
keep_headers: [x-topic, x-id]
topics:
  counts: { split: .counts }
  count: { mappings: [level], sample: body.json }
send: { topic: count }
)");
        write("connectors/stock/body.json", R"({"kind":"count","id":"c-1","sku":"A-1","left":3})");
        write("connectors/stock/mappings/level.yaml", R"(transaction: inventory_level
entity: stock/{.sku}
version: $event.received_at | timestamp
fields:
  item: { sku: .sku }
  location: main
  as_of: $event.received_at | timestamp
  basis: full
  quantities: { on_hand: .left | quantity("EA") }
)");
        headgate_ = std::make_unique<HeadgateProcess>(HeadgateProcess::Options{
            folder_ / "conf", folder_ / "data", {{"KEY", key}, {"TOKEN", "t0k3n"}}, "127.0.0.1:0"});
    }

    void write(const std::string& name, const std::string& text) { write_file(folder_ / "conf" / name, text); }

    CommandResult headgate_send(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), "send");
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments, {{"KEY", key}, {"TOKEN", "t0k3n"}});
    }

    std::pair<int, std::string> post(const std::string& channel, const std::string& id, std::string body)
    {
        net::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = static_cast<std::uint16_t>(headgate_->port());
        request.method = "POST";
        request.target = "/hooks/" + channel;
        request.body = std::move(body);
        request.fields = {{"X-Token", "t0k3n"}, {"X-Topic", "counts"}, {"X-Id", id}};
        const auto answer = net::exchange(request);
        return answer ? std::pair{answer->status, answer->body} : std::pair{0, answer.error().detail};
    }

    std::vector<std::string> ledger(const std::string& sql)
    {
        return ledger_texts((folder_ / "data/ledger.db").string(), sql);
    }

    int count(const std::string& name) { return headgate_->admin_json("/api/v1/verify").at(name).to_number<int>(); }

    /// `items` counts of one batch, the k-th of article A-k.
    static std::string counts(int items)
    {
        std::string body = R"({"counts":[)";
        for (int i = 0; i < items; ++i)
            body += (i == 0 ? "" : ",") + (R"({"kind":"count","id":"c-)" + std::to_string(i) + R"(","sku":"A-)" +
                                           std::to_string(i) + R"(","left":)" + std::to_string(i) + "}");
        return body + "]}";
    }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(BatchFlow, EachItemIsAnEventOfItsOwn)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const std::string batch = (source_folder() / "config/connectors/adyen/samples/batch.json").string();
    const auto sent = headgate_send({"adyen", "--file", batch});
    EXPECT_THAT(sent.out, HasSubstr(": 200\n[accepted]")) << sent.err;
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_THAT(ledger("select id from payment order by id"),
                ElementsAre("payment/SAMPLEPSP0000002", "payment/SAMPLEPSP0000008"));
    EXPECT_THAT(ledger("select id from refund"), ElementsAre("refund/SAMPLEPSP0000003"));
    EXPECT_THAT(ledger("select id from dispute"), ElementsAre("dispute/SAMPLEPSP0000004"));
    EXPECT_EQ(count("accepted"), 6) << "the batch and its five items";
    EXPECT_EQ(count("applied"), 4);
    EXPECT_EQ(count("suppressed"), 2) << "the batch itself, and an item of no interest";
    const auto split = headgate_->admin("GET", "/api/v1/events?state=suppressed").second;
    EXPECT_THAT(split, HasSubstr("\"reason\":\"split\""));

    // The vendor did not hear the answer, and sends it again with one item more.
    EXPECT_EQ(headgate_send({"adyen", "--file", batch}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("accepted"), 6);
    std::ifstream file(batch);
    auto body = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    auto more = body.at("notificationItems").as_array()[0];
    more.at("NotificationRequestItem").at("pspReference") = "SAMPLEPSP0000009";
    body.as_object()["notificationItems"].as_array().push_back(more);
    write("more.json", json::serialize(body));
    EXPECT_EQ(headgate_send({"adyen", "--file", (folder_ / "conf/more.json").string()}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("accepted"), 8) << "a batch of its own, and one item that is new";
    EXPECT_EQ(ledger("select id from payment").size(), 3U);
}

TEST_F(BatchFlow, AnItemThatNobodySignedHarmsNoOther)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto bad = headgate_send({"adyen", "--bad-signature"});
    EXPECT_THAT(bad.out, HasSubstr(": 401"));
    EXPECT_THAT(bad.out, HasSubstr("signature_wrong"));
    EXPECT_EQ(count("accepted"), 0);

    // The amount of the refund is not the one that was signed.
    std::ifstream file(source_folder() / "config/connectors/adyen/samples/batch.json");
    auto body = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    body.at("notificationItems").as_array()[1].at("NotificationRequestItem").at("additionalData").at("hmacSignature") =
        "ZNBPtI+oDyyRrLyD1XirkKnQgIAlFc07Vj27TeHsDRE=";
    write("forged.json", json::serialize(body));
    EXPECT_EQ(headgate_send({"adyen", "--file", (folder_ / "conf/forged.json").string()}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "signature_wrong", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":3", 60s));
    EXPECT_TRUE(ledger("select id from refund").empty()) << "nobody has said that";
    EXPECT_EQ(ledger("select id from payment").size(), 2U);
    const auto letters = headgate_->admin_json("/api/v1/dlq");
    ASSERT_EQ(letters.at("letters").as_array().size(), 1U);

    // A replay changes nothing of it: the signature is judged again.
    const std::string letter(letters.at("letters").as_array()[0].at("letter").as_string());
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + letter + "/replay", R"({"why":"try"})").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "signature_wrong", 60s));
    EXPECT_TRUE(ledger("select id from refund").empty());
}

TEST_F(BatchFlow, ItemsWithoutNamesHaveTheirBatchs)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    // The second names no topic, the third neither key nor topic, the fourth is no object.
    const std::string body =
        R"({"counts":[{"kind":"count","id":"c-1","sku":"A-1","left":1},{"id":"c-2","sku":"A-2","left":2},{"sku":"A-3"},17,{"kind":"count","sku":"A-5","left":5}]})";
    EXPECT_EQ(post("stock", "b-1", body).first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"dead\":3", 60s))
        << headgate_->admin("GET", "/api/v1/verify").second << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":2", 60s));
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-1", "A-5"));
    EXPECT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "topic_missing", 60s))
        << headgate_->admin("GET", "/api/v1/dlq").second;

    EXPECT_EQ(post("stock", "b-2", R"({"counts":{"id":"c-9"}})").first, 200) << "well named and wrong is a letter";
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "split_wrong", 60s));
    EXPECT_EQ(post("stock", "b-3", R"({"counts":[]})").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"suppressed\":2", 60s));
}

TEST_F(BatchFlow, AShadowsBatchIsTakenApartAndNothingOfItIsDelivered)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_EQ(post("shadow", "b-1", counts(3)).first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"suppressed\":4", 60s))
        << headgate_->admin("GET", "/api/v1/verify").second;
    EXPECT_EQ(count("accepted"), 4);
    EXPECT_TRUE(ledger("select id from inventory_level").empty());
}

TEST_F(BatchFlow, WhoeverDiesInTheMidstLosesAndDoublesNothing)
{
    constexpr int items = 500;
    int deaths = 0;
    for (const auto* fault : {"accept_answered:1", "accept_stored:2", "accept_stored:130", "items_accepted:1",
                              "items_accepted:3", "after_ledger_commit:1", "after_finish:1", "after_finish:200"}) {
        SCOPED_TRACE(fault);
        headgate_->environment("HEADGATE_FAULT", fault);
        if (!headgate_->start()) {  // what the one before left was enough
            ++deaths;
            continue;
        }
        // The vendor goes on until somebody answers.
        const auto [status, answer] = post("stock", "b-1", counts(items));
        EXPECT_TRUE(status == 200 || status == 0) << status << answer;
        if (headgate_->wait_until_ended(status == 0 ? 20s : 5s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_GE(deaths, 6) << "too few of the places are on this way any more";
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_EQ(post("stock", "b-1", counts(items)).first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->admin("GET", "/api/v1/verify").second;
    EXPECT_EQ(count("accepted"), items + 1);
    EXPECT_EQ(count("applied"), items);
    EXPECT_EQ(count("suppressed"), 1);
    EXPECT_EQ(ledger("select id from inventory_level").size(), static_cast<std::size_t>(items));
    EXPECT_THAT(ledger("select sum(quantities_on_hand) from inventory_level"),
                ElementsAre(::testing::StartsWith(std::to_string(items * (items - 1) / 2))));
}

}  // namespace

}  // namespace headgate::test
