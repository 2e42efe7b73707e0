// Vendors that publish their keys, that are asked whether they sent it, and that sign nothing: the whole gateway before
// real servers of keys.

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/tls_server.hpp"
#include "tests/support/vendor.hpp"
#include "tests/support/vendor_keys.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Fields = std::vector<std::pair<std::string, std::string>>;

class FetchedKeysFlow : public ::testing::Test {
protected:
    /// `rest`: what the connector has besides; `channel`: what the channel has.
    bool start(const std::string& signature, const std::string& channel, const std::string& rest = {})
    {
        write("connectors/stock/connector.yaml", "signature: " + signature + R"(
identity: { topic: .kind, idempotency_key: .id, order_by: .stock.sku // .sku }
topics:
  changed: { )" + fetch_ + R"(mappings: [level] }
)" + rest);
        write("connectors/stock/mappings/level.yaml", R"(transaction: inventory_level
entity: stock/{.stock.sku}
version: .stock.at | timestamp
fields:
  item: { sku: .stock.sku }
  location: main
  as_of: .stock.at | timestamp
  basis: full
  quantities: { on_hand: .stock.left | quantity("EA") }
)");
        write("headgate.yaml", "threads: 4\nchannels:\n  shop: { connector: stock, " + channel + " }\n");
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", {{"CLIENT_SECRET", "s3cret"}}, "127.0.0.1:0"});
        return headgate_->start();
    }

    /// A set of keys at the vendor's.
    bool start_with_set()
    {
        return start(R"({ public_key: { algorithm: ed25519, header: X-Signature, keys: { form: jwks, id_header: X-Key,
  url: "http://127.0.0.1:)" +
                         std::to_string(vendor_.port()) + R"(/jwks" } } })",
                     "keys: { allow: [127.0.0.0/8] }");
    }

    void write(const std::string& name, const std::string& text) { write_file(folder_ / "conf" / name, text); }

    static std::string event(const std::string& id)
    {
        return R"({"kind":"changed","id":")" + id + R"(","stock":{"sku":")" + id +
               R"(","left":7,"at":"2026-11-02T10:00:00Z"}})";
    }

    /// Status, and the code or the rest of what is answered.
    std::pair<int, std::string> post(const std::string& body, Fields fields) const
    {
        net::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = static_cast<std::uint16_t>(headgate_->port());
        request.method = "POST";
        request.target = "/hooks/shop";
        request.body = body;
        request.fields = std::move(fields);
        const auto answer = net::exchange(request);
        return answer ? std::pair{answer->status, answer->body} : std::pair{0, answer.error().detail};
    }

    std::pair<int, std::string> signed_by(const VendorKey& key, const std::string& name, const std::string& id) const
    {
        return post(event(id), {{"X-Signature", to_base64(key.sign(event(id)))}, {"X-Key", name}});
    }

    /// The head of the answer to a request that names a key and has no good signature.
    std::string head_of_answer() const
    {
        boost::asio::io_context io;
        boost::asio::ip::tcp::socket socket(io);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(headgate_->port())});
        const std::string request =
            "POST /hooks/shop HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Key: k\r\nX-Signature: AAAA\r\n"
            "Content-Length: 2\r\n\r\n{}";
        boost::asio::write(socket, boost::asio::buffer(request));
        std::string answer;
        boost::system::error_code end;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), end);
        return answer.substr(0, answer.find("\r\n\r\n") + 2);
    }

    CommandResult send(const std::string& file) const
    {
        return run_headgate({"send", "shop", "changed", "--file", (folder_ / "conf" / file).string(), "--data",
                             (folder_ / "data").string()});
    }

    std::vector<std::string> applied()
    {
        EXPECT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
        return ledger_texts((folder_ / "data/ledger.db").string(), "select item_sku from inventory_level order by 1");
    }

    static Vendor::Answer set_of(const std::string& jwks) { return {200, R"({"keys":[)" + jwks + "]}"}; }

    TemporaryFolder folder_;
    std::string fetch_;
    Vendor vendor_{[](const Vendor::Asked&) { return Vendor::Answer{404, "{}"}; }};
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(FetchedKeysFlow, TheFirstRequestFetchesAndTheVendorMayChangeItsKey)
{
    const auto first = VendorKey::ed25519();
    const auto second = VendorKey::ed25519();
    vendor_.say([&](const Vendor::Asked&) { return set_of(first.jwk("k-1")); });
    ASSERT_TRUE(start_with_set()) << headgate_->log();
    EXPECT_EQ(vendor_.count("/jwks"), 0U) << "nobody has asked for one";
    EXPECT_EQ(run_headgate({"check", "--config", (folder_ / "conf").string()}).code, 0);
    write("event.json", event("A-0"));
    EXPECT_THAT(send("event.json").err, HasSubstr("cannot_sign"));

    EXPECT_EQ(signed_by(first, "k-1", "A-1").first, 200);
    EXPECT_EQ(signed_by(first, "k-1", "A-2").first, 200);
    EXPECT_EQ(vendor_.count("/jwks"), 1U);
    const auto wrong = signed_by(second, "k-1", "A-3");
    EXPECT_EQ(wrong.first, 401);
    EXPECT_THAT(wrong.second, HasSubstr("signature_wrong"));
    EXPECT_EQ(vendor_.count("/jwks"), 1U) << "what is wrong is no reason to ask";

    vendor_.say([&](const Vendor::Asked&) { return set_of(first.jwk("k-1") + "," + second.jwk("k-2")); });
    EXPECT_EQ(signed_by(second, "k-2", "A-3").first, 200);
    EXPECT_EQ(signed_by(first, "k-1", "A-4").first, 200);
    EXPECT_EQ(vendor_.count("/jwks"), 2U);
    EXPECT_THAT(applied(), ElementsAre("A-1", "A-2", "A-3", "A-4"));
    EXPECT_EQ(headgate_->metric(R"(headgate_keys_fetched_total{channel="shop",result="done"})"), 2);
}

