// What gets through the door: schemes, addresses and dates, as a deployment writes them, and `headgate send` as the
// vendor.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/order_sender.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class DoorFlow : public ::testing::Test {
protected:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    DoorFlow()
    {
        write("headgate.yaml", R"(
public_url: https://hooks.acme.example
listen: { trusted_proxies: [127.0.0.1] }
channels:
  bearer:
    connector: bearer
    secret: [{ secret: env:OLD, until: 2026-01-01T00:00:00Z }, { secret: env:NEW, from: 2026-01-01T00:00:00Z }, { secret: env:NEXT, from: 2999-01-01T00:00:00Z }]
  near: { connector: bearer, secret: env:NEW, addresses: [192.0.2.0/24] }
  message: { connector: message, secret: env:KEY, settings: { keyid: acme-1 } }
  stock: { connector: stock, secret: env:NEW }
  form: { connector: form, secret: env:NEW }
  woo: { connector: woocommerce, secret: env:NEW }
  paired: { connector: paired, secret: env:NEW, settings: { public_key: ours } }
)");
        connector("bearer", "shared_secret: { header: Authorization, prefix: \"Bearer \" }");
        connector("message", "http_message: { keyid_setting: keyid }");
        connector(
            "paired",
            R"(hmac: { parameter: sig, pair: "|", pair_setting: public_key, signed: "{setting:public_key}.{body}" })");
        write("connectors/stock/body.xml", R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE stock SYSTEM "http://acme.example/stock.dtd">
<stock id="s-1" at="2026-03-03T14:21:00Z"><auth>{secret}</auth>
  <item sku="A-1"><left unit="EA">12.50</left></item><item sku="A-2"><left unit="EA">7</left></item></stock>
)");
        write("connectors/stock/connector.yaml", R"(format: { kind: xml }
signature: { shared_secret: { pointer: /stock/auth } }
identity: { topic: '"counted"', idempotency_key: .stock."@id" }
topics: { counted: { mappings: [level], sample: body.xml } }
send: { topic: counted }
)");
        write("connectors/stock/mappings/level.yaml", R"(transaction: inventory_level
each: .stock.item[]
entity: stock/{."@sku"}
version: $doc.stock."@at" | timestamp
fields:
  item: { sku: ."@sku" }
  location: main
  as_of: $doc.stock."@at" | timestamp
  basis: full
  quantities: { on_hand: .left | quantity(.left."@unit") }
)");
        write("connectors/form/body.txt", "id=f-1&sku=B+1&left=3");
        write("connectors/form/connector.yaml", R"(format: { kind: form }
signature: { hmac: { field: sig, signed: "{field:id}.{field:left}" } }
identity: { topic: '"counted"', idempotency_key: .id, order_by: .sku }
topics: { counted: { mappings: [level], sample: body.txt } }
send: { topic: counted }
)");
        write("connectors/form/mappings/level.yaml", R"(transaction: inventory_level
entity: stock/{.sku}
version: $event.received_at | timestamp
fields:
  item: { sku: .sku }
  location: main
  as_of: $event.received_at | timestamp
  basis: full
  quantities: { on_hand: .left | quantity("EA") }
)");
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf",
                                     folder_ / "data",
                                     {{"OLD", "old-token"},
                                      {"NEW", "new-token"},
                                      {"NEXT", "next-token"},
                                      {"KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}},
                                     "127.0.0.1:0"});
    }

    /// Adds to the connector `message` a challenge, and what it wants to hear.
    void asking()
    {
        connector("message", "http_message: { keyid_setting: keyid }",
                  "challenges: [{ parameter: challenge }, { method: POST, field: webhook_id, answer: \"\" }]\n"
                  "answer: { status: 202, body: \"[accepted]\" }\n");
    }

    void write(const std::string& name, const std::string& text) { write_file(folder_ / "conf" / name, text); }

    /// What arrives is an event of the topic `counted`, whose key is the header x-id; nothing is made of it.
    void connector(const std::string& name, const std::string& signature, const std::string& more = {})
    {
        write("connectors/" + name + "/body.json", R"({"id":7,"note":"as it is"})");
        write("connectors/" + name + "/connector.yaml",
              "signature: { " + signature +
                  " }\nidentity: { topic: '\"counted\"', idempotency_key: '$headers.\"x-id\"' }\nkeep_headers: [x-id]\n"
                  "topics: { counted: { sample: body.json } }\n"
                  "send: { topic: counted, headers: [{ name: x-id, value: \"{uuid}\" }] }\n" +
                  more);
    }

    std::pair<int, std::string> post(const std::string& channel, Headers headers, std::string body = "{}",
                                     std::string method = "POST")
    {
        net::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = headgate_->port();
        request.method = std::move(method);
        request.target = "/hooks/" + channel;
        request.body = std::move(body);
        request.fields = std::move(headers);
        request.fields.emplace_back("X-Id", std::to_string(++sent_));
        const auto answer = net::exchange(request);
        return answer ? std::pair{answer->status, answer->body} : std::pair{0, answer.error().detail};
    }

    CommandResult headgate_send(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.begin(), "send");
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments, {{"OLD", "old-token"},
                                        {"NEW", "new-token"},
                                        {"NEXT", "next-token"},
                                        {"KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}});
    }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
    int sent_ = 0;
};

