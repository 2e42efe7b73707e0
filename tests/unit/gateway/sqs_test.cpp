#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/sqs_config.hpp"
#include "gateway/systems/sqs_wire.hpp"
#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view queue_of_docs = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";

net::HttpAnswer sqs_says(int status, const std::string& body, net::HttpFields headers = {})
{
    return {status, std::move(headers), body};
}

TEST(SqsWireTest, RequestsAreAsTheApiReferenceSays)
{
    EXPECT_EQ(sqs_receive_request(queue_of_docs),
              R"({"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/orders","MaxNumberOfMessages":10,)"
              R"("WaitTimeSeconds":20,"VisibilityTimeout":120})");
    EXPECT_EQ(sqs_delete_request(queue_of_docs, {"AQEB\"1", "AQEB2"}),
              R"({"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/orders","Entries":[)"
              R"({"Id":"0","ReceiptHandle":"AQEB\"1"},{"Id":"1","ReceiptHandle":"AQEB2"}]})");
}

TEST(SqsWireTest, ACallIsSignedForTheRegionAndTheService)
{
    using namespace std::chrono;
    const net::AwsCredentials key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token"};
    const auto at = sys_days{2015y / August / 30d} + 12h + 36min;
    const auto call =
        sqs_call("ReceiveMessage", "{}", key, "eu-west-1", {true, "sqs.eu-west-1.amazonaws.com", 443}, at);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->method, "POST");
    EXPECT_EQ(call->target, "/");
    EXPECT_EQ(call->body, "{}");
    const auto header = [&](std::string_view name) {
        for (const auto& [known, value] : call->headers)
            if (known == name)
                return value;
        return std::string("none");
    };
    EXPECT_EQ(header("Content-Type"), "application/x-amz-json-1.0");
    EXPECT_EQ(header("X-Amz-Target"), "AmazonSQS.ReceiveMessage");
    EXPECT_EQ(header("X-Amz-Date"), "20150830T123600Z");
    EXPECT_EQ(header("X-Amz-Security-Token"), "token");
    EXPECT_THAT(header("Authorization"),
                AllOf(StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/sqs/aws4_request, "),
                      HasSubstr("content-type;host;x-amz-date;x-amz-security-token;x-amz-target")));
}

TEST(SqsWireTest, MessagesAreRead)
{
    const auto messages = read_sqs_messages(R"({"Messages":[{"MessageId":"5fea7756","ReceiptHandle":"AQEB",)"
                                            R"("MD5OfBody":"FAFB00F5732AB283681E124BF8747ED1","Attributes":{},)"
                                            R"("Body":"This is a test message"}]})");
    ASSERT_TRUE(messages);
    ASSERT_EQ(messages->size(), 1U);
    SqsMessage message = messages->front();
    EXPECT_EQ(message.id, "5fea7756");
    EXPECT_EQ(message.receipt, "AQEB");
    EXPECT_EQ(message.body, "This is a test message");
    EXPECT_TRUE(is_whole(message)) << "the MD5 is the one of the API reference's own example";
    message.body += ".";
    EXPECT_FALSE(is_whole(message));
    message.md5.clear();
    EXPECT_FALSE(is_whole(message));

    EXPECT_THAT(read_sqs_messages("{}").value(), IsEmpty()) << "there was none";
    EXPECT_THAT(read_sqs_messages(R"({"Messages":null})").value(), IsEmpty());
    for (const auto* broken : {"", "<html>", "[]", R"({"Messages":{}})", R"({"Messages":["m"]})",
                               R"({"Messages":[{"MessageId":"m"}]})", R"({"Messages":[{"ReceiptHandle":"m"}]})"}) {
        const auto read = read_sqs_messages(broken);
        ASSERT_FALSE(read) << broken;
        EXPECT_EQ(read.error().code, "sqs_answer_unreadable");
        EXPECT_EQ(read.error().failure_class, FailureClass::transient);
    }
}

