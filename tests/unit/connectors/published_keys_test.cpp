// Vendors that publish the keys they sign with: what a request may say of them, and what their answers hold.

#include <gmock/gmock.h>

#include "connectors/signatures/published_keys.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "tests/support/vendor_keys.hpp"
#include "tests/unit/connectors/scheme_fixture.hpp"

namespace headgate::connectors {

namespace {

using test::VendorKey;
using ::testing::HasSubstr;

constexpr const char* shipengine =
    R"(public_key: { header: x-signature, signed: "{timestamp}.{body}", timestamp_header: x-timestamp, window: 5m,
    keys: { url: "https://api.vendor.example/jwks", form: jwks, id_header: x-key-id } })";
constexpr const char* ebay = R"(public_key: { algorithm: ecdsa_p256_sha1, header: X-EBAY-SIGNATURE,
    envelope: { signature: /signature, key: /kid },
    keys: { url: "/commerce/notification/v1/public_key/{id}", pointer: /key, login: true } })";
constexpr const char* paypal = R"(public_key: { header: PAYPAL-TRANSMISSION-SIG,
    signed: "{header:paypal-transmission-id}|{header:paypal-transmission-time}|{setting:webhook_id}|{body_crc32}",
    keys: { url_header: PAYPAL-CERT-URL, hosts: [api.paypal.com, api.sandbox.paypal.com],
            path: /v1/notifications/certs/ } })";
constexpr const char* message =
    R"(http_message: { algorithm: ed25519, keys: { url: "https://api.vendor.example/jwks", form: jwks } })";

const std::string event = R"({"id":7,"total":"19.90"})";

class PublishedKeysTest : public ForgeryTest {
protected:
    /// As the gateway does before it verifies: the vendor answers whatever is asked.
    static void fetch(const Verifier& verifier, const Sent& sent, const std::string& answer)
    {
        const auto wanted = verifier.wanted_key(sent.request());
        ASSERT_TRUE(wanted);
        const auto now = KeyRing::Clock::time_point{} + std::chrono::hours(1);
        ASSERT_EQ(verifier.key_ring()->look(*wanted, now).step, KeyRing::Step::fetch);
        const auto learned = verifier.key_ring()->learn(*wanted, answer, now, sent.request().now);
        ASSERT_TRUE(learned) << learned.error().detail;
    }

    static Sent of_shipengine(const VendorKey& key, const std::string& id)
    {
        Sent sent{.body = event};
        const std::string time = std::to_string(sent.now);
        sent.headers = {
            {"x-signature", to_base64(key.sign(time + "." + event))}, {"x-timestamp", time}, {"x-key-id", id}};
        return sent;
    }

    static Sent of_ebay(const VendorKey& key, const std::string& id)
    {
        Sent sent{.body = event};
        sent.headers = {{"X-EBAY-SIGNATURE", to_base64(R"({"alg":"ecdsa","kid":")" + id + R"(","signature":")" +
                                                       to_base64(key.sign(event)) + R"(","digest":"SHA1"})")}};
        return sent;
    }

    static Sent of_paypal(const VendorKey& key, const std::string& url)
    {
        Sent sent{.body = "The quick brown fox jumps over the lazy dog", .settings = {{"webhook_id", "WH-7"}}};
        sent.now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                       .count();
        // The CRC-32 of this sentence is known to everybody: 0x414FA339.
        sent.headers = {{"PAYPAL-TRANSMISSION-SIG", to_base64(key.sign("tr-1|2026-11-02T10:00:00Z|WH-7|1095738169"))},
                        {"PAYPAL-TRANSMISSION-ID", "tr-1"},
                        {"PAYPAL-TRANSMISSION-TIME", "2026-11-02T10:00:00Z"},
                        {"PAYPAL-CERT-URL", url},
                        {"PAYPAL-AUTH-ALGO", "SHA256withRSA"}};
        return sent;
    }

    static std::string without_breaks(std::string pem)
    {
        std::erase(pem, '\n');
        return pem;
    }
};