TEST_F(DoorFlow, ASecretCountsFromItsFirstDayToItsLast)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_EQ(post("bearer", {{"Authorization", "Bearer new-token"}}).first, 200);
    EXPECT_EQ(post("bearer", {{"Authorization", "bearer new-token"}}).first, 200) << "a scheme's name has no case";
    for (const auto* token : {"old-token", "next-token"}) {
        const auto [status, body] = post("bearer", {{"Authorization", std::string("Bearer ") + token}});
        EXPECT_EQ(status, 401) << token;
        EXPECT_THAT(body, HasSubstr("secret_out_of_date"));
        EXPECT_THAT(body, ::testing::Not(HasSubstr(token)));
    }
    EXPECT_THAT(post("bearer", {{"Authorization", "Bearer guessed"}}).second, HasSubstr("secret_wrong"));
    EXPECT_THAT(post("bearer", {}).second, HasSubstr("secret_not_given"));
    EXPECT_THAT(headgate_->admin("GET", "/metrics").second,
                HasSubstr("headgate_secret_matches_total{channel=\"bearer\",secret=\"2\"} 2"));
}

TEST_F(DoorFlow, ThoseWhoCallFromElsewhereAreRefusedWhateverTheyKnow)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto from = [&](const std::string& forwarded) {
        return post("near", {{"Authorization", "Bearer new-token"}, {"X-Forwarded-For", forwarded}});
    };
    EXPECT_EQ(from("192.0.2.9").first, 200) << from("192.0.2.9").second;
    EXPECT_THAT(from("198.51.100.1").second, HasSubstr("address_not_allowed"));
    EXPECT_THAT(from("192.0.2.9, 198.51.100.1").second, HasSubstr("address_not_allowed"))
        << "what the caller wrote into the header itself proves nothing";
    EXPECT_EQ(post("near", {{"Authorization", "Bearer new-token"}}).first, 401) << "the proxy itself is no vendor";
}

TEST_F(DoorFlow, SendSignsByEachSchemeAndPlaysAForger)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    for (const auto* channel : {"message", "paired"}) {
        SCOPED_TRACE(channel);
        const auto good = headgate_send({channel});
        EXPECT_EQ(good.code, 0) << good.out << good.err;
        const auto bad = headgate_send({channel, "--bad-signature"});
        EXPECT_EQ(bad.code, 1);
        EXPECT_THAT(bad.out, HasSubstr(": 401"));
        const auto twice = headgate_send({channel, "--duplicate"});
        EXPECT_EQ(twice.code, 0);
        EXPECT_THAT(twice.out, HasSubstr("\"duplicate\":true"));
    }
    EXPECT_EQ(headgate_send({"bearer"}).code, 0) << "the first secret is of last year: the one of today is sent";

    const auto changed = headgate_send({"paired", "--set", "/id=19.90", "--set", "/note=so it is", "--json"});
    ASSERT_EQ(changed.code, 0) << changed.err;
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    const auto event = event_of(changed.out);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/events/" + event + "/raw?reveal=true&why=test").second,
              R"({"id":19.90,"note":"so it is"})");
    EXPECT_EQ(headgate_send({"paired", "--set", "id=7"}).code, 1) << "no JSON pointer";
}