TEST_F(FetchedKeysFlow, WithoutTheKeyTheVendorSendsAgain)
{
    const auto key = VendorKey::ed25519();
    vendor_.say([](const Vendor::Asked&) { return Vendor::Answer{500, "{}"}; });
    ASSERT_TRUE(start_with_set()) << headgate_->log();
    for (const auto& answer : {signed_by(key, "k", "A-1"), signed_by(VendorKey::ed25519(), "k", "A-2")}) {
        EXPECT_EQ(answer.first, 503) << "whoever it is: neither accepted nor turned away for good";
        EXPECT_THAT(answer.second, HasSubstr("key_not_fetched"));
    }
    EXPECT_THAT(head_of_answer(), HasSubstr("\r\nRetry-After: "));
    EXPECT_THAT(headgate_->log(), HasSubstr("http_500"));
    EXPECT_EQ(headgate_->admin_json("/api/v1/verify").at("accepted").to_number<int>(), 0);

    vendor_.say([](const Vendor::Asked&) { return Vendor::Answer{200, std::string(std::size_t{65} << 10U, ' ')}; });
    EXPECT_TRUE(happens([&] {
        signed_by(key, "k", "A-1");
        return headgate_->log().contains("answer_too_large");
    }));
    vendor_.say([&](const Vendor::Asked&) { return set_of(key.jwk("k")); });
    EXPECT_TRUE(happens([&] { return signed_by(key, "k", "A-1").first == 200; }));
    EXPECT_THAT(applied(), ElementsAre("A-1"));
}

