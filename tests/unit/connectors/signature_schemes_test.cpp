// Every scheme as a connector writes it, against what vendors publish and against a thousand forgeries.

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <openssl/rsa.h>

#include "connectors/formats/json.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "tests/unit/connectors/scheme_fixture.hpp"

namespace headgate::connectors {

namespace {

using ::testing::HasSubstr;

/// A file of the vendors' own, where they are at hand.
std::optional<std::string> fixture(const std::string& name)
{
    const char* folder = std::getenv("HEADGATE_FIXTURES");
    if (folder == nullptr)
        return std::nullopt;
    std::ifstream file(std::string(folder) + "/" + name, std::ios::binary);
    EXPECT_TRUE(file) << name;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string member(const std::string& json, std::string_view name)
{
    const auto document = read_json(json);
    return std::string((*document)[document->member(document->root(), name)].text);
}

// What vendors publish. Each vector was computed by its vendor; the sources are in the vendors' own test suites.

constexpr const char* stripe = R"(hmac: { header: Stripe-Signature, list: ",", prefix: v1=, encoding: hex,
    signed: "{timestamp}.{body}", timestamp_prefix: t=, window: 5m, freshness: past })";
constexpr const char* standard_webhooks =
    R"(hmac: { key: base64, key_prefix: whsec_, header: [webhook-signature, svix-signature],
    list: " ", prefix: "v1,", signed: ["{header:webhook-id}.{timestamp}.{body}"], timestamp_header: webhook-timestamp, window: 5m })";
constexpr const char* authorize_net =
    R"(hmac: { hash: sha512, header: X-ANET-Signature, prefix: sha512=, encoding: hex })";
constexpr const char* square = R"(hmac: { header: x-square-hmacsha256-signature, signed: "{url}{body}" })";
constexpr const char* braintree = R"(hmac: { hash: sha1, key: sha1_of_text, field: bt_signature, list: "&", pair: "|",
    pair_setting: public_key, encoding: hex, signed: ["{field:bt_payload}", "{field:bt_payload}\n"] })";
constexpr const char* easypost =
    R"(hmac: { key: nfkd_text, header: X-Hmac-Signature, prefix: hmac-sha256-hex=, encoding: hex })";
constexpr const char* adyen_platform = R"(hmac: { key: hex, header: HmacSignature })";

TEST_F(SignatureSchemesTest, StripeOfStripeDotnet)
{
    const auto body = fixture("stripe/event_test_signature.json");
    if (!body)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    const auto made = verifier(stripe, {"webhook_secret"});
    Sent sent{.body = *body,
              .headers = {{"Stripe-Signature",
                           "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,"
                           "v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"}},
              .now = 1533204620 + 100};
    EXPECT_EQ(code(*made, sent), "ok");
    sent.now = 1533204620 + 400;
    EXPECT_EQ(code(*made, sent), "timestamp_outside_window");
    sent.now = 1533204620 - 4000;
    EXPECT_EQ(code(*made, sent), "ok") << "Stripe's own library lets a time in the future pass";
}

TEST_F(SignatureSchemesTest, SquareOfSquareNodejsSdk)
{
    const auto body = fixture("square/test_notification.body.json");
    if (!body)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    const auto made = verifier(square, {"Ibxx_5AKakO-3qeNVR61Dw"});
    Sent sent{.body = *body,
              .headers = {{"x-square-hmacsha256-signature", "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="}},
              .url = "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9"};
    EXPECT_EQ(code(*made, sent), "ok");
    sent.url += "/";
    EXPECT_EQ(code(*made, sent), "signature_wrong");
}