TEST_F(DoorFlow, AVendorsQuestionIsAnsweredAndIsNoEvent)
{
    asking();
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_EQ(post("message?challenge=8f3a", {}, "", "GET"), (std::pair<int, std::string>{200, "8f3a"}));
    EXPECT_EQ(post("message", {}, "webhook_id=15"), (std::pair<int, std::string>{200, ""}));
    EXPECT_EQ(post("woo", {}, "webhook_id=15"), (std::pair<int, std::string>{200, ""}));
    EXPECT_EQ(post("woo", {}, "webhook_id=15&id=1").first, 401);
    EXPECT_EQ(post("message?other=1", {}, "", "GET").first, 405);
    EXPECT_EQ(post("bearer?challenge=8f3a", {}, "", "GET").first, 405) << "this vendor asks nothing";
    EXPECT_EQ(post("message", {{"Signature", "x=:aGk=:"}}, "webhook_id=15").first, 401) << "signed, so it is an event";
    EXPECT_EQ(headgate_->admin_json("/api/v1/verify").at("accepted").to_number<int>(), 0);

    EXPECT_THAT(headgate_send({"message"}).out, HasSubstr(": 202\n[accepted]"));
    EXPECT_THAT(headgate_send({"message", "--duplicate"}).out, HasSubstr(": 202\n[accepted]"))
        << "what was known hears the same";
}

TEST_F(DoorFlow, ACompressedBodyIsWhatItHoldsAndSignedAsItCame)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const std::string body = R"({"id":7,"note":")" + std::string(100'000, 'a') + "\"}";
    // `gzip -9` of the same, made by the machine's own.
    std::ofstream(folder_ / "body.json") << body;
    ASSERT_EQ(std::system(("gzip -9k " + (folder_ / "body.json").string()).c_str()), 0);
    std::ifstream file(folder_ / "body.json.gz", std::ios::binary);
    const std::string zip{std::istreambuf_iterator<char>(file), {}};
    const auto send = [&](const std::string& coding, const std::string& bytes) {
        return post("bearer", {{"Authorization", "Bearer new-token"}, {"Content-Encoding", coding}}, bytes);
    };
    const auto [status, answer] = send("gzip", zip);
    ASSERT_EQ(status, 200) << answer;
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/events/" + event_of(answer) + "/raw?reveal=true&why=test").second, body);
    EXPECT_THAT(send("br", zip).second, HasSubstr("content_encoding_unsupported"));
    EXPECT_EQ(send("br", zip).first, 415);
    EXPECT_EQ(send("gzip", body).first, 400);
    EXPECT_EQ(send("identity", body).first, 200);

    // 40 MB of nothing in 40 kB.
    ASSERT_EQ(std::system(("head -c 40000000 /dev/zero | gzip -9 > " + (folder_ / "bomb.gz").string()).c_str()), 0);
    std::ifstream bomb(folder_ / "bomb.gz", std::ios::binary);
    EXPECT_EQ(send("gzip", {std::istreambuf_iterator<char>(bomb), {}}).first, 413);
}

TEST_F(DoorFlow, XmlAndFormsBecomeTransactions)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    for (const auto* channel : {"stock", "form"}) {
        SCOPED_TRACE(channel);
        const auto bad = headgate_send({channel, "--bad-signature"});
        EXPECT_THAT(bad.out, HasSubstr(": 401")) << bad.err;
        const auto sent = headgate_send({channel, "--json"});
        ASSERT_EQ(sent.code, 0) << sent.out << sent.err;
        ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + event_of(sent.out), "\"state\":\"applied\"", 60s))
            << headgate_->admin("GET", "/api/v1/events/" + event_of(sent.out)).second << headgate_->log();
    }
    EXPECT_EQ(ledger_texts((folder_ / "data/ledger.db").string(),
                           "select item_sku || ' ' || quantities_on_hand from inventory_level order by 1"),
              (std::vector<std::string>{"A-1 12.5", "A-2 7", "B 1 3"}));

    EXPECT_EQ(post("stock", {},
                   "<stock id='s-2'><auth>new-token</auth><item sku='A-3'><left unit='EA'>x</left></item></stock>")
                  .first,
              200)
        << "well signed and wrong is a letter";
    EXPECT_EQ(post("stock", {}, "<!DOCTYPE s [<!ENTITY e 'new-token'>]><stock id='s-3'><auth>&e;</auth></stock>").first,
              401);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "\"type\":\"inventory_level\"", 60s));
}

}  // namespace

}  // namespace headgate::test