TEST_F(FetchedKeysFlow, MadeUpIdsMakeNoStormAtTheVendor)
{
    const auto key = VendorKey::ed25519();
    vendor_.say([&](const Vendor::Asked&) { return set_of(key.jwk("k")); });
    ASSERT_TRUE(start_with_set()) << headgate_->log();
    EXPECT_EQ(signed_by(key, "k", "A-0").first, 200);
    const auto began = std::chrono::steady_clock::now();
    std::map<int, int> answers;
    for (int i = 1; i <= 100; ++i) {
        ++answers[signed_by(VendorKey::ed25519(), "forged-" + std::to_string(i), "F-" + std::to_string(i)).first];
        if (i % 10 == 0)
            EXPECT_EQ(signed_by(key, "k", "A-" + std::to_string(i)).first, 200) << "a known key is never affected";
    }
    const auto minutes = static_cast<std::size_t>((std::chrono::steady_clock::now() - began) / 1min);
    EXPECT_LE(vendor_.count("/jwks"), 10 * (minutes + 1));
    EXPECT_EQ(answers[401] + answers[503], 100);
    EXPECT_GE(answers[401], 9) << "the vendor was asked, and has no such key";
    EXPECT_EQ(applied().size(), 11U);
}

TEST_F(FetchedKeysFlow, ManyAtOnceAreOneFlight)
{
    const auto key = VendorKey::ed25519();
    std::atomic<bool> asked = false;
    std::atomic<int> sent = 0;
    vendor_.say([&](const Vendor::Asked&) {
        asked = true;
        EXPECT_TRUE(happens([&] { return sent == 20; }));
        return set_of(key.jwk("k"));
    });
    ASSERT_TRUE(start_with_set()) << headgate_->log();
    std::atomic<int> accepted = 0;
    {
        std::vector<std::jthread> senders;
        for (int i = 0; i < 20; ++i)
            senders.emplace_back([&, i] {
                ++sent;
                if (signed_by(key, "k", "A-" + std::to_string(i)).first == 200)
                    ++accepted;
            });
    }
    EXPECT_TRUE(asked);
    EXPECT_EQ(accepted, 20);
    EXPECT_EQ(vendor_.count("/jwks"), 1U);
    EXPECT_EQ(applied().size(), 20U);
}

TEST_F(FetchedKeysFlow, WhoeverEndsItMeanwhileWaitsForNoVendor)
{
    const auto key = VendorKey::ed25519();
    std::atomic<bool> asked = false;
    std::atomic<bool> go_on = false;
    vendor_.say([&](const Vendor::Asked&) {
        asked = true;
        EXPECT_TRUE(happens([&] { return go_on.load(); }));
        return set_of(key.jwk("k"));
    });
    ASSERT_TRUE(start_with_set()) << headgate_->log();
    std::vector<std::jthread> senders;
    for (int i = 0; i < 4; ++i)
        senders.emplace_back([&, i] { EXPECT_NE(signed_by(key, "k", "A-" + std::to_string(i)).first, 200); });
    EXPECT_TRUE(happens([&] { return asked.load(); }));
    EXPECT_TRUE(headgate_->terminate());
    EXPECT_EQ(headgate_->exit_code(), 0);
    senders.clear();
    go_on = true;
    vendor_.say([&](const Vendor::Asked&) { return set_of(key.jwk("k")); });
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_EQ(signed_by(key, "k", "A-0").first, 200);
    EXPECT_THAT(applied(), ElementsAre("A-0"));
}