TEST_F(SignatureSchemesTest, AuthorizeNetOfAuthnetjson)
{
    const auto body = fixture("authorizenet/authcapture.created.body.json");
    if (!body)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    const auto made =
        verifier(authorize_net, {"52CB4A002C634B84E397DC8A218E1A160BA7CAB7CBE4C05B35E9CBB05E14FE4A2385812E"
                                 "980CCF97D177F17863CE214D1BE6CE8E1E894487AACF3609C1A5FE17"});
    Sent sent{
        .body = *body,
        .headers = {{"X-ANET-Signature",
                     "sha512=A1E0CC0F8A7B6274E0951CAC5EB63579F70FC6B7B15384B146DCE02B98DEE3954A5A8E331661B51DE953E"
                     "141E88994DFA7D267FFB8428BE0660511B6EFB94960"}}};
    EXPECT_EQ(code(*made, sent), "ok");
    sent.headers[0].second.replace(28, 4, "63146");
    EXPECT_NE(code(*made, sent), "ok");
}

TEST_F(SignatureSchemesTest, BraintreeOfPayRails)
{
    for (const auto* name : {"braintree/subscription_cancelled.json", "braintree/subscription_trial_ended.json"}) {
        const auto file = fixture(name);
        if (!file)
            GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
        const auto form = [&](const std::string& payload) {
            return "bt_signature=" + form_encoded(member(*file, "bt_signature")) +
                   "&bt_payload=" + form_encoded(payload);
        };
        const std::string payload = member(*file, "bt_payload");
        const auto made = verifier(braintree, {"00f0df79303e1270881e5feda7788927"});
        Sent sent{.body = form(payload), .settings = {{"public_key", "5r59rrxhn89npc9n"}}};
        EXPECT_EQ(code(*made, sent), "ok") << name;
        ASSERT_TRUE(payload.ends_with('\n')) << name;
        sent.body = form(payload.substr(0, payload.size() - 1));
        EXPECT_EQ(code(*made, sent), "ok") << "the last line break got lost on the way";
        sent.settings["public_key"] = "somebody-else";
        EXPECT_EQ(code(*made, sent), "signature_malformed") << "no pair is of our key";
    }
}

TEST_F(SignatureSchemesTest, EasyPostWhoseSecretIsDecomposed)
{
    const auto body = fixture("easypost/event-body.json");
    if (!body)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    Sent sent{.body = *body,
              .headers = {{"X-Hmac-Signature",
                           "hmac-sha256-hex=38f3f53c103713df81616a0a186d77141957323ec21d5fe9363db93840f527db"}}};
    EXPECT_EQ(code(*verifier(easypost, {"s\xc3\xa9\x63ret"}), sent), "ok") << "é as one letter";
    EXPECT_EQ(code(*verifier(easypost, {"se\xcc\x81\x63ret"}), sent), "ok") << "é as e with an accent";
    sent.body += "\n";
    EXPECT_EQ(code(*verifier(easypost, {"s\xc3\xa9\x63ret"}), sent), "signature_wrong");
}

TEST_F(SignatureSchemesTest, AdyenOfItsNodeAndJavaLibraries)
{
    // Texts that an item of a notification is signed over.
    const auto right = [&](const std::string& key, const std::string& text, const std::string& signature) {
        return code(*verifier(adyen_platform, {key}), {.body = text, .headers = {{"HmacSignature", signature}}});
    };
    const std::string node = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";
    const std::string text = "pspReference:originalReference:merchantAccount:reference:1000:EUR:";
    EXPECT_EQ(right(node, text + "REPORT_AVAILABLE:true", "ZNBPtI+oDyyRrLyD1XirkKnQgIAlFc07Vj27TeHsDRE="), "ok");
    EXPECT_EQ(right(node, text + "EVENT:true", "ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="), "ok");
    EXPECT_EQ(right(node, text + "EVENT:false", "ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="), "signature_wrong");
    EXPECT_EQ(right("74F490DD33F7327BAECC88B2947C011FC02D014A473AAA33A8EC93E4DC069174",
                    R"(ZVWN7D3WSMK2WN82::AntoniStroinski:\:/\/slashes are fun:1000:EUR:AUTHORISATION:true)",
                    "CZErGCNQaSsxbaQfZaJlakqo7KPP+mIa8a+wx3yNs9A="),
              "ok")
        << "nothing is escaped";

    if (const auto body = fixture("adyen/platform-accountHolder-created.json")) {
        const Sent sent{.body = *body, .headers = {{"hmacsignature", "UVBzHbDayhfT1XgaRGAkuKvxwoxrLoVCBdfi3WZU8lI="}}};
        EXPECT_EQ(
            code(*verifier(adyen_platform, {"11223344D785FBAE710E7F943F307971BB61B21281C98C9129B3D4018A57B2EB"}), sent),
            "ok");
    }
}

