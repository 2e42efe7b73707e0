// What a connector says of subscriptions, and what is to be done about those there are.

#include "gateway/registration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/formats/json.hpp"
#include "core/problem.hpp"
#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RegistrationTest : public ConfigurationTest {
protected:
    void connector(const std::string& registration, const std::string& api = "api: { url: 'https://api.acme.example' }")
    {
        write("conf/connectors/acme/connector.yaml",
              "identity: { topic: .kind, idempotency_key: .id }\n" + api +
                  "\nsignature: { hmac: { header: S } }\ntopics: { a: {}, b: {}, "
                  "c: {} }\nregistration:\n" +
                  registration);
    }
    std::string problems(const std::string& channel = {})
    {
        loaded_ = load("public_url: https://h.example\nchannels:\n  shop: { connector: acme, secret: generated" +
                       channel + " }\n");
        std::string text;
        for (const auto& problem : loaded_.problems)
            text += text_of(problem) + "\n";
        return text;
    }
    const Channel& shop() const { return *loaded_.configuration->channel("shop"); }

    static std::string how(const std::string& rest = {}, const std::string& body = "{ t: .topic, s: .secret }")
    {
        return "  list: { path: /w, items: . }\n  address: .url\n  topic: .topic\n  id: .id\n  create: { path: /w, "
               "body: " +
               body + " }\n" + rest;
    }
    LoadedConfiguration loaded_;
};

TEST_F(RegistrationTest, WhatIsWrongIsSaidWhereItStands)
{
    connector(how());
    EXPECT_EQ(problems(), "");
    connector(
        "  list: { path: /w, items: . }\n  address: .url\n  topic: .topic\n  id: .id\n"
        "  create:\n    path: /w\n    body:\n      t: = .topic | upperr\n");
    EXPECT_THAT(problems(), HasSubstr("connector.yaml:13:21: unknown_function"));
    connector(how({}, "= .topic | lookup(\"x\")"));
    EXPECT_THAT(problems(), HasSubstr("unknown_function"));
    connector("  list: { path: /w, items: . }\n  address: .url\n");
    EXPECT_THAT(problems(), AllOf(HasSubstr("`topic` must be given"), HasSubstr("`create` must be given")));
    connector(how("  topics: [d*]\n"));
    EXPECT_THAT(problems(), AllOf(HasSubstr("unknown_topic"), HasSubstr("there are: a b c")));
    connector(how(), "");
    EXPECT_THAT(problems(), HasSubstr("api_missing"));
    connector(how("  update: { method: DELETE, path: /w, body: {} }\n"));
    EXPECT_THAT(problems(), HasSubstr("bad_method"));
}

TEST_F(RegistrationTest, AChannelSaysWhetherItIsWatchedAndKept)
{
    connector(how());
    EXPECT_EQ(problems(", api: {}, registration: false"), "");
    EXPECT_FALSE(shop().config.registration->watch);
    EXPECT_EQ(problems(", api: {}, registration: { keep: true, every: 1h }"), "");
    EXPECT_TRUE(shop().config.registration->watch && shop().config.registration->keep);
    EXPECT_EQ(problems(", api: {}"), "");
    EXPECT_THAT(problems(", registration: {}"), HasSubstr("nothing_to_register"));
    EXPECT_EQ(problems(", registration: false"), "");
    EXPECT_THAT(problems(", api: {}, registration: no"), HasSubstr("wrong_kind"));
    EXPECT_THAT(problems(", api: {}, registration: { keep: true, watch: false }"), HasSubstr("unused_key"));
    connector(
        "  list: { path: /w, items: . }\n  address: .url\n  topic: .topic\n  id: .id\n"
        "  create: { path: /w, body: {}, secret: .secret }\n");
    EXPECT_THAT(problems(", api: {}, registration: { keep: true }"), HasSubstr("keep_tells_secret"));
}