TEST_F(FetchedKeysFlow, CertificatesComeFromTheirHostsAloneAndCountInTheirDates)
{
    const auto ca = VendorKey::rsa();
    const auto server = VendorKey::rsa();
    const auto key = VendorKey::rsa();
    const std::string of_server = server.certificate(ca, "127.0.0.1", -1, 2, "IP:127.0.0.1");
    const auto say = [&](const std::string& target) -> std::string {
        if (target == "/certs/good")
            return key.certificate(ca, "vendor.example", -1, 2);
        return target == "/certs/old" ? key.certificate(ca, "vendor.example", -3, -1) : "";
    };
    TlsServer right(of_server, server.private_pem(), say);
    TlsServer other(of_server, server.private_pem(), say);
    write("ca.pem", ca.certificate(ca, "A CA of the tests", -1, 2));
    ASSERT_TRUE(start(R"({ public_key: { header: X-Signature, signed: "{header:X-Id}|{body_crc32}|{body}",
  keys: { url_header: X-Cert, path: /certs/, hosts: ["127.0.0.1:)" +
                          std::to_string(right.port()) + R"("] } } })",
                      "keys: { allow: [127.0.0.0/8], ca: ca.pem }"))
        << headgate_->log();
    // The CRC-32 is the one part of this string that is no test's to say: any body of these has its own.
    const auto send = [&](const std::string& url, const std::string& id) {
        const std::string body = event(id);
        std::uint32_t crc = 0xffffffffU;
        for (const char letter : body) {
            crc ^= static_cast<unsigned char>(letter);
            for (int bit = 0; bit < 8; ++bit)
                crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
        }
        const std::string covered = id + "|" + std::to_string(crc ^ 0xffffffffU) + "|" + body;
        return post(body, {{"X-Signature", to_base64(key.sign(covered))}, {"X-Id", id}, {"X-Cert", url}});
    };
    const auto at = [](const TlsServer& where, const std::string& path) {
        return "https://127.0.0.1:" + std::to_string(where.port()) + path;
    };

    EXPECT_THAT(send(at(other, "/certs/good"), "A-1").second, HasSubstr("key_url_refused"));
    EXPECT_THAT(send("http" + at(right, "/certs/good").substr(5), "A-1").second, HasSubstr("key_url_refused"));
    EXPECT_THAT(send(at(right, "/others/good"), "A-1").second, HasSubstr("key_url_refused"));
    EXPECT_EQ(right.connections() + other.connections(), 0);

    EXPECT_EQ(send(at(right, "/certs/good"), "A-1").first, 200) << headgate_->log();
    EXPECT_EQ(send(at(right, "/certs/good"), "A-2").first, 200);
    EXPECT_EQ(right.connections(), 1);
    EXPECT_THAT(send(at(right, "/certs/old"), "A-3").second, HasSubstr("certificate_out_of_date"));
    EXPECT_THAT(send(at(right, "/certs/none"), "A-3").second, HasSubstr("key_unknown"));
    EXPECT_EQ(other.connections(), 0);
    EXPECT_THAT(applied(), ElementsAre("A-1", "A-2"));
}

TEST_F(FetchedKeysFlow, ASecretOfTheChannelIsNeededToAskAsEbayWantsIt)
{
    const auto key = VendorKey::p256();
    vendor_.say([&](const Vendor::Asked& asked) -> Vendor::Answer {
        if (asked.target == "/token")
            return {200, R"({"access_token":"t-1","expires_in":3600})"};
        if (!asked.headers.contains("authorization") || asked.headers.at("authorization") != "Bearer t-1")
            return {401, "{}"};
        if (asked.target == "/v1/public_key/k-1")
            return {200, boost::json::serialize(boost::json::object{{"key", key.pem()}})};
        return {404, "{}"};
    });
    const std::string at = "http://127.0.0.1:" + std::to_string(vendor_.port());
    ASSERT_TRUE(start(R"({ public_key: { algorithm: ecdsa_p256_sha256, header: X-Signature,
  envelope: { signature: /signature, key: /kid }, keys: { url: "/public_key/{id}", pointer: /key, login: true } } })",
                      "api: { client_id: me, client_secret: env:CLIENT_SECRET, allow: [127.0.0.0/8] }",
                      "api: { url: \"" + at + "/v1\", auth: client_credentials, token_url: \"" + at + "/token\" }\n"))
        << headgate_->log();
    const auto send = [&](const std::string& name, const std::string& id) {
        return post(event(id), {{"X-Signature", to_base64(R"({"kid":")" + name + R"(","signature":")" +
                                                          to_base64(key.sign(event(id))) + "\"}")}});
    };
    EXPECT_EQ(send("k-1", "A-1").first, 200) << headgate_->log();
    EXPECT_EQ(send("k-1", "A-2").first, 200);
    EXPECT_EQ(vendor_.count("/v1/public_key/k-1"), 1U);
    EXPECT_THAT(send("k-2", "A-3").second, HasSubstr("key_unknown"));
    EXPECT_THAT(applied(), ElementsAre("A-1", "A-2"));
}