TEST_F(SignatureSchemesTest, WhatPaypalSigns)
{
    // paypal/PayPal-Python-SDK test/unit_tests/notifications_test.py; its certificate is not public any more.
    const auto body = fixture("paypal/payment.sale.completed.body.json");
    if (!body)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    const Sent sent{.body = *body,
                    .headers = {{"PAYPAL-TRANSMISSION-ID", "dfb3be50-fd74-11e4-8bf3-77339302725b"},
                                {"PAYPAL-TRANSMISSION-TIME", "2015-05-18T15:45:13Z"}},
                    .settings = {{"webhook_id", "4JH86294D6297924G"}}};
    const auto covered = SignedTemplate::parse(
        "{header:PAYPAL-TRANSMISSION-ID}|{header:paypal-transmission-time}|{setting:webhook_id}|{body_crc32}");
    std::string bytes;
    ASSERT_TRUE(covered->write(sent.request(), {}, {}, [&](std::string_view piece) { bytes += piece; }));
    EXPECT_EQ(bytes, "dfb3be50-fd74-11e4-8bf3-77339302725b|2015-05-18T15:45:13Z|4JH86294D6297924G|2771810304");
}

// RFC 9421's and RFC 9530's examples, by httpwg/http-extensions.

Sent rfc_request()
{
    return {.method = "POST",
            .path = "/foo",
            .query = "param=Value&Pet=dog",
            .body = "{\"hello\": \"world\"}",
            .headers = {{"Date", "Tue, 20 Apr 2021 02:07:55 GMT"},
                        {"Content-Type", "application/json"},
                        {"Content-Length", "18"},
                        {"Content-Digest",
                         "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNye"
                         "aldVLvRwEmTHWXvJwew==:"}},
            .now = 1618884473 + 10,
            .url = "https://example.com/foo"};
}

