// Vendors that are asked whether they sent it: what the question says, and which answer counts.

#include <gmock/gmock.h>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "tests/unit/connectors/scheme_fixture.hpp"

namespace headgate::connectors {

namespace {

constexpr const char* paypal_postback = R"(postback: { path: /v1/notifications/verify-webhook-signature,
    fields: { auth_algo: "{header:paypal-auth-algo}", transmission_id: "{header:paypal-transmission-id}",
              webhook_id: "{setting:webhook_id}", note: "ours: {{" },
    body: webhook_event, answer: { pointer: /verification_status, equals: SUCCESS } })";

class PostbackTest : public SignatureSchemesTest {
protected:
    PostbackVerifier asking()
    {
        const auto [config, codes] = read(paypal_postback);
        EXPECT_EQ(codes, "");
        return PostbackVerifier::make(config.postback.value()).value();
    }

    static Sent sent(const std::string& body)
    {
        return {.body = body,
                .headers = {{"PayPal-Auth-Algo", "SHA256withRSA"}, {"PayPal-Transmission-Id", "t\"1\\\x01"}},
                .settings = {{"webhook_id", "WH-7"}}};
    }
};

TEST_F(PostbackTest, TheQuestionHoldsTheEventAsItCame)
{
    const auto made = asking();
    const std::string event = R"({ "amount": 10.00, "text": "\u00e9 }, {" })";
    const auto question = made.question(sent(event).request());
    ASSERT_TRUE(question) << question.error().detail;
    EXPECT_THAT(*question, ::testing::HasSubstr(R"("webhook_event":)" + event + "}")) << "10.00 stays 10.00";
    const auto parsed = read_json(*question);
    ASSERT_TRUE(parsed) << *question;
    EXPECT_EQ(parsed->children(parsed->root()).size(), 5U);
    EXPECT_EQ(scalar_at(*parsed, "/auth_algo"), "SHA256withRSA");
    EXPECT_EQ(scalar_at(*parsed, "/transmission_id"), "t\"1\\\x01");
    EXPECT_EQ(scalar_at(*parsed, "/webhook_id"), "WH-7");
    EXPECT_EQ(scalar_at(*parsed, "/note"), "ours: {");
}

TEST_F(PostbackTest, AnEventCannotAnswerForOtherFields)
{
    const auto made = asking();
    const auto code = [&](const Sent& what) {
        const auto asked = made.verify(what.request());
        return asked ? "ok" : asked.error().code;
    };
    EXPECT_EQ(code(sent("{}")), "ok");
    for (const auto* body : {R"({},"webhook_id":"theirs")", R"({}})", "", "a=b", R"({"a":1,"a":2})", "{} {}", "{"})
        EXPECT_EQ(code(sent(body)), "signature_malformed") << body;
    auto headless = sent("{}");
    headless.headers.pop_back();
    EXPECT_EQ(code(headless), "signature_malformed");
    auto unset = sent("{}");
    unset.settings.clear();
    EXPECT_EQ(code(unset), "signature_malformed");
    EXPECT_EQ(made.sign(sent("{}").request(), 0).error().code, "cannot_sign");
}

TEST_F(PostbackTest, OneAnswerCounts)
{
    const auto made = asking();
    EXPECT_TRUE(made.confirmed(R"({"verification_status":"SUCCESS"})").value());
    for (const auto* answer :
         {R"({"verification_status":"FAILURE"})", R"({"verification_status":"success"})", "{}",
          R"({"verification_status":["SUCCESS"]})", R"("SUCCESS")", R"({"verification_status":null})"})
        EXPECT_FALSE(made.confirmed(answer).value()) << answer;
    for (const auto* answer : {"", "<html>", R"({"verification_status":"SUCCESS")"})
        EXPECT_EQ(made.confirmed(answer).error().code, "postback_failed") << answer;
}

TEST_F(PostbackTest, WhatWouldBeNoQuestionIsAProblem)
{
    const auto codes = [&](const std::string& more) { return read("postback: { " + more + " }").second; };
    const std::string rest = R"(body: e, answer: { pointer: /s, equals: OK })";
    EXPECT_EQ(codes("path: /p, fields: { a: b }, " + rest), "");
    EXPECT_EQ(codes(rest), "missing_key missing_key");
    EXPECT_EQ(codes("path: p, fields: { a: b }, " + rest), "wrong_value");
    EXPECT_EQ(codes("path: /p, fields: { e: b }, " + rest), "same_name");
    EXPECT_EQ(codes(R"(path: /p, fields: { a: "{body}" }, )" + rest), "signed_template");
    EXPECT_EQ(codes(R"(path: /p, fields: { a: "{nothing}" }, )" + rest), "signed_template");
    EXPECT_EQ(codes("path: /p, fields: { a: b }, body: e, answer: { pointer: /s }"), "missing_key");
    EXPECT_EQ(read("postback: ").second, "missing_key");
    EXPECT_EQ(read("none: {}, hmac: { header: S }").second, "signature_scheme");
    EXPECT_FALSE(read(paypal_postback).first.needs_secret());
    EXPECT_TRUE(read(paypal_postback).first.stands_on(sent("{}").request()));
    EXPECT_FALSE(read(paypal_postback).first.stands_on(Sent{}.request()));
}

}  // namespace

}  // namespace headgate::connectors