TEST_F(PublishedKeysTest, ASetOfKeysIsSearchedForTheIdOfTheHeader)
{
    const auto key = VendorKey::rsa();
    const auto other = VendorKey::rsa();
    const auto made = verifier(shipengine, {});
    const auto sent = of_shipengine(key, "k/1 é");
    EXPECT_EQ(code(*made, sent), "signature_malformed") << "an id is printable ASCII";
    const auto good = of_shipengine(key, "k/1?");
    EXPECT_EQ(made->wanted_key(good.request())->url, "https://api.vendor.example/jwks");
    EXPECT_EQ(code(*made, good), "key_unknown");

    fetch(*made, good,
          R"({"keys":[)" + other.jwk("k/2") + "," + VendorKey::p256().jwk("k/1?") + "," +
              VendorKey::ed25519().jwk("e") + R"(,{"kty":"unheard of","kid":"x"},7,)" +
              VendorKey::rsa().jwk("k/1?", R"(,"use":"enc")") + "," + key.jwk("k/1?", R"(,"alg":"none","use":"sig")") +
              "]}");

    EXPECT_EQ(code(*made, good), "ok");
    EXPECT_EQ(code(*made, of_shipengine(other, "k/2")), "ok");
    EXPECT_EQ(code(*made, of_shipengine(other, "k/1?")), "signature_wrong");
    EXPECT_EQ(code(*made, of_shipengine(key, "k/2")), "signature_wrong") << "the key counts that is named";
    EXPECT_EQ(code(*made, of_shipengine(key, "e")), "key_unknown") << "a key for another algorithm is none";
    EXPECT_EQ(code(*made, of_shipengine(key, "")), "key_id_missing");
    auto twice = good;
    twice.headers.emplace_back("X-Key-Id", "k/2");
    EXPECT_EQ(code(*made, twice), "key_id_missing");
    EXPECT_EQ(made->sign(good.request(), 0).error().code, "cannot_sign");
    auto old = good;
    old.now += 301;
    EXPECT_FALSE(made->wanted_key(old.request())) << "nothing is fetched for what is refused anyway";
    none_passes(*made, good);
}

TEST_F(PublishedKeysTest, SetsOfEachKindOfKey)
{
    struct Case {
        const char* algorithm;
        VendorKey key;
    };
    for (const auto& [algorithm, key] :
         {Case{"rsa_pkcs1_sha256", VendorKey::rsa()}, Case{"ecdsa_p256_sha256", VendorKey::p256()},
          Case{"ed25519", VendorKey::ed25519()}}) {
        SCOPED_TRACE(algorithm);
        const auto made =
            verifier(std::string("public_key: { header: x-signature, algorithm: ") + algorithm +
                         R"(, keys: { url: "https://v.example/jwks", form: jwks, id_header: x-key-id } })",
                     {});
        Sent sent{.body = event, .headers = {{"x-signature", to_base64(key.sign(event))}, {"x-key-id", "k"}}};
        fetch(*made, sent, R"({"keys":[)" + key.jwk("k") + "]}");
        none_passes(*made, sent);
    }
}

TEST_F(PublishedKeysTest, AnEnvelopeNamesTheKeyAsEbaysDoes)
{
    const auto key = VendorKey::p256(EVP_sha1());
    const auto made = verifier(ebay, {});
    const auto good = of_ebay(key, "9936261a-7d7b/4621");
    EXPECT_EQ(made->wanted_key(good.request())->url, "/commerce/notification/v1/public_key/9936261a-7d7b%2F4621");

    fetch(*made, good, R"({"key":")" + without_breaks(key.pem()) + R"(","algorithm":"RSA","digest":"SHA256"})");

    EXPECT_EQ(code(*made, good), "ok") << "what it says of algorithms counts for nothing";
    EXPECT_EQ(code(*made, of_ebay(key, "another")), "key_unknown");
    EXPECT_EQ(code(*made, of_ebay(key, "..")), "signature_malformed") << "no way up";
    EXPECT_EQ(code(*made, of_ebay(key, "")), "key_id_missing");
    for (const auto* header : {"bm9uZQ==", "{}", "e30=", "eyJraWQiOiJrIn0="})
        EXPECT_EQ(code(*made, {.body = event, .headers = {{"X-EBAY-SIGNATURE", header}}}), "signature_malformed");

    // What else stands in the envelope does not count, and is not forged.
    auto bare = good;
    bare.headers.front().second =
        to_base64(R"({"kid":"9936261a-7d7b/4621","signature":")" + to_base64(key.sign(event)) + "\"}");
    none_passes(*made, bare);
}

