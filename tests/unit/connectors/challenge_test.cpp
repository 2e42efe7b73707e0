#include "connectors/challenge.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/hash.hpp"
#include "tests/unit/connectors/signed_request.hpp"

namespace headgate::connectors {

namespace {

class ChallengeTest : public ::testing::Test {
protected:
    ChallengeTest()
    {
        std::string name = (std::filesystem::temp_directory_path() / "headgate-challenge-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~ChallengeTest() override { std::filesystem::remove_all(folder_); }

    struct Holder {
        ChallengeConfig challenge;
        void describe(config::Schema& schema) { schema.section("challenge", challenge, "The challenge."); }
    };

    std::pair<ChallengeConfig, std::string> read(const std::string& yaml)
    {
        std::ofstream(folder_ + "/challenge.yaml") << "challenge: { " << yaml << " }\n";
        Holder holder;
        std::string codes;
        for (const auto& problem :
             config::read_file(folder_ + "/challenge.yaml", holder, config::process_environment()))
            codes += (codes.empty() ? "" : " ") + problem.code;
        return {holder.challenge, codes};
    }

    /// The answer, a code, or "none" when it is no challenge.
    std::string answer(const std::string& yaml, const Sent& sent, const std::vector<std::string>& secrets = {"hush"})
    {
        const auto [config, codes] = read(yaml);
        EXPECT_EQ(codes, "") << yaml;
        const auto challenge = Challenge::make(config, secrets).value();
        const auto found = challenge.answer(sent.request());
        return !found ? "none" : *found ? **found : found->error().code;
    }

    std::string folder_;
};

Sent get(std::string query)
{
    Sent sent;
    sent.method = "GET";
    sent.query = std::move(query);
    return sent;
}

TEST_F(ChallengeTest, AnEchoOfWhatIsAskedFor)
{
    // Adobe I/O Events; it takes either form.
    EXPECT_EQ(answer("parameter: challenge", get("challenge=8f3a+b%26c")), "8f3a b&c");
    EXPECT_EQ(answer(R"(parameter: challenge, answer: '{{"challenge":"{challenge}"}', content_type: application/json)",
                     get("challenge=a%22b")),
              R"({"challenge":"a\"b"})");
    EXPECT_EQ(answer("parameter: challenge", get("other=1")), "none");
    EXPECT_EQ(answer("parameter: challenge", get("challenge=1&challenge=2")), "none");
    EXPECT_EQ(answer("parameter: challenge", get("challenge=")), "challenge_refused");
    EXPECT_EQ(answer("parameter: challenge", get("challenge=a%0Ab")), "challenge_refused");
    EXPECT_EQ(answer("parameter: challenge", get("challenge=" + std::string(513, 'a'))), "challenge_refused");
    Sent posted = get("challenge=1");
    posted.method = "POST";
    EXPECT_EQ(answer("parameter: challenge", posted), "none");
}

TEST_F(ChallengeTest, ATokenThatOnlyTheVendorKnows)
{
    const std::string meta = "parameter: hub.challenge, token_parameter: hub.verify_token";
    EXPECT_EQ(answer(meta, get("hub.mode=subscribe&hub.challenge=115&hub.verify_token=hush")), "115");
    EXPECT_EQ(answer(meta, get("hub.challenge=115&hub.verify_token=wrong")), "challenge_refused");
    EXPECT_EQ(answer(meta, get("hub.challenge=115")), "challenge_refused");
}

TEST_F(ChallengeTest, AnHmacOfTheChallengeAsBraintreePublishesIt)
{
    // braintree/braintree_python tests/unit/test_webhooks.py
    Sent sent = get("bt_challenge=20f9f8ed05f77439fe955c977e4c8a53");
    sent.settings["public_key"] = "integration_public_key";
    EXPECT_EQ(answer(R"(parameter: bt_challenge, answer: "{setting:public_key}|{proof}",
                        proof: { hash: sha1, key: sha1_of_text, encoding: hex })",
                     sent, {"integration_private_key"}),
              "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4");
}

TEST_F(ChallengeTest, NobodyGetsTheBodyOfAnEventSignedByAsking)
{
    const std::string proof = R"(parameter: c, answer: "{proof}", proof: { encoding: hex })";
    EXPECT_EQ(answer(proof, get("c=a8628072-3d33-45ee-9004-bee86830a22d")).size(), 64U);
    for (const auto* asked : {"PD94bWwgdmVyc2lvbj0i", "%7B%22id%22%3A7%7D", "g", "A"})
        EXPECT_EQ(answer(proof, get(std::string("c=") + asked)), "challenge_refused") << asked;
    EXPECT_EQ(answer(proof, get("c=" + std::string(65, 'a'))), "challenge_refused");
}

TEST_F(ChallengeTest, AHashOfChallengeTokenAndUrl)
{
    // eBay: SHA-256 of challenge code, verification token and endpoint, one behind the other.
    const std::string expected =
        to_hex(sha256("a1b2"
                      "hush"
                      "https://hooks.example/hooks/x"));
    EXPECT_EQ(answer(R"(parameter: challenge_code, content_type: application/json,
                        answer: '{{"challengeResponse":"{proof}"}',
                        proof: { construction: hash, encoding: hex, signed: "{challenge}{secret}{url}" })",
                     get("challenge_code=a1b2")),
              "{\"challengeResponse\":\"" + expected + "\"}");
}

TEST_F(ChallengeTest, AFormOfOneFieldIsAPingAndAnythingElseIsNot)
{
    const std::string ping = R"(method: POST, field: webhook_id, answer: "")";
    Sent sent;
    sent.body = "webhook_id=15";
    EXPECT_EQ(answer(ping, sent), "");
    sent.body = "webhook_id=15&order=7";
    EXPECT_EQ(answer(ping, sent), "none");
    sent.body = R"({"webhook_id":15})";
    EXPECT_EQ(answer(ping, sent), "none");
}

TEST_F(ChallengeTest, WhatCouldNeverBeAnsweredIsAProblem)
{
    EXPECT_EQ(read("").second, "challenge_place");
    EXPECT_EQ(read("field: a").second, "challenge_place");
    EXPECT_EQ(read("method: POST, parameter: a").second, "challenge_place");
    EXPECT_EQ(read("parameter: a, answer: '{chalenge}'").second, "signed_template");
    EXPECT_EQ(read("parameter: a, answer: '{\"a\":\"{challenge}\"}'").second, "") << "JSON is no name";
    EXPECT_EQ(read("parameter: a, answer: '{proof}'").second, "proof_missing");
    EXPECT_EQ(read("parameter: a, proof: { signed: '{bodyy}' }").second, "signed_template");
}

}  // namespace

}  // namespace headgate::connectors