TEST_F(RegistrationTest, TheTopicsOfTheChannelAreWantedInTheVendorsWords)
{
    connector(how("  topics: [a, b]\n  word: 'if .topic == \"b\" then [\"b/1\", \"b/2\"] else (.topic | upper)'\n"));
    ASSERT_EQ(problems(", api: {}"), "");
    const auto wanted = wanted_topics(shop());
    ASSERT_TRUE(wanted);
    std::vector<std::string> words;
    for (const auto& [topic, word] : *wanted)
        words.push_back(topic + "=" + word);
    EXPECT_THAT(words, ElementsAre("a=A", "b=b/1", "b=b/2"));
    ASSERT_EQ(problems(", api: {}, topics: [b, c]"), "");
    EXPECT_EQ(wanted_topics(shop())->size(), 2U) << "c is no webhook, and a is not wanted";
    connector(how("  word: .nothing\n"));
    ASSERT_EQ(problems(", api: {}"), "");
    EXPECT_EQ(wanted_topics(shop()).error().code, "word_missing");
}

TEST_F(RegistrationTest, OnlyWhatSendsToTheChannelsPathIsAboutIt)
{
    connector(how("  active: .on\n"));
    ASSERT_EQ(problems(", api: {}"), "");
    const auto items = connectors::read_json(R"([
      {"id":1,"topic":"a","url":"https://h.example/hooks/shop","on":true},
      {"id":2,"topic":["b","c*"],"url":"https://H.example:443/hooks/shop","on":false},
      {"id":3,"topic":"a","url":"https://user:pass@old.example/x/hooks/shop","on":true},
      {"id":4,"topic":"a","url":"http://h.example/hooks/shop","on":true},
      {"id":5,"topic":"a","url":"https://h.example/hooks/shop-2","on":true},
      {"id":6,"topic":"a","url":"arn:aws:events:x","on":true},
      {"id":7,"topic":"a","url":null,"on":true}])");
    const auto there = subscriptions_in(*items, shop());
    ASSERT_TRUE(there);
    std::vector<std::string> told;
    for (const auto& one : *there)
        told.push_back(one.id + (one.ours ? " ours" : " at " + one.at) + (one.active ? "" : " off"));
    EXPECT_THAT(told, ElementsAre("1 ours", "2 ours off", "3 at https://old.example", "4 at http://h.example"));
    EXPECT_TRUE((*there)[1].has("cde"));
    EXPECT_FALSE((*there)[1].has("bc"));

    // A member that fails is no reason to take the list for a shorter one.
    connector(how("  active: .on > 3\n"));
    ASSERT_EQ(problems(", api: {}"), "");
    EXPECT_FALSE(subscriptions_in(*items, shop()));
}

TEST_F(RegistrationTest, ARowSaysTheBestOfWhatThereIs)
{
    const std::vector<WantedTopic> wanted{{"a", "A"}, {"b", "B"}, {"c", "C"}};
    const std::vector<Subscription> there{{"1", "x", true, {"A"}, false, "{}"},
                                          {"2", "x", true, {"A", "B"}, true, "{}"},
                                          {"3", "x", true, {"B"}, false, "{}"},
                                          {"4", "y", false, {"C"}, true, "{}"}};
    std::vector<std::string> told;
    for (const auto& row : compared(wanted, there))
        told.push_back(row.topic + " " + std::string(name_of(row.state)) + " " + row.id);
    EXPECT_THAT(told, ElementsAre("a present 2", "b present 2", "c missing ", " elsewhere 4"));
    EXPECT_THAT((Registered{"", compared(wanted, there), {}, {}}.lacking()), ElementsAre("c"));
}

TEST_F(RegistrationTest, TheChannelsSecretIsToldOnlyToACallThatReadsIt)
{
    connector(how());
    variables_["S"] = "top-secret";
    loaded_ = load("public_url: https://h.example\nchannels:\n  shop: { connector: acme, secret: env:S, api: {} }\n");
    ASSERT_THAT(loaded_.problems, IsEmpty());
    const auto& registration = *shop().connector->registration;
    const auto steps = steps_to_do(registration, {{"a", "A"}}, {}, compared({{"a", "A"}}, {}));
    ASSERT_EQ(steps.size(), 1U);
    const auto document = connectors::read_json(about(steps[0], shop()));
    const auto body = registration.create.body.text({.document = *document});
    ASSERT_TRUE(body);
    EXPECT_EQ(*body, R"({"t":"A","s":"top-secret"})");
    EXPECT_EQ(registration.create.body.content_type(), "application/json");
    EXPECT_EQ(registration.create.method, "POST");
}

}  // namespace

}  // namespace headgate::gateway