TEST_F(SignatureSchemesTest, HmacSha256OfRfc9421)
{
    HttpMessageRecipe recipe;
    recipe.covers = {};
    const auto made = HttpMessageVerifier::make(
        recipe, std::vector<std::string>{
                    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="});
    Sent sent = rfc_request();
    sent.headers.emplace_back(
        "Signature-Input",
        R"(sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret")");
    sent.headers.emplace_back("Signature", "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
    EXPECT_EQ(code(*made, sent), "ok");
    sent.url = "https://EXAMPLE.com:443/foo";
    EXPECT_EQ(code(*made, sent), "ok") << "the same authority";
    sent.url = "https://example.org/foo";
    EXPECT_EQ(code(*made, sent), "signature_wrong");
    sent.url = "https://example.com/foo";
    sent.now += 600;
    EXPECT_EQ(code(*made, sent), "timestamp_outside_window");
}

TEST_F(SignatureSchemesTest, Ed25519OfRfc9421WithItsContentDigest)
{
    HttpMessageRecipe recipe;
    recipe.covers = {};
    recipe.algorithm = SignatureAlgorithm::ed25519;
    const auto made = HttpMessageVerifier::make(
        recipe,
        std::vector<std::string>{R"({"kty":"OKP","crv":"Ed25519","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"})"});
    ASSERT_TRUE(made) << made.error().detail;
    Sent sent = rfc_request();
    sent.headers.emplace_back(
        "Signature-Input",
        R"(sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519")");
    sent.headers.emplace_back(
        "Signature",
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:");
    EXPECT_EQ(code(*made, sent), "ok");
    sent.method = "PUT";
    EXPECT_EQ(code(*made, sent), "signature_wrong");
}

TEST_F(SignatureSchemesTest, SignatureInputThatBreaksOffIsMalformed)
{
    const auto made = verifier("http_message: {}", {"aGg="});
    for (const auto* input :
         {R"(a=("@m=\)", R"(a=("@m\)", "a=(", "a=(\"b\"", "a=", "a=:aGg=", "a;", "a=?", "a=-", "a=1,", "=", "a=()b"}) {
        Sent sent = rfc_request();
        sent.headers.emplace_back("Signature-Input", input);
        sent.headers.emplace_back("Signature", "a=:aGg=:");
        EXPECT_EQ(code(*made, sent), "signature_malformed") << input;
    }
}

TEST_F(SignatureSchemesTest, AContentDigestIsHeldAgainstTheBody)
{
    const std::vector<std::string> secrets{"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="};
    const auto made = verifier("http_message: { covers: [content-digest] }", secrets);
    Sent sent{.body = "{\"hello\": \"world\"}"};
    const auto signature = made->sign(sent.request(), 0);
    ASSERT_TRUE(signature);
    sent.headers = signature->headers;
    EXPECT_EQ(code(*made, sent), "ok");
    sent.body += " ";
    EXPECT_EQ(code(*made, sent), "content_digest_wrong");
    EXPECT_EQ(code(*verifier("http_message: {}", secrets), sent), "signature_covers_too_little");
}

// A thousand forgeries of each.

const std::string body = R"({"id":7,"total":"19.90","lines":[{"sku":"A-1","quantity":2}]})";

TEST_F(ForgeryTest, OfHmacs)
{
    none_passes("hmac: { header: X-S }", "hush", {.body = body});
    none_passes("hmac: { header: X-S, hash: sha1, encoding: hex }", "hush", {.body = body});
    none_passes(authorize_net, "hush", {.body = body});
    none_passes(easypost, "s\xc3\xa9\x63ret", {.body = body});
    none_passes(adyen_platform, "00ff", {.body = body});
    none_passes(square, "hush", {.body = body});
    none_passes(stripe, "whsec_hush", {.body = body});
    none_passes(standard_webhooks, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                {.body = body, .headers = {{"webhook-id", "msg_1"}}});
    none_passes(
        R"(hmac: { header: X-S, signed: "{timestamp}{body}", timestamp_header: X-T, timestamp_format: iso, window: 5m })",
        "hush", {.body = body});
    none_passes(
        R"(hmac: { header: X-S, signed: "{timestamp}{body_base64}", timestamp_header: X-T, timestamp_format: unix_ms, window: 5m })",
        "hush", {.body = body});
    none_passes(
        R"(hmac: { header: X-S, signed: "{method}\n{request_target}\n{timestamp}\n{body_sha256}", timestamp_header: X-T })",
        "hush", {.query = "shop=7", .body = body});
    none_passes(R"(hmac: { header: X-S, construction: hash, encoding: hex, signed: "{body}/{secret}" })", "hush",
                {.body = body});
    none_passes(R"(hmac: { parameter: sig, encoding: hex })", "hush", {.body = body});
}

TEST_F(ForgeryTest, OfBraintreesForm)
{
    none_passes(braintree, "private",
                {.body = "bt_payload=PD94bWwgdmVyc2lvbj0i", .settings = {{"public_key", "ours"}}});
}

TEST_F(ForgeryTest, OfValuesOfTheBody)
{
    // DHL's: what is signed is two values and not the body. What is beside them is not protected.
    none_passes(R"(hmac: { header: X-HMAC, signed: "{json:/timestamp}{json:/payload}" })", "hush",
                {.body = R"({"timestamp":"2026-01-02T03:04:05Z","payload":"{\"id\":7}"})"});
}

TEST_F(ForgeryTest, OfPublicKeys)
{
    struct Case {
        const char* algorithm;
        Key key;
        const EVP_MD* hash;
        bool pss;
    };
    std::vector<Case> cases;
    cases.push_back({"rsa_pkcs1_sha256", {EVP_RSA_gen(2048), &EVP_PKEY_free}, EVP_sha256(), false});
    cases.push_back({"rsa_pss_sha256", {EVP_RSA_gen(2048), &EVP_PKEY_free}, EVP_sha256(), true});
    cases.push_back({"rsa_pss_sha512", {EVP_RSA_gen(2048), &EVP_PKEY_free}, EVP_sha512(), true});
    cases.push_back({"ecdsa_p256_sha256", {EVP_EC_gen("P-256"), &EVP_PKEY_free}, EVP_sha256(), false});
    cases.push_back({"ecdsa_p256_sha1", {EVP_EC_gen("P-256"), &EVP_PKEY_free}, EVP_sha1(), false});
    cases.push_back({"ecdsa_p384_sha384", {EVP_EC_gen("P-384"), &EVP_PKEY_free}, EVP_sha384(), false});
    cases.push_back({"ed25519", {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free}, nullptr, false});
    for (const auto& [algorithm, key, hash, pss] : cases) {
        SCOPED_TRACE(algorithm);
        const std::string yaml = std::string("public_key: { algorithm: ") + algorithm +
                                 R"(, header: X-S, signed: "{timestamp}.{body}", timestamp_header: X-T, window: 5m })";
        Sent sent{.body = body};
        const std::string time = std::to_string(sent.now);
        sent.headers = {{"X-S", to_base64(signed_by(key.get(), hash, pss, time + "." + body))}, {"X-T", time}};
        const auto made = verifier(yaml, {pem_of(key.get())});
        none_passes(*made, sent);
        EXPECT_EQ(made->sign(sent.request(), 0).error().code, "cannot_sign");

        std::string one_line = pem_of(key.get());
        std::erase(one_line, '\n');
        EXPECT_EQ(code(*verifier(yaml, {one_line}), sent), "ok") << "line breaks are lost in some vendors' answers";
        for (const auto& other : cases)
            if (std::string_view(other.algorithm).substr(0, 5) != std::string_view(algorithm).substr(0, 5)) {
                const auto [config, codes] = read(yaml);
                EXPECT_EQ(config.verifier(std::vector{pem_of(other.key.get())}).error().code, "key_unusable");
            }
    }
}

TEST_F(ForgeryTest, OfStandardWebhooksWithAPublicKey)
{
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    Sent sent{.body = body};
    const std::string time = std::to_string(sent.now);
    sent.headers = {
        {"webhook-signature", "v1a," + to_base64(signed_by(key.get(), nullptr, false, "msg_1." + time + "." + body))},
        {"webhook-id", "msg_1"},
        {"webhook-timestamp", time}};
    none_passes(
        *verifier(
            R"(public_key: { algorithm: ed25519, key_prefix: whpk_, header: webhook-signature, list: " ", prefix: "v1a,",
                             signed: "{header:webhook-id}.{timestamp}.{body}", timestamp_header: webhook-timestamp, window: 5m })",
            {"whpk_" + to_base64(raw)}),
        sent);
}

TEST_F(ForgeryTest, OfHttpMessages)
{
    none_passes("http_message: { keyid_setting: keyid, tag: hooks }",
                "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", {.body = body, .settings = {{"keyid", "k-1"}}});
}

TEST_F(ForgeryTest, OfSecretsInTheRequest)
{
    // The body is not covered: it is the secret that is forged.
    none_passes("shared_secret: { header: X-Api-Key }", "hush-hush", {});
    none_passes(R"(shared_secret: { header: Authorization, prefix: "Bearer " })", "hush-hush", {});
    none_passes("shared_secret: { scheme: basic }", "user:hush", {});
    none_passes("shared_secret: { parameter: token }", "hush-hush", {});
    none_passes("shared_secret: { field: token }", "hush-hush", {});
}

TEST_F(SignatureSchemesTest, ASecretInTheDocumentAsCxmlHasIt)
{
    const auto [config, codes] = read("shared_secret: { pointer: /cXML/Header/Sender/Credential/SharedSecret }");
    EXPECT_EQ(codes, "");
    FormatConfig format;
    format.kind = FormatConfig::Kind::xml;
    const auto made = config.verifier(std::vector<std::string>{"old", "coyote"}, format).value();
    const auto with = [](const std::string& secret) {
        Sent sent;
        sent.body = "<cXML><Header><Sender><Credential domain=\"d\"><Identity>i</Identity>" + secret +
                    "</Credential></Sender></Header></cXML>";
        return sent;
    };
    EXPECT_EQ(made->verify(with("<SharedSecret>coyote</SharedSecret>").request()).value(), 1U);
    EXPECT_EQ(code(*made, with("<SharedSecret>Coyote</SharedSecret>")), "secret_wrong");
    EXPECT_EQ(code(*made, with("")), "secret_not_given");
    EXPECT_EQ(code(*made, with("<SharedSecret>coyote</SharedSecret><SharedSecret>x</SharedSecret>")),
              "secret_not_given")
        << "two are none";
    EXPECT_EQ(code(*made, with("<SharedSecret>coyote</SharedSecret><broken>")), "secret_not_given");
    EXPECT_EQ(made->sign(with("").request(), 1)->in_body, "coyote");
}

TEST_F(SignatureSchemesTest, ASchemeThatProtectsLessThanItSeemsToIsAProblem)
{
    const auto codes = [&](const std::string& yaml) { return read(yaml).second; };
    EXPECT_EQ(codes("hmac: { header: S }, shared_secret: { header: T }"), "signature_scheme");
    EXPECT_EQ(codes(""), "signature_scheme");
    EXPECT_EQ(codes("hmac: { header: S, field: t }"), "signature_place");
    EXPECT_EQ(codes("public_key: {}"), "signature_place");
    EXPECT_EQ(codes("shared_secret: {}"), "secret_place");
    EXPECT_EQ(codes("shared_secret: { scheme: basic, header: X }"), "secret_place");
    EXPECT_EQ(codes("http_message: { covers: [\"@method\"] }"), "body_unsigned");
    EXPECT_EQ(codes("hmac: { header: S, construction: hash }"), "secret_unsigned");
    EXPECT_EQ(codes("hmac: { header: S, signed: [\"{body}\", \"{timestamp}\"], timestamp_header: T }"),
              "body_unsigned");
    EXPECT_EQ(codes("public_key: { header: S, algorithm: none }"), "unknown_choice");
}

TEST_F(SignatureSchemesTest, APartThatIsSignedAndMissingIsNotTheEmptyText)
{
    const auto made = verifier(standard_webhooks, {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
    Sent sent{.body = body, .headers = {{"webhook-signature", "v1,aGk="}, {"webhook-timestamp", "1700000000"}}};
    EXPECT_EQ(code(*made, sent), "signature_malformed");
    EXPECT_EQ(code(*verifier(braintree, {"k"}), {.body = "bt_payload=a&bt_payload=b&bt_signature=x%7C00"}),
              "signature_malformed")
        << "a field that stands twice is neither";
}

TEST_F(SignatureSchemesTest, AnUnusableKeyIsToldWithoutIt)
{
    const auto [config, codes] = read("public_key: { header: S, algorithm: rsa_pkcs1_sha256 }");
    const Key small(EVP_RSA_gen(1024), &EVP_PKEY_free);
    for (const auto& text :
         {std::string("no key"), std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
          std::string(R"({"kty":"RSA"})"), std::string("{"), pem_of(small.get())}) {
        const auto made = config.verifier(std::vector{text});
        ASSERT_FALSE(made) << text;
        EXPECT_EQ(made.error().code, "key_unusable");
        EXPECT_THAT(made.error().detail, HasSubstr("key 1 "));
    }
}

}  // namespace

}  // namespace headgate::connectors