TEST(SqsWireTest, WhatADeletionDoesNotTellOfIsThereStill)
{
    const auto all = read_sqs_deletion(R"({"Successful":[{"Id":"1"},{"Id":"0"}],"Failed":[]})", 2);
    ASSERT_TRUE(all);
    EXPECT_THAT(*all, IsEmpty());
    const auto some = read_sqs_deletion(
        R"({"Successful":[{"Id":"1"},{"Id":"7"},{"Id":"x"}],"Failed":[{"Id":"2","Code":"InternalError","SenderFault":false}]})",
        3);
    ASSERT_TRUE(some);
    ASSERT_EQ(some->size(), 2U);
    EXPECT_EQ(some->at(0).place, 0U);
    EXPECT_EQ(some->at(0).code, "");
    EXPECT_EQ(some->at(1).place, 2U);
    EXPECT_EQ(some->at(1).code, "InternalError");
    EXPECT_EQ(read_sqs_deletion("{}", 3)->size(), 3U);
    EXPECT_FALSE(read_sqs_deletion("x", 3));
    EXPECT_FALSE(read_sqs_deletion(R"({"Successful":1})", 3));
}

TEST(SqsWireTest, EachErrorMeansWhatItsWordSays)
{
    using enum FailureClass;
    struct Case {
        int status;
        std::string word;
        FailureClass meaning;
        std::string code;
    };
    // Amazon SQS API Reference, "ReceiveMessage" and "Common Errors".
    const std::vector<Case> cases{
        {400, "AccessDeniedException", auth, "sqs_login_refused"},
        {403, "AccessDenied", auth, "sqs_login_refused"},
        {403, "InvalidClientTokenId", auth, "sqs_login_refused"},
        {400, "UnrecognizedClientException", auth, "sqs_login_refused"},
        {403, "SignatureDoesNotMatch", auth, "sqs_login_refused"},
        {400, "InvalidSignatureException", auth, "sqs_login_refused"},
        {400, "RequestExpired", auth, "sqs_login_refused"},
        {403, "ExpiredTokenException", auth, "sqs_login_refused"},
        {400, "KmsAccessDenied", auth, "sqs_login_refused"},
        {403, "WhateverComesNext", auth, "sqs_login_refused"},
        {403, "RequestThrottled", throttled, "sqs_throttled"},
        {400, "ThrottlingException", throttled, "sqs_throttled"},
        {403, "OverLimit", throttled, "sqs_throttled"},
        {429, "", throttled, "sqs_throttled"},
        {400, "QueueDoesNotExist", permanent, "sqs_queue_missing"},
        {400, "InvalidAddress", permanent, "sqs_refused"},
        {404, "", permanent, "sqs_refused"},
        {301, "", permanent, "sqs_refused"},
        {500, "InternalFailure", transient, "http_500"},
        {503, "ServiceUnavailable", transient, "http_503"},
    };
    for (const auto& [status, word, meaning, code] : cases) {
        const auto failure = sqs_failure(sqs_says(
            status, R"({"__type":"com.amazonaws.sqs#)" + word + R"(","message":"User: arn:aws:iam::12:user/a"})"));
        EXPECT_EQ(failure.code, code) << word;
        EXPECT_EQ(failure.failure_class, meaning) << word;
        EXPECT_THAT(failure.detail, AllOf(HasSubstr(std::to_string(status)), HasSubstr(word), Not(HasSubstr("arn:"))));
    }
    EXPECT_EQ(
        sqs_failure(sqs_says(400, "<html>", {{"x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"}}))
            .code,
        "sqs_queue_missing");
    EXPECT_THAT(sqs_failure(sqs_says(400, R"({"__type":"a b secret"})")).detail, Not(HasSubstr("secret")));
}

TEST(SqsConfigTest, TheRegionStandsInTheHost)
{
    EXPECT_EQ(sqs_region("sqs.eu-west-1.amazonaws.com"), "eu-west-1");
    EXPECT_EQ(sqs_region("sqs.cn-north-1.amazonaws.com.cn"), "cn-north-1");
    EXPECT_EQ(sqs_region("sqs-fips.us-east-1.amazonaws.com"), "us-east-1");
    EXPECT_EQ(sqs_region("sqs.us-east-1.api.aws"), "us-east-1");
    EXPECT_EQ(sqs_region("vpce-0a1b-2c.sqs.eu-central-1.vpce.amazonaws.com"), "eu-central-1");
    EXPECT_EQ(sqs_region("eu-west-1.queue.amazonaws.com"), "eu-west-1");
    EXPECT_EQ(sqs_region("queue.amazonaws.com"), "us-east-1");
    for (const auto* other : {"", "localhost", "127.0.0.1", "sqs", "sqs.internal", "queue.example.com", "example.com"})
        EXPECT_EQ(sqs_region(other), "") << other;
}

class SqsConfigurationTest : public ConfigurationTest {
protected:
    SqsConfigurationTest()
    {
        variables_.insert({{"KEY", "AKIDEXAMPLE"}, {"SECRET_KEY", "abc/def"}});
        write("conf/connectors/acme/connector.yaml",
              "identity: { topic: .t, idempotency_key: .id }\ntopics: { a/created: {} }\n");
    }
    LoadedConfiguration load_queue(const std::string& queue)
    {
        return load("channels:\n  eu: { connector: acme, sqs: { " + queue + " } }\n");
    }
    static inline const std::string keys = ", access_key: env:KEY, secret_key: env:SECRET_KEY";
    static inline const std::string url = "url: \"https://sqs.eu-west-1.amazonaws.com/123456789012/orders\"";
};

TEST_F(SqsConfigurationTest, AQueueNeedsNoSecretAndNoSignature)
{
    const auto loaded = load_queue(url + keys);
    ASSERT_THAT(texts(loaded.problems), IsEmpty());
    const auto& plan = loaded.configuration->channel("eu")->sqs;
    ASSERT_NE(plan, nullptr);
    EXPECT_EQ(plan->region, "eu-west-1");
    EXPECT_EQ(plan->origin.host, "sqs.eu-west-1.amazonaws.com");
    EXPECT_TRUE(plan->origin.tls);
    EXPECT_EQ(plan->credentials.access_key_id, "AKIDEXAMPLE");
    EXPECT_EQ(plan->credentials.secret_access_key, "abc/def");
    EXPECT_EQ(plan->credentials.session_token, "");
    EXPECT_EQ(load_queue(url + keys + ", region: us-gov-west-1").configuration->channel("eu")->sqs->region,
              "us-gov-west-1");
    EXPECT_THAT(codes(load("channels: { eu: { connector: acme } }\n").problems), testing::Contains("no_signature"));
}

TEST_F(SqsConfigurationTest, WhatCannotBeReadIsTold)
{
    EXPECT_THAT(codes(load_queue("region: eu-west-1").problems),
                ElementsAre("missing_key", "missing_key", "missing_key"));
    EXPECT_THAT(
        texts(load_queue("url: \"https://queue.example.com/1/orders\"" + keys).problems),
        AllOf(HasSubstr("conf/headgate.yaml:2:"), HasSubstr("sqs_region_missing"), HasSubstr("region: eu-west-1")));
    for (const auto* wrong :
         {"orders", "ftp://sqs.eu-west-1.amazonaws.com/1/orders", "https://sqs.eu-west-1.amazonaws.com/",
          "https://sqs.eu-west-1.amazonaws.com/1/o?x=1", "https://me:pw@sqs.eu-west-1.amazonaws.com/1/o"})
        EXPECT_THAT(codes(load_queue("url: \"" + std::string(wrong) + "\"" + keys).problems), ElementsAre("bad_url"))
            << wrong;
    EXPECT_THAT(codes(load_queue(url + ", access_key: env:KEY, secret_key: env:NONE").problems),
                ElementsAre("secret_missing"));
    EXPECT_THAT(codes(load_queue(url + keys + ", ca: nowhere.pem").problems), ElementsAre("missing_file"));
    EXPECT_THAT(codes(load_queue(url + keys + ", allow: [10.0.0.0/99]").problems), ElementsAre("wrong_value"));
    EXPECT_THAT(codes(load_queue(url + ", access_key: [env:KEY, env:KEY], secret_key: env:SECRET_KEY").problems),
                ElementsAre("several_secrets"));
    EXPECT_THAT(codes(load_queue(url + ", access_key: AKID, secret_key: env:SECRET_KEY").problems),
                testing::Not(IsEmpty()));
}

}  // namespace

}  // namespace headgate::gateway
