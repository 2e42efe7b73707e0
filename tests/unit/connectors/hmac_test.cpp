#include "connectors/signatures/hmac.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "net/http/message.hpp"

namespace headgate::connectors {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

class HmacTest : public ::testing::Test {
protected:
    Result<std::size_t> verify(const HmacRecipe& recipe, const std::vector<std::string>& secrets,
                               const std::string& body, const Headers& headers, std::int64_t now = 0,
                               const std::string& url = {})
    {
        auto verifier = HmacVerifier::make(recipe, secrets);
        if (!verifier)
            return std::unexpected(verifier.error());
        return verifier->verify(request(body, headers, now, url));
    }

    static SignedRequest request(const std::string& body, const Headers& headers, std::int64_t now,
                                 const std::string& url)
    {
        return {.method = "POST",
                .path = "/hooks/x",
                .query = {},
                .body = body,
                .url = url,
                .headers =
                    [&headers](std::string_view name) {
                        std::vector<std::string_view> values;
                        for (const auto& [field, value] : headers)
                            if (net::same_ignoring_case(field, name))
                                values.emplace_back(value);
                        return values;
                    },
                .setting = {},
                .now = std::chrono::system_clock::time_point{std::chrono::seconds{now}}};
    }

    static std::string code(const Result<std::size_t>& result) { return result ? "ok" : result.error().code; }
};

// Published vectors; their sources stand in the vendors' own test suites.

TEST_F(HmacTest, StandardWebhooksV1)
{
    // standard-webhooks/standard-webhooks libraries/javascript/src/webhook.test.ts
    HmacRecipe recipe;
    recipe.key = HmacRecipe::KeyDecoding::base64;
    recipe.key_prefix = "whsec_";
    recipe.header = {"webhook-signature"};
    recipe.list = " ";
    recipe.prefix = "v1,";
    recipe.signed_bytes = {"{header:webhook-id}.{timestamp}.{body}"};
    recipe.timestamp_header = "webhook-timestamp";
    recipe.window = std::chrono::minutes(5);
    const std::vector<std::string> secrets{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    const std::string body = "{\"test\": 2432232314}";
    const auto headers = [](const std::string& signature) {
        return Headers{{"Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                       {"Webhook-Timestamp", "1614265330"},
                       {"Webhook-Signature", signature}};
    };
    const std::string right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    EXPECT_EQ(code(verify(recipe, secrets, body, headers(right), 1614265330)), "ok");
    EXPECT_EQ(code(verify(recipe, secrets, body,
                          headers("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x " + right), 1614265330)),
              "ok");
    EXPECT_EQ(code(verify(recipe, secrets, body, headers(right), 1614265330 + 300)), "ok");
    EXPECT_EQ(code(verify(recipe, secrets, body, headers(right), 1614265330 + 301)), "timestamp_outside_window");
    EXPECT_EQ(code(verify(recipe, secrets, body, headers(right), 1614265330 - 301)), "timestamp_outside_window");
    EXPECT_EQ(code(verify(recipe, secrets, body, headers("v2,x"), 1614265330)), "signature_malformed");
    EXPECT_EQ(code(verify(recipe, secrets, body + " ", headers(right), 1614265330)), "signature_wrong");
}

TEST_F(HmacTest, HexBehindAPrefix)
{
    // octokit/webhooks-methods.js test/sign.test.ts
    HmacRecipe recipe;
    recipe.header = {"X-Hub-Signature-256"};
    recipe.prefix = "sha256=";
    recipe.encoding = HmacRecipe::Encoding::hex;
    const std::string right = "sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3";

    EXPECT_EQ(code(verify(recipe, {"mysecret"}, "{\"foo\":\"bar\"}", {{"X-Hub-Signature-256", right}})), "ok");
    EXPECT_EQ(code(verify(recipe, {"mysecret"}, "{\"foo\":\"bar\"}", {{"X-Hub-Signature-256", right.substr(7)}})),
              "signature_malformed");
    EXPECT_EQ(code(verify(recipe, {"other"}, "{\"foo\":\"bar\"}", {{"X-Hub-Signature-256", right}})),
              "signature_wrong");
}

TEST_F(HmacTest, Rfc4231TestCases1And2And6)
{
    HmacRecipe recipe;
    recipe.header = {"S"};
    recipe.encoding = HmacRecipe::Encoding::hex;
    recipe.key = HmacRecipe::KeyDecoding::hex;
    EXPECT_EQ(code(verify(recipe, {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"}, "Hi There",
                          {{"S", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"}})),
              "ok");
    recipe.key = HmacRecipe::KeyDecoding::text;
    EXPECT_EQ(code(verify(recipe, {"Jefe"}, "what do ya want for nothing?",
                          {{"S", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}})),
              "ok");
    recipe.hash = HmacRecipe::Hash::sha512;
    EXPECT_EQ(code(verify(recipe, {"Jefe"}, "what do ya want for nothing?",
                          {{"S",
                            "164B7A7BFCF819E2E395FBE73B56E0A387BD64222E831FD610270CD7EA2505549758BF75C05A994A6D034F65F8"
                            "F0E6FDCAEAB1A34D4A6B4B"
                            "636E070A38BCE737"}})),
              "ok");
    // A key longer than the hash's block.
    recipe.hash = HmacRecipe::Hash::sha256;
    recipe.key = HmacRecipe::KeyDecoding::hex;
    std::string longer;
    for (int i = 0; i < 131; ++i)
        longer += "aa";
    EXPECT_EQ(code(verify(recipe, {longer}, "Test Using Larger Than Block-Size Key - Hash Key First",
                          {{"S", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}})),
              "ok");
}

TEST_F(HmacTest, UrlInFrontOfTheBody)
{
    // The scheme of square/square-nodejs-sdk; the value is `printf 'https://x.example/h{}' | openssl dgst -sha256 -hmac
    // k -binary | base64`.
    HmacRecipe recipe;
    recipe.header = {"S"};
    recipe.signed_bytes = {"{url}{body}"};
    EXPECT_EQ(code(verify(recipe, {"k"}, "{}", {{"S", "oBjO8t5QZuhB84V++mIRL0McI4pGzamo7IM+TyrV8wE="}}, 0,
                          "https://x.example/h")),
              "ok");
}

TEST_F(HmacTest, TimeAndSignatureInOneListWhereATimeInTheFutureMayPass)
{
    HmacRecipe recipe;
    recipe.header = {"S"};
    recipe.list = ",";
    recipe.prefix = "v1=";
    recipe.encoding = HmacRecipe::Encoding::hex;
    recipe.signed_bytes = {"{timestamp}.{body}"};
    recipe.timestamp_prefix = "t=";
    recipe.window = std::chrono::seconds(300);
    recipe.freshness = HmacRecipe::Freshness::past;
    auto verifier = HmacVerifier::make(recipe, std::vector<std::string>{"whsec_x"});
    ASSERT_TRUE(verifier);
    const auto signature = verifier->sign(request("{}", {}, 1000, {}), 0);
    ASSERT_TRUE(signature);

    EXPECT_EQ(code(verify(recipe, {"whsec_x"}, "{}", {{"S", signature->headers.front().second + ",v0=00"}}, 1000)),
              "ok");
    EXPECT_EQ(code(verify(recipe, {"whsec_x"}, "{}", {{"S", signature->headers.front().second}}, 0)), "ok");
    EXPECT_EQ(code(verify(recipe, {"whsec_x"}, "{}", {{"S", signature->headers.front().second}}, 1301)),
              "timestamp_outside_window");
    EXPECT_EQ(
        code(verify(recipe, {"whsec_x"}, "{}",
                    {{"S", signature->headers.front().second.substr(signature->headers.front().second.find(',') + 1)}},
                    1000)),
        "timestamp_missing");
    auto forged = signature->headers.front().second;
    forged[2] = '2';
    EXPECT_EQ(code(verify(recipe, {"whsec_x"}, "{}", {{"S", forged}}, 1000)), "signature_wrong");
}

TEST_F(HmacTest, AnyOfSeveralLiveSecretsMatchesAndTheAnswerSaysWhich)
{
    HmacRecipe recipe;
    recipe.header = {"S"};
    auto signer = HmacVerifier::make(recipe, std::vector<std::string>{"new"});
    const auto signature = signer->sign(request("body", {}, 0, {}), 0)->headers.front().second;

    EXPECT_EQ(verify(recipe, {"old", "new"}, "body", {{"S", signature}}).value(), 1U);
    EXPECT_EQ(verify(recipe, {"new", "old"}, "body", {{"S", signature}}).value(), 0U);
    EXPECT_EQ(code(verify(recipe, {}, "body", {{"S", signature}})), "signature_wrong");
}

TEST_F(HmacTest, AHeaderThatIsMissingRepeatedOrNoBase64IsRefusedByName)
{
    HmacRecipe recipe;
    recipe.header = {"S", "T"};
    EXPECT_EQ(code(verify(recipe, {"k"}, "b", {})), "signature_missing");
    EXPECT_EQ(code(verify(recipe, {"k"}, "b", {{"S", "x"}, {"s", "x"}})), "signature_repeated");
    EXPECT_EQ(code(verify(recipe, {"k"}, "b", {{"S", "!"}})), "signature_malformed");
    EXPECT_EQ(code(verify(recipe, {"k"}, "b", {{"T", "aGk="}})), "signature_wrong") << "a shorter one never matches";
}

TEST_F(HmacTest, AnUnusableSecretOrTemplateIsToldWithoutTheSecret)
{
    HmacRecipe recipe;
    recipe.header = {"S"};
    recipe.key = HmacRecipe::KeyDecoding::hex;
    const auto made = HmacVerifier::make(recipe, std::vector<std::string>{"not hex"});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "secret_unusable");
    EXPECT_EQ(made.error().detail.find("not hex"), std::string::npos);
    EXPECT_NE(HmacVerifier::make(recipe, std::vector<std::string>{"00ff", "not hex"}).error().detail.find("secret 2"),
              std::string::npos);
    for (const auto* text : {"{bodyy}", "{body", "{header:}", "{}"}) {
        recipe.signed_bytes = {text};
        EXPECT_EQ(HmacVerifier::make(recipe, {}).error().code, "signed_template") << text;
    }
}

TEST_F(HmacTest, ATimeTheClockCannotHoldIsOutsideOfAnyWindow)
{
    HmacRecipe recipe;
    recipe.header = {"S"};
    recipe.signed_bytes = {"{header:T}.{body}"};
    recipe.timestamp_header = "T";
    recipe.window = std::chrono::minutes(5);
    recipe.freshness = HmacRecipe::Freshness::past;
    HmacRecipe signing = recipe;
    signing.timestamp_header.clear();
    const auto signer = HmacVerifier::make(signing, std::vector<std::string>{"k"});
    const auto with_time = [&](const std::string& time) {
        const Headers signed_headers{{"T", time}};
        const auto signature = signer->sign(request("b", signed_headers, 1000, {}), 0)->headers.front().second;
        return code(verify(recipe, {"k"}, "b", {{"T", time}, {"S", signature}}, 1000));
    };

    EXPECT_EQ(with_time("1000"), "ok");
    // The last is 1000 again once nanoseconds have wrapped around.
    for (const auto* time :
         {"9223372036854775807", "-9223372036854775808", "99999999999999999999", "1614265330000", "36028797018964968"})
        EXPECT_EQ(with_time(time), "timestamp_outside_window") << time;
    EXPECT_EQ(with_time("soon"), "signature_malformed");
}

class HmacRecipeTest : public ::testing::Test {
protected:
    struct Holder {
        HmacRecipe hmac;
        void describe(config::Schema& schema) { schema.section("hmac", hmac, "The recipe."); }
    };

    HmacRecipeTest()
    {
        std::string name = (std::filesystem::temp_directory_path() / "headgate-hmac-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~HmacRecipeTest() override { std::filesystem::remove_all(folder_); }

    /// The codes of all problems, separated by a space.
    std::string codes(const std::string& recipe)
    {
        std::ofstream(folder_ + "/recipe.yaml") << "hmac: { " << recipe << " }\n";
        Holder holder;
        std::string all;
        for (const auto& problem : config::read_file(folder_ + "/recipe.yaml", holder, config::process_environment()))
            all += (all.empty() ? "" : " ") + problem.code;
        return all;
    }

    std::string folder_;
};

TEST_F(HmacRecipeTest, AWindowOverATimeThatIsNotSignedIsAProblem)
{
    EXPECT_EQ(codes("header: S, timestamp_header: T, window: 5m"), "timestamp_unsigned");
    EXPECT_EQ(codes("header: S, timestamp_header: T, window: 5m, signed: \"{header:U}{body}\""), "timestamp_unsigned");
    EXPECT_EQ(codes("header: S, list: \",\", timestamp_prefix: t=, window: 5m"), "timestamp_unsigned");
    EXPECT_EQ(codes("header: S, window: 5m"), "timestamp_missing");

    EXPECT_EQ(codes("header: S, timestamp_header: T, window: 5m, signed: \"{timestamp}{body}\""), "");
    EXPECT_EQ(codes("header: S, timestamp_header: T, window: 5m, signed: \"{header:t}{body}\""), "");
    EXPECT_EQ(codes("header: S, list: \",\", timestamp_prefix: t=, window: 5m, signed: \"{timestamp}{body}\""), "");
    EXPECT_EQ(codes("header: S, timestamp_header: T"), "") << "a time nobody judges";
}

TEST_F(HmacRecipeTest, WhatCouldNeverVerifyOrWouldVerifyTooMuchIsAProblem)
{
    EXPECT_EQ(codes("header: S"), "");
    EXPECT_EQ(codes("header: []"), "empty_list");
    EXPECT_EQ(codes("header: [\"\"]"), "empty_text");
    EXPECT_EQ(codes("hash: sha256"), "signature_place");
    EXPECT_EQ(codes("header: S, signed: \"{bodyy}\""), "signed_template");
    EXPECT_EQ(codes("header: S, signed: \"{url}\""), "body_unsigned");
    EXPECT_EQ(codes("header: S, signed: \"{timestamp}{body}\""), "timestamp_missing");
    EXPECT_EQ(codes("header: S, signed: \"{timestamp}{body}\", timestamp_prefix: t="), "list_missing");
    EXPECT_EQ(codes("header: S, list: \",\", timestamp_prefix: t=, timestamp_header: T"), "timestamp_twice");
}

TEST_F(HmacRecipeTest, KnowsWhetherTheUrlIsSigned)
{
    HmacRecipe recipe;
    EXPECT_FALSE(recipe.signs_url());
    recipe.signed_bytes = {"{url}{body}"};
    EXPECT_TRUE(recipe.signs_url());
    recipe.signed_bytes = {"{{url}{body}"};
    EXPECT_FALSE(recipe.signs_url());
}

}  // namespace

}  // namespace headgate::connectors