TEST_F(PublishedKeysTest, ACertificateFromOneOfTheHostsAsPayPals)
{
    const std::string url = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594";
    const auto ca = VendorKey::rsa();
    const auto key = VendorKey::rsa();
    const auto made = verifier(paypal, {});
    const auto good = of_paypal(key, url);
    EXPECT_EQ(made->wanted_key(good.request())->url, url);

    fetch(*made, good,
          key.certificate(ca, "messageverificationcerts.paypal.com", -1, 30) + ca.certificate(ca, "CA", -1, 30));

    EXPECT_EQ(code(*made, good), "ok");
    auto late = good;
    late.now += 31 * 86'400;
    EXPECT_EQ(code(*made, late), "certificate_out_of_date");
    auto forged = of_paypal(VendorKey::rsa(), url);
    EXPECT_EQ(code(*made, forged), "signature_wrong");
    Sent other = good;
    other.settings = {{"webhook_id", "WH-8"}};
    EXPECT_EQ(code(*made, other), "signature_wrong");
    other.settings.clear();
    EXPECT_EQ(code(*made, other), "signature_malformed");

    // What algorithm a request names does not count, and is not signed: it is not among what is forged.
    Sent covered = good;
    covered.headers.pop_back();
    none_passes(*made, covered);
}

TEST_F(PublishedKeysTest, NoOtherUrlIsEverAsked)
{
    const auto key = VendorKey::rsa();
    const auto made = verifier(paypal, {});
    const std::string good = "https://api.paypal.com/v1/notifications/certs/CERT-1";
    EXPECT_TRUE(made->wanted_key(of_paypal(key, good).request()));
    for (const std::string url : {"http://api.paypal.com/v1/notifications/certs/CERT-1",
                                  "https://api.paypal.com.evil.example/v1/notifications/certs/x",
                                  "https://evil.example/v1/notifications/certs/x",
                                  "https://api.paypal.com@evil.example/v1/notifications/certs/x",
                                  "https://user:p@api.paypal.com/v1/notifications/certs/x",
                                  "https://api.paypal.com:443/v1/notifications/certs/x",
                                  "https://api.paypal.com:8443/v1/notifications/certs/x",
                                  "https://API.paypal.com/v1/notifications/certs/x",
                                  "https://api.paypal.com./v1/notifications/certs/x",
                                  "https://api.paypal.com/v1/other/CERT-1",
                                  "https://api.paypal.com/v1/notifications/certs/../../x",
                                  "https://api.paypal.com/v1/notifications/certs/%2e%2e/x",
                                  "https://api.paypal.com/v1/notifications/certs/x?a=-----BEGIN",
                                  "https://api.paypal.com/v1/notifications/certs/x#y",
                                  "https://api.paypal.com/v1/notifications/certs//x",
                                  "https://api.paypal.com\\@evil.example/v1/notifications/certs/x",
                                  "https://api.paypal.com",
                                  "https:/api.paypal.com/v1/notifications/certs/x",
                                  "//api.paypal.com/v1/notifications/certs/x",
                                  "HTTPS://api.paypal.com/v1/notifications/certs/x",
                                  "https://127.0.0.1/v1/notifications/certs/x",
                                  "",
                                  "https://xapi.paypal.com/v1/notifications/certs/x"}) {
        const auto sent = of_paypal(key, url);
        EXPECT_FALSE(made->wanted_key(sent.request())) << url;
        EXPECT_EQ(code(*made, sent), "key_url_refused") << url;
    }
    EXPECT_EQ(code(*made, of_paypal(key, good + std::string(600, 'x'))), "key_url_refused");
    auto twice = of_paypal(key, good);
    twice.headers.emplace_back("paypal-cert-url", good);
    EXPECT_EQ(code(*made, twice), "key_id_missing");
}