TEST_F(FetchedKeysFlow, TheVendorIsAskedWhetherItSentIt)
{
    std::atomic<int> status = 500;
    vendor_.say([&](const Vendor::Asked& asked) -> Vendor::Answer {
        if (asked.target == "/token")
            return {200, R"({"access_token":"t-1","expires_in":3600})"};
        const auto question = boost::json::parse(asked.body).as_object();
        const bool ours = asked.target == "/v1/verify" && asked.method == "POST" && question.at("id") == "tr-1" &&
                          question.at("webhook") == "WH-7" && asked.body.contains("\"event\":{\"kind\"");
        return {status, std::string(R"({"status":")") + (ours ? "SUCCESS" : "FAILURE") + "\"}"};
    });
    const std::string at = "http://127.0.0.1:" + std::to_string(vendor_.port());
    ASSERT_TRUE(start(R"({ postback: { path: /verify, fields: { id: "{header:X-Id}", webhook: "{setting:webhook}" },
  body: event, answer: { pointer: /status, equals: SUCCESS } } })",
                      "settings: { webhook: WH-7 }, api: { client_id: me, client_secret: env:CLIENT_SECRET, allow: "
                      "[127.0.0.0/8] }",
                      "api: { url: \"" + at + "/v1\", auth: client_credentials, token_url: \"" + at + "/token\" }\n"))
        << headgate_->log();

    const auto away = post(event("A-1"), {{"X-Id", "tr-1"}});
    EXPECT_EQ(away.first, 503);
    EXPECT_THAT(away.second, HasSubstr("postback_failed"));
    status = 200;
    EXPECT_EQ(post(event("A-1"), {{"X-Id", "tr-1"}}).first, 200) << headgate_->log();
    const auto forged = post(event("A-2"), {{"X-Id", "tr-2"}});
    EXPECT_EQ(forged.first, 401);
    EXPECT_THAT(forged.second, HasSubstr("postback_refused"));
    const auto asked_before = vendor_.count("/v1/verify");
    EXPECT_THAT(post("{},", {{"X-Id", "tr-1"}}).second, HasSubstr("signature_malformed"));
    EXPECT_THAT(post(event("A-3"), {}).second, HasSubstr("signature_malformed"));
    EXPECT_EQ(vendor_.count("/v1/verify"), asked_before) << "what cannot be asked about is not";
    EXPECT_THAT(applied(), ElementsAre("A-1"));
    EXPECT_EQ(headgate_->metric(R"(headgate_postbacks_total{channel="shop",result="refused"})"), 1);
}

TEST_F(FetchedKeysFlow, OfWhatNobodySignsOnlyWhatIsFetchedIsMapped)
{
    vendor_.say([&](const Vendor::Asked& asked) -> Vendor::Answer {
        if (asked.target == "/v1/stock/A-1")
            return {200, R"({"sku":"A-1","left":3,"at":"2026-11-02T10:00:00Z"})"};
        return {404, "{}"};
    });
    fetch_ = R"(fetch: { path: "/stock/{.id | url}", into: /stock }, )";
    const std::string api = "api: { url: \"http://127.0.0.1:" + std::to_string(vendor_.port()) + "/v1\" }\n";
    ASSERT_TRUE(start("{ none: {} }", "api: { allow: [127.0.0.0/8] }", api)) << headgate_->log();
    write("event.json", R"({"kind":"changed","id":"A-1","stock":{"sku":"A-1","left":9000}})");
    EXPECT_EQ(send("event.json").code, 0);
    EXPECT_EQ(post(R"({"kind":"changed","id":"forged","stock":{"sku":"F","left":9000}})", {}).first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "http_404", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":1", 60s)) << headgate_->log();
    EXPECT_THAT(ledger_texts((folder_ / "data/ledger.db").string(),
                             "select item_sku || ' ' || quantities_on_hand from inventory_level"),
                ElementsAre("A-1 3"));
}

}  // namespace

}  // namespace headgate::test
