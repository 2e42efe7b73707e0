#include "gateway/tools/run_cases.hpp"

#include <gmock/gmock.h>

#include "tests/unit/gateway/tools/tools_fixture.hpp"

namespace headgate::gateway {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string good =
    "zone: Europe/Berlin\nexpect:\n  - type: thing\n    entity: thing/7\n    version: 2\n    fields:\n"
    "      number: \"7\"\n      state: open\n      made_at: \"2026-11-02T14:30:00Z\"\n      lines:\n"
    "        - { line_id: a, net: { amount: \"2.50\", currency: EUR } }\n"
    "        - { line_id: b, net: { amount: \"3.00\", currency: EUR } }\n";

std::string replaced(std::string text, const std::string& what, const std::string& with)
{
    return text.replace(text.find(what), what.size(), with);
}

TEST_F(ToolsTest, ACaseNeedsNoChannelAndNoSecret)
{
    const auto result = run(good);

    EXPECT_TRUE(result.fine()) << text_of(result);
    EXPECT_EQ(result.name, "acme/one");
}

TEST_F(ToolsTest, EachFieldThatDiffersIsNamedWithBothSides)
{
    auto text = text_of(run(replaced(replaced(good, "\"3.00\"", "\"3.10\""), "state: open", "state: closed")));

    EXPECT_THAT(text, HasSubstr("acme/one: FAILED"));
    EXPECT_THAT(text, HasSubstr("  thing thing/7\n"));
    EXPECT_THAT(text, HasSubstr("    state: expected \"closed\", got \"open\"\n"));
    EXPECT_THAT(text, HasSubstr("    lines[1].net.amount: expected \"3.10\", got \"3.00\"\n"));
    EXPECT_THAT(text, Not(HasSubstr("number")));
}

TEST_F(ToolsTest, AFailureIsToldWithItsPlaceAndCanBeExpected)
{
    const auto told = text_of(run(replaced(good, "zone: Europe/Berlin\n", "")));
    EXPECT_THAT(told, HasSubstr("expect: expected 1 transaction, got the failure zone_missing"));
    EXPECT_THAT(told, HasSubstr("thing.yaml:8:20: zone_missing"));
    EXPECT_THAT(told, HasSubstr("^"));
    EXPECT_THAT(told, HasSubstr("in the document: /order/made"));

    EXPECT_TRUE(run("expect_failure: { code: zone_missing, where: /order/made }\n").fine());
    EXPECT_TRUE(run("expect_failure: { code: zone_missing }\n").fine());
    EXPECT_THAT(text_of(run("expect_failure: { code: unmapped }\n")),
                HasSubstr("code: expected \"unmapped\", got \"zone_missing\""));
    EXPECT_FALSE(run("zone: UTC\nexpect_failure: { code: unmapped }\n").fine());
}

TEST_F(ToolsTest, NothingExpectedMeansFiltered)
{
    write("connectors/acme/samples/thing.json", R"({"event":"e","order":{"number":1,"test":true}})");
    EXPECT_TRUE(run("expect: []\n").fine());
    EXPECT_THAT(text_of(run(good)), HasSubstr("their `when` does not hold"));

    EXPECT_THAT(text_of(run("expect: [ { type: thing, entity: thing/1, fields: {} } ]\n")),
                HasSubstr("thing thing/1\n    expected this transaction, got none"));
}

TEST_F(ToolsTest, WhatIsWrongWithACaseFileIsSaidWithItsLine)
{
    EXPECT_THAT(text_of(run("expct: []\n")),
                HasSubstr("one.yaml:3:1: unknown_key: `expct` is no key of a case (did you "
                          "mean `expect`?)\n      expct: []"));
    EXPECT_THAT(text_of(run("zone: Berlin\nexpect: []\n")), HasSubstr("unknown_zone"));
    EXPECT_THAT(text_of(run("")), HasSubstr("`headgate test --update` writes it"));
    write("connectors/acme/cases/one.yaml", "input: gone.json\ntopic: placed\nexpect: []\n");
    EXPECT_THAT(text_of(run_cases(cases(), "acme").front()), HasSubstr("missing_file: the input "));
}

TEST_F(ToolsTest, AConnectorThatDoesNotLoadFailsItsCasesWithItsProblems)
{
    write("connectors/acme/mappings/thing.yaml", "transaction: thing\nentity: .number\nfields: { nmber: .a }\n");

    EXPECT_THAT(text_of(run(good)), HasSubstr("thing.yaml:3:11: unknown_field"));
}

TEST_F(ToolsTest, AnUpdatedCasePassesAndKeepsItsCommentsElsewhere)
{
    for (const std::string rest :
         {"# about the zone\nzone: UTC   # here\nexpect: []   # to be written\n# and on\nheaders: {}\n", "zone: UTC\n",
          "expect_failure: { code: nope }\n",
          "zone: UTC\nexpect:\n  - type: thing\n    entity: a\n    fields:\n      number: \"8\"\n"}) {
        const auto before = run(rest);
        ASSERT_FALSE(before.fine());
        const std::string text = read("connectors/acme/cases/one.yaml");

        const auto updated = with_expectation(text, *before.trial);

        ASSERT_TRUE(updated);
        write("connectors/acme/cases/one.yaml", *updated);
        const auto after = run_cases(cases(), "acme").front();
        EXPECT_TRUE(after.fine()) << *updated << text_of(after);
        if (rest.starts_with('#')) {
            EXPECT_THAT(*updated, HasSubstr("# about the zone\nzone: UTC   # here\nexpect:\n  - type: thing\n"));
            EXPECT_THAT(*updated, HasSubstr("# and on\nheaders: {}\n"));
            EXPECT_THAT(*updated, HasSubstr("        - { line_id: a, net: { amount: \"2.50\", currency: EUR } }\n"));
        }
    }
}

TEST_F(ToolsTest, JUnitHasASuiteForEachConnectorAndTheDifferencesOfEachFailure)
{
    const auto xml = junit({run(good), run(replaced(good, "state: open", "state: closed"))});

    EXPECT_THAT(xml, HasSubstr("<testsuites name=\"headgate\" tests=\"2\" failures=\"1\">"));
    EXPECT_THAT(xml, HasSubstr("<testsuite name=\"acme\" tests=\"2\" failures=\"1\">"));
    EXPECT_THAT(xml, HasSubstr("state: expected &quot;closed&quot;, got &quot;open&quot;"));
}

TEST_F(ToolsTest, ATrialReadsTheRequestAsTheGatewayDoes)
{
    LoadOptions options = cases().options;
    ChannelConfig shop;
    shop.name = "shop";
    shop.connector = "acme";
    shop.zone = "UTC";
    const auto loaded = load_channels(options, {shop});
    ASSERT_TRUE(loaded.problems.empty());
    const Channel& channel = *loaded.configuration->channel("shop");
    const std::string body = read("connectors/acme/samples/thing.json");

    const auto by_header = try_out(channel, {body, "", {{"X-Topic", "placed"}}});
    EXPECT_EQ(by_header.envelope.topic, "placed");
    EXPECT_EQ(by_header.envelope.idempotency_key, "e1");
    ASSERT_EQ(by_header.made.size(), 1U);
    EXPECT_EQ(by_header.made[0].mapping, "thing");
    EXPECT_THAT(json_of(by_header.made[0]),
                HasSubstr(R"("entity":"thing/7","id":"thing/7","version":"2","place":"thing",)"));

    const auto without = try_out(channel, {body, "", {}});
    ASSERT_TRUE(without.failure);
    EXPECT_EQ(without.failure->failure.code, "topic_missing");
    EXPECT_THAT(without.failure->failure.detail, HasSubstr("--topic"));

    const auto unknown = try_out(channel, {body, "plced", {}});
    EXPECT_FALSE(unknown.wanted);
    EXPECT_THAT(unknown.notes.front(), HasSubstr("did you mean `placed`?"));

    const auto no_json = try_out(channel, {"{", "placed", {}});
    ASSERT_TRUE(no_json.failure);
    EXPECT_EQ(no_json.failure->stage, "decode");
}

TEST_F(ToolsTest, EveryFailureAndTheSourceOfEachFieldAreToldWhenAsked)
{
    LoadOptions options = cases().options;
    ChannelConfig shop;
    shop.name = "shop";
    shop.connector = "acme";
    const auto loaded = load_channels(options, {shop});
    const Channel& channel = *loaded.configuration->channel("shop");
    const std::string body = R"({"event":"e","order":{"number":7,"revision":2,"state":"odd","made":"2026-11-02 15:30",
                                "items":[{"id":"a","price":"2.5"}]}})";

    const auto trial = try_out(channel, {body, "placed", {}}, {.all = true, .trace = true});

    ASSERT_TRUE(trial.failure);
    EXPECT_EQ(trial.failure->failure.code, "not_in_list");
    ASSERT_EQ(trial.all.size(), 2U);
    EXPECT_EQ(trial.all[1].failure.code, "zone_missing");
    ASSERT_EQ(trial.traces.size(), 1U);
    EXPECT_THAT(text_of(trial.traces[0]), HasSubstr("lines[0].net <- /order/items/0/price <- "));
    EXPECT_THAT(text_of(trial.traces[0]), HasSubstr("thing.yaml:13:12"));
}

}  // namespace

}  // namespace headgate::gateway