TEST_F(PublishedKeysTest, WhatStandsAtACertificatesUrlMustBeOne)
{
    const auto key = VendorKey::rsa();
    const auto made = verifier(paypal, {});
    const auto sent = of_paypal(key, "https://api.paypal.com/v1/notifications/certs/CERT-1");
    const auto wanted = made->wanted_key(sent.request()).value();
    const auto& config = made->key_ring()->config();
    const std::string certificate = key.certificate(key, "a", -1, 1);
    const auto read = [&](const std::string& answer) {
        const auto keys = config.read(answer, wanted, SignatureAlgorithm::rsa_pkcs1_sha256, "");
        return keys ? "ok" : keys.error().code;
    };
    EXPECT_EQ(read(certificate), "ok");
    EXPECT_EQ(read(R"({"error":"no such thing: )" + certificate + "\"}"), "key_unusable")
        << "an error that repeats what it was asked";
    EXPECT_EQ(read(key.pem()), "key_unusable") << "a bare key has no dates";
    EXPECT_EQ(read(VendorKey::p256().certificate(key, "a", -1, 1)), "key_unusable");
    EXPECT_EQ(read(""), "key_unusable");
}

TEST_F(PublishedKeysTest, ThePayPalStringOfItsOwnTests)
{
    const char* folder = std::getenv("HEADGATE_FIXTURES");
    if (folder == nullptr)
        GTEST_SKIP() << "HEADGATE_FIXTURES is not set";
    std::ifstream file(std::string(folder) + "/paypal/payment.sale.completed.body.json", std::ios::binary);
    ASSERT_TRUE(file);
    Sent sent{.body = {std::istreambuf_iterator<char>(file), {}}, .settings = {{"webhook_id", "4JH86294D6297924G"}}};
    const auto key = VendorKey::rsa();
    sent.headers = {
        {"PAYPAL-TRANSMISSION-SIG",
         to_base64(key.sign("dfb3be50-fd74-11e4-8bf3-77339302725b|2015-05-18T15:45:13Z|4JH86294D6297924G|2771810304"))},
        {"PAYPAL-TRANSMISSION-ID", "dfb3be50-fd74-11e4-8bf3-77339302725b"},
        {"PAYPAL-TRANSMISSION-TIME", "2015-05-18T15:45:13Z"},
        {"PAYPAL-CERT-URL", "https://api.paypal.com/v1/notifications/certs/CERT-1"}};
    sent.now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    const auto made = verifier(paypal, {});
    fetch(*made, sent, key.certificate(VendorKey::rsa(), "messageverificationcerts.paypal.com", -1, 1));
    EXPECT_EQ(code(*made, sent), "ok");
}

TEST_F(PublishedKeysTest, AnHttpMessageNamesItsKeyItself)
{
    const auto key = VendorKey::ed25519();
    const auto made = verifier(message, {});
    const auto signed_with = [&](const std::string& parameters) {
        Sent sent{.body = event};
        const std::string digest = "sha-256=:" + to_base64(view(sha256(event))) + ":";
        const std::string covered =
            R"(("@method" "@target-uri" "content-digest");created=)" + std::to_string(sent.now) + parameters;
        const std::string base =
            "\"@method\": POST\n\"@target-uri\": https://hooks.example/hooks/x\n\"content-digest\": " + digest +
            "\n\"@signature-params\": " + covered;
        sent.headers = {{"Signature", "a=:" + to_base64(key.sign(base)) + ":"},
                        {"Signature-Input", "a=" + covered},
                        {"Content-Digest", digest}};
        return sent;
    };
    const auto good = signed_with(R"(;keyid="k-1")");
    EXPECT_EQ(code(*made, good), "key_unknown");
    fetch(*made, good, R"({"keys":[)" + key.jwk("k-1") + "," + VendorKey::ed25519().jwk("k-2") + "]}");
    EXPECT_EQ(code(*made, good), "ok");
    EXPECT_EQ(code(*made, signed_with(R"(;keyid="k-2")")), "signature_wrong");
    EXPECT_EQ(code(*made, signed_with(R"(;keyid="k-3")")), "key_unknown");
    EXPECT_EQ(code(*made, signed_with("")), "key_id_missing");
    EXPECT_FALSE(made->wanted_key(Sent{.body = event}.request()));
    none_passes(*made, good);
}

