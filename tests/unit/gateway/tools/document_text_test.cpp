#include "gateway/tools/document_text.hpp"

#include <gmock/gmock.h>

#include "connectors/formats/json.hpp"
#include "gateway/tools/text_diff.hpp"
#include "gateway/tools/yaml.hpp"

namespace headgate::gateway {

namespace {

using ::testing::HasSubstr;

Document document_of(std::string_view text)
{
    return std::move(*connectors::read_json(text));
}

std::string differing(std::string_view expected, std::string_view got)
{
    std::string text;
    for (const auto& difference : differences(document_of(expected), document_of(got)))
        text += difference.path + ": " + difference.expected + " / " + difference.got + "\n";
    return text;
}

TEST(DocumentTextTest, ADifferenceNamesThePlaceAndBothSides)
{
    EXPECT_EQ(differing(R"({"a":{"b":["x","y"]},"n":1})", R"({"a":{"b":["x","z","w"]},"n":1})"),
              "a.b[1]: \"y\" / \"z\"\na.b[2]: nothing / \"w\"\n");
    EXPECT_EQ(differing(R"({"a":1})", R"({"b":1})"), "a: 1 / nothing\nb: nothing / 1\n");
}

TEST(DocumentTextTest, ANumberIsNoTextAndNullIsNothing)
{
    EXPECT_EQ(differing(R"({"a":1})", R"({"a":"1"})"), "a: 1 / \"1\"\n");
    EXPECT_EQ(differing(R"({"a":null})", "{}"), "");
    EXPECT_EQ(differing(R"({"a":1.0})", R"({"a":1.00})"), "a: 1.0 / 1.00\n");
}

TEST(DocumentTextTest, PrettyJsonHasAMemberALineAndLeavesTextsAlone)
{
    EXPECT_EQ(pretty_json(R"({"a":[],"b":{"c":"x,{y\"}"},"d":[1,2]})"),
              "{\n  \"a\": [],\n  \"b\": {\n    \"c\": \"x,{y\\\"}\"\n  },\n  \"d\": [\n    1,\n    2\n  ]\n}");
}

TEST(DocumentTextTest, WhatIsWrittenAsYamlReadsBackTheSame)
{
    const Document before = document_of(
        R"({"order_number":"5127","n":3,"f":2.50,"t":true,"empty":"","words":["yes","a: b","# c","it's","1e5","0x1F"],
            "deep":{"amount":{"amount":"25.00","currency":"EUR"},"lines":[{"id":"1","item":{"sku":"A-1"}},{"id":"2"}]},
            "zero":[],"nothing":{},"names":{"odd key":"é","line\nbreak":"a\tb"},"date":"2026-11-05","nested":[["a"],["b"]]})");

    const std::string yaml = yaml_lines(before, before.root(), 0);
    Problems problems;
    const auto read = load_yaml("a.yaml", yaml, problems);

    ASSERT_TRUE(read) << yaml;
    EXPECT_EQ(json_of(*read), json_text(before, before.root())) << yaml;
    EXPECT_THAT(yaml, HasSubstr("order_number: \"5127\"\n"));
    EXPECT_THAT(yaml, HasSubstr("  amount: { amount: \"25.00\", currency: EUR }\n"));
    EXPECT_THAT(yaml, HasSubstr("  lines:\n    - { id: \"1\", item: { sku: A-1 } }\n"));
}

TEST(TextDiffTest, ShowsWhatChangedWithTwoLinesAround)
{
    EXPECT_EQ(text_diff("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n"), "  …\n  b\n  c\n- d\n+ X\n  e\n  f\n");
    EXPECT_EQ(text_diff("a\n", "a\n"), "");
    EXPECT_EQ(text_diff("", "a\n"), "+ a\n");
}

}  // namespace

}  // namespace headgate::gateway