TEST_F(PublishedKeysTest, WhatIsSaidOfKeysHasToMakeSense)
{
    const auto codes = [&](const std::string& keys) {
        return read("public_key: { header: S, keys: { " + keys + " } }").second;
    };
    EXPECT_EQ(codes(R"(url: "https://v.example/jwks", form: jwks, id_header: K)"), "");
    EXPECT_EQ(codes(R"(url: "https://v.example/{id}", id_header: K)"), "");
    EXPECT_EQ(codes("url_header: U, hosts: [v.example]"), "");
    EXPECT_EQ(codes(""), "key_place");
    EXPECT_EQ(read("public_key: { header: S, keys: }").second, "missing_key");
    EXPECT_EQ(read("public_key: { header: S, envelope: }").second, "missing_key");
    EXPECT_EQ(codes(R"(url: "https://v.example/{id}", url_header: U, hosts: [v.example])"), "key_place key_id_missing");
    EXPECT_EQ(codes(R"(url: "https://v.example/jwks", form: jwks)"), "key_id_missing");
    EXPECT_EQ(codes(R"(url: "https://v.example/key", id_header: K)"), "key_id_missing");
    EXPECT_EQ(codes(R"(url: "http://v.example/{id}", id_header: K)"), "key_url");
    EXPECT_EQ(codes(R"(url: "http://127.0.0.1:81/{id}", id_header: K)"), "") << "there is nobody on the way";
    EXPECT_EQ(codes(R"(url: "https://v.example/{id}", id_header: K, login: true)"), "key_url")
        << "its token is for its API alone";
    EXPECT_EQ(codes("url_header: U"), "missing_key");
    EXPECT_EQ(codes("url_header: U, hosts: []"), "empty_list");
    EXPECT_EQ(codes("url_header: U, hosts: [https://v.example]"), "key_url");
    EXPECT_EQ(codes("url_header: U, hosts: [v.example], form: jwks"), "unused_key");
    EXPECT_EQ(codes("url_header: U, hosts: [v.example], path: certs"), "key_url");
    EXPECT_EQ(codes(R"(url: "https://v.example/jwks", form: jwks, id_header: K, pointer: /a)"), "unused_key");
    EXPECT_EQ(codes(R"(url: "https://v.example/{id}", id_header: K, hosts: [v.example])"), "unused_key");
    EXPECT_EQ(codes(R"(url: "https://v.example/{id}", id_header: K, cached: 1s)"), "out_of_range");
    EXPECT_EQ(read(R"(http_message: { keys: { url: "https://v.example/jwks", form: jwks } })").second, "unused_key");
    EXPECT_EQ(read(R"(public_key: { header: S, envelope: { key: /k } })").second, "missing_key");
}

TEST_F(PublishedKeysTest, ASecretIsAskedForWhereOneIsSignedWith)
{
    const auto needs = [&](const std::string& yaml) { return read(yaml).first.needs_secret(); };
    EXPECT_TRUE(needs("hmac: { header: S }"));
    EXPECT_TRUE(needs("public_key: { header: S }"));
    EXPECT_FALSE(needs(shipengine));
    EXPECT_FALSE(needs(message));
    EXPECT_FALSE(needs("none: {}"));
    const auto made = verifier("none: {}", {});
    EXPECT_EQ(code(*made, {}), "ok");
    EXPECT_TRUE(made->sign(Sent{}.request(), 0));
}

}  // namespace

}  // namespace headgate::connectors
