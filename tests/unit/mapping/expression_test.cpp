#include <gtest/gtest.h>

#include "connectors/formats/json.hpp"
#include "mapping/expression.hpp"
#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

constexpr std::string_view sample_order = R"({
    "id": 7, "name": "#7", "blank": "  ", "none": null, "yes": true, "no": false, "two": "2", "word": "x",
    "lines": [{"sku": "A", "price": 2.50, "tax": [{"rate": 1}, {"rate": 2}]}, {"sku": "B", "price": "3", "tax": null}, {"sku": "C", "tax": {"rate": 3}}],
    "one": {"sku": "S"}, "odd key": 1, ".": 2, "01": "a", "x": {"@id": "q", "#text": "12"}, "big": 12345678901234567890123456789012345678901
})";

std::string of(std::string_view expression)
{
    return evaluated(expression, sample_order);
}

TEST(Expression, StringWritesExponentsOutWhereTheDigitsHoldThem)
{
    const auto text = [](std::string_view number) {
        return evaluated(".n | string", "{\"n\": " + std::string(number) + "}");
    };
    EXPECT_EQ(text("8.25E-2"), "\"0.0825\"");
    EXPECT_EQ(text("-1e3"), "\"-1000\"");
    EXPECT_EQ(text("19.990"), "\"19.990\"");
    EXPECT_EQ(text("1e400"), "\"1e400\"");
}

TEST(Expression, PrecedenceIsAsThePageSays)
{
    EXPECT_EQ(of("1 + 2 * 3"), "7");
    EXPECT_EQ(of("(1 + 2) * 3"), "9");
    EXPECT_EQ(of("- 2 * 3"), "-6");
    EXPECT_EQ(of("5 - 2 - 1"), "2");
    EXPECT_EQ(of(".none // 1 + 1"), "2");
    EXPECT_EQ(of(".none // 1 == 1"), "true");
    EXPECT_EQ(of("not .no and .yes"), "true");
    EXPECT_EQ(of("not 1 == 2"), "true");
    EXPECT_EQ(of("true or false and false"), "true");
    EXPECT_EQ(of("1 + 1 | string"), "\"2\"");
    EXPECT_EQ(of("if .no then 1 else 2 | string"), "\"2\"");
    EXPECT_EQ(of("(if .yes then 1 else 2) | string"), "\"1\"");
    EXPECT_EQ(of("if .no then 1 elif .yes then 2 else 3"), "2");
    EXPECT_EQ(of("if .yes or .no then \"T\" else \"P\""), "\"T\"");
}

TEST(Expression, AnElementIsNullWhenItsOwnTextIs)
{
    constexpr std::string_view elements = R"({"blank": {"#text": " "}, "full": {"#text": "x"}, "none": {"@id": "1"}})";
    EXPECT_EQ(evaluated(".blank == null", elements), "true");
    EXPECT_EQ(evaluated(".blank != null", elements), "false");
    EXPECT_EQ(evaluated(".full != null", elements), "true");
    EXPECT_EQ(evaluated(".none == null", elements), "false");
}

TEST(Expression, APathFindsItsNameWhereverItStands)
{
    const auto path = Expression::compile(".a.b").value();
    const auto given = [&](std::string_view json) {
        const Document document = connectors::read_json(json).value();
        return path.text(MappingContext{.document = document}).value().value_or("null");
    };
    for (int round = 0; round < 2; ++round) {  // what was found in one document is no more than a guess in the next
        EXPECT_EQ(given(R"({"a": {"b": "first"}})"), "first");
        EXPECT_EQ(given(R"({"x": 1, "y": 2, "a": {"c": 1, "d": 2, "b": "last"}})"), "last");
        EXPECT_EQ(given(R"({"a": {"b": "x", "c": 1, "d": 2}, "y": 2})"), "x");
        EXPECT_EQ(given(R"({"y": {"b": "no"}, "a": {"c": "no"}})"), "null");
        EXPECT_EQ(given(R"({"a": {"c": 1, "b": "middle", "d": 2}})"), "middle");
        EXPECT_EQ(given("{}"), "null");
    }
}

TEST(Expression, APlaceOfWhatWasCutOutOfATextIsThatText)
{
    EXPECT_EQ(evaluated(".t | split(\",\") | map(.[0])", R"({"t": "x,y,z"})"), R"(["x","y","z"])");
    EXPECT_EQ(evaluated("[.t | trim] | map(.[0])", R"({"t": " x "})"), R"(["x"])");
    EXPECT_EQ(evaluated("[.n | string] | map(.[0])", R"({"n": 12})"), R"(["12"])");
    EXPECT_EQ(evaluated("[.n] | map(.[-1])", R"({"n": 12})"), "[12]");
}

TEST(Expression, MoneyAndQuantitiesAreNoNumbers)
{
    for (const char* wrong :
         {R"(10 | money("EUR") | minor("EUR"))", R"(10 | money("EUR") | divide(10.5 | money("USD"), 2))",
          R"((3 | quantity("EA")) + 1)", R"(1 + (3 | quantity("EA")))", R"((3 | money("EUR")) * (3 | quantity("EA")))",
          R"((3 | money("EUR")) > 2)", R"(3 | money("EUR") | quantity("EA"))", R"((3 | quantity("EA")) < 4)"})
        EXPECT_EQ(evaluated(wrong), "!wrong_kind") << wrong;
    EXPECT_EQ(evaluated(R"((3 | money("EUR")) == 3)"), "false");
    EXPECT_EQ(evaluated(R"((3 | money("EUR") | amount) > 2)"), "true");
    EXPECT_EQ(evaluated(R"((3 | money("EUR")) * 2)"), R"({"amount":"6.00","currency":"EUR"})");
}

TEST(Expression, OfAHeaderThatIsGivenTwiceTheFirstCounts)
{
    const auto path = Expression::compile("$headers.x").value();
    const Document document = connectors::read_json("{}").value();
    const auto given = [&](std::vector<std::pair<std::string, std::string>> headers) {
        return path.text(MappingContext{.document = document, .headers = headers}).value().value_or("null");
    };
    EXPECT_EQ(given({{"a", "0"}, {"x", "1"}}), "1");
    EXPECT_EQ(given({{"x", "1"}, {"x", "2"}}), "1");  // wherever it stood in the message before
    EXPECT_EQ(given({{"x", " "}, {"x", "2"}}), "null");
}

TEST(Expression, PathsFollowEveryStep)
{
    EXPECT_EQ(of(".lines[].sku"), R"(["A","B","C"])");
    EXPECT_EQ(of(".lines[].tax[].rate"), "[1,2,3]");
    EXPECT_EQ(of(".lines[0].sku"), "\"A\"");
    EXPECT_EQ(of(".lines[-1].sku"), "\"C\"");
    EXPECT_EQ(of(".lines[9].sku"), "null");
    EXPECT_EQ(of(".lines[.sku == \"B\"].price"), "\"3\"");
    EXPECT_EQ(of("..rate"), "[1,2,3]");
    EXPECT_EQ(of(".lines..rate"), "[1,2,3]");
    EXPECT_EQ(of(".one[].sku"), R"(["S"])");
    EXPECT_EQ(of(".one[0].sku"), "\"S\"");
    EXPECT_EQ(of(".one[1].sku"), "null");
    EXPECT_EQ(of(".none[].sku"), "[]");
    EXPECT_EQ(of(".\"odd key\""), "1");
    EXPECT_EQ(of(".\".\""), "2");
    EXPECT_EQ(of(".01"), "\"a\"");
    EXPECT_EQ(of(".x.@id"), "\"q\"");
    EXPECT_EQ(of(".x + 1"), "13");
    EXPECT_EQ(of("$doc.id"), "7");
    EXPECT_EQ(of("(.one).sku"), "\"S\"");
    EXPECT_EQ(of(".lines | first | get(\"sku\")"), "\"A\"");
    EXPECT_EQ(of(".lines.sku"), "!path_on_list");
    EXPECT_EQ(of(".name.sku"), "!wrong_kind");
    EXPECT_EQ(of(".missing.sku.deep"), "null");
}

TEST(Expression, BlankReadsAsNullAndNullIsQuiet)
{
    EXPECT_EQ(of(".blank"), "null");
    EXPECT_EQ(of(".blank // \"x\""), "\"x\"");
    EXPECT_EQ(of(".none + 1"), "null");
    EXPECT_EQ(of("- .none"), "null");
    EXPECT_EQ(of(".none < 1"), "false");
    EXPECT_EQ(of(".none in [null]"), "false");
    EXPECT_EQ(of(".none == null"), "true");
    EXPECT_EQ(of(".none != 1"), "true");
}

TEST(Expression, ComparisonReadsTheOtherSideAsANumber)
{
    EXPECT_EQ(of(".two == 2"), "true");
    EXPECT_EQ(of(".two == 2.0"), "true");
    EXPECT_EQ(of(".word == 2"), "false");
    EXPECT_EQ(of(".word != 2"), "true");
    EXPECT_EQ(of(".word < 2"), "!wrong_kind");
    EXPECT_EQ(of("\"a\" < \"b\""), "true");
    EXPECT_EQ(of("\"B\" < \"a\""), "true");
    EXPECT_EQ(of("\"10\" < \"9\""), "true");
    EXPECT_EQ(of("\"10\" < 9"), "false");
    EXPECT_EQ(of(".two in [1, 2]"), "true");
    EXPECT_EQ(of("\"ST\" in [\"BS\", \"ST\"]"), "true");
    EXPECT_EQ(of(".lines == 1"), "!wrong_kind");
}

TEST(Expression, WhetherSomethingIsThereCanBeAskedOfAnything)
{
    EXPECT_EQ(of(".lines == null"), "false");
    EXPECT_EQ(of(".lines != null"), "true");
    EXPECT_EQ(of("null != .one"), "true");
    EXPECT_EQ(of(".missing.one == null"), "true");
}

TEST(Expression, AStringJoinsSurrogatePairsAndRefusesHalves)
{
    EXPECT_EQ(of(R"("\u00e9\ud83d\ude00!")"), "\"\u00e9\U0001F600!\"");
    for (const char* half : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\ud83d")", R"("\ud83d\n")"}) {
        const auto compiled = Expression::compile_bare(half);
        ASSERT_FALSE(compiled) << half;
        EXPECT_EQ(compiled.error().code, "syntax") << half;
        EXPECT_EQ(compiled.error().column, 2) << half;
    }
    EXPECT_EQ(of(R"("\u12")"), "!syntax");
    EXPECT_EQ(of(R"("\u12g4")"), "!syntax");
}

TEST(Expression, NumbersKeepTheirSourceTextUntilSomethingIsComputed)
{
    EXPECT_EQ(of(".lines[0].price"), "2.50");
    EXPECT_EQ(of(".lines[0].price * 2"), "5");
    EXPECT_EQ(of(".big"), "12345678901234567890123456789012345678901");
    EXPECT_EQ(of(".big + 1"), "!number_overflow");
    EXPECT_EQ(of("0.1 + 0.2"), "0.3");
}

struct Refused {
    const char* expression;
    const char* code;
    int column;
};

class ExpressionProblems : public testing::TestWithParam<Refused> {};

TEST_P(ExpressionProblems, SayWhereAndWhy)
{
    const auto compiled = Expression::compile_bare(GetParam().expression, {"mapping.yaml", 3, 10});

    ASSERT_FALSE(compiled) << GetParam().expression;
    EXPECT_EQ(compiled.error().code, GetParam().code) << GetParam().expression;
    EXPECT_EQ(compiled.error().file, "mapping.yaml");
    EXPECT_EQ(compiled.error().line, 3);
    EXPECT_EQ(compiled.error().column, 9 + GetParam().column) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    All, ExpressionProblems,
    testing::Values(Refused{".a | trimm", "unknown_function", 6}, Refused{"name", "unknown_function", 1},
                    Refused{".a | .b", "pipe_needs_function", 6}, Refused{".a | round(1) + 2", "syntax", 15},
                    Refused{".a < .b < .c", "no_chain", 9}, Refused{".a / 2", "no_quotient", 4},
                    Refused{".a | replace(\"x\")", "wrong_arguments", 6}, Refused{"(.a", "syntax", 4},
                    Refused{"1 + 007", "syntax", 5}, Refused{".l[01]", "syntax", 4}, Refused{"00", "syntax", 1},
                    Refused{"00.5", "syntax", 1}, Refused{".a .b", "syntax", 4}, Refused{"$nope", "unknown_name", 1},
                    Refused{"$index", "unknown_name", 1}, Refused{"$system.name", "requests_only", 1},
                    Refused{".a == 'x", "syntax", 7}, Refused{"if .a then 1", "syntax", 13},
                    Refused{".a = 1", "syntax", 4}, Refused{"", "syntax", 1}, Refused{".a[", "syntax", 4},
                    Refused{".a.", "syntax", 4}, Refused{".a | money(\"EURO\")", "unknown_currency", 6},
                    Refused{".a[\"b\"]", "syntax", 4}, Refused{".a[true].b", "syntax", 4}));

TEST(ExpressionText, UnknownNamesSuggestTheNearest)
{
    EXPECT_EQ(Expression::compile_bare(".a | trimm").error().hint, "did you mean `trim`?");
    EXPECT_EQ(Expression::compile_bare("$dok.id").error().hint, "did you mean `$doc`?");
    EXPECT_EQ(Expression::compile_bare(".a[\"b\"]").error().hint, "a member is `.b`");
    EXPECT_EQ(Expression::compile_bare(".a[\"b-c\"]").error().hint, "a member is `.\"b-c\"`");
}

TEST(ExpressionText, WhatOtherLanguagesWriteIsAnsweredWithOurs)
{
    const auto hint = [](std::string_view text) { return Expression::compile_bare(text).error().hint; };

    EXPECT_EQ(hint(".a && .b"), "write `and`");
    EXPECT_EQ(hint(".a ?? .b"), "write `//`");
    EXPECT_EQ(hint(".a?.b"), "leave it out: a member of what is null is null");
    EXPECT_EQ(hint(".a == 1 ? 2"), "write `if … then … else …`");
    EXPECT_EQ(hint("= .a"), "leave the `=` out");
    EXPECT_EQ(hint(".buyer-note"), "a member whose name has a `-` goes in quotes: .\"buyer-note\"");
    EXPECT_EQ(hint(".a.order-date | upper"), "a member whose name has a `-` goes in quotes: .\"order-date\"");
    EXPECT_EQ(hint(".a | len"), "it is called `count` here");
    EXPECT_EQ(hint(".a | toLowerCase"), "it is called `lower` here");
    EXPECT_EQ(hint(".a | to_string"), "it is called `string` here");
    EXPECT_EQ(hint(".a | capitalize"), "there is none; of a text's case there are `lower`, `upper` and `fold`");
    EXPECT_EQ(hint("coalesce(.a, .b)"), "write `.a // .b`");
}

TEST(ExpressionText, InsertsIntoText)
{
    const Document document = read_document(sample_order);
    const MappingContext context{.document = document};

    EXPECT_EQ(Expression::compile("order/{.id}")->text(context), "order/7");
    EXPECT_EQ(Expression::compile("{.id}-{.lines[].sku | join(\"}\")}")->text(context), "7-A}B}C");
    EXPECT_EQ(Expression::compile("{{literal}")->text(context), "{literal}");
    EXPECT_EQ(Expression::compile("order/{.none}")->text(context).value(), std::nullopt);
    EXPECT_EQ(Expression::compile("order/{.lines}")->text(context).error().code, "wrong_kind");
    EXPECT_EQ(Expression::compile(".lines")->text(context).error().code, "wrong_kind");
    EXPECT_EQ(Expression::compile("= .id == 7")->text(context), "true");
    EXPECT_EQ(Expression::compile("order/{.id").error().code, "syntax");
}

TEST(ExpressionText, SeesHeadersEventAndChannel)
{
    const Document document = read_document("{}");
    const std::vector<std::pair<std::string, std::string>> headers{{"x-shop-id", "a1"}, {"empty", " "}};
    const MappingContext context{
        .document = document, .headers = headers, .event_id = "e-1", .topic = "orders/create", .channel_name = "shop"};

    EXPECT_EQ(Expression::compile("$headers.\"X-Shop-Id\"")->text(context), "a1");
    EXPECT_EQ(Expression::compile("$headers.empty")->text(context).value(), std::nullopt);
    EXPECT_EQ(Expression::compile("{$event.id} {$event.topic}")->text(context), "e-1 orders/create");
    EXPECT_EQ(Expression::compile("$channel.settings.currency")->text(context).value(), std::nullopt);
    EXPECT_EQ(Expression::compile("$channel.name")->text(context), "shop");
}

TEST(ExpressionText, StartsWhereTheContextSays)
{
    const Document document = read_document(R"({"order": {"id": 5, "lines": [{"a": 1}]}})");
    const MappingContext context{.document = document, .root = document.member(0, "order")};

    EXPECT_EQ(Expression::compile(".id")->text(context), "5");
    EXPECT_EQ(Expression::compile("$doc.id")->text(context), "5");
}

TEST(ExpressionText, FailuresNameThePlaceAndNeverTheValue)
{
    const Document document = read_document(R"({"lines": [{"price": "secret"}]})");
    const auto expression = Expression::compile(".lines[0].price * 2", {"m.yaml", 4, 9});

    const auto value = expression->json(MappingContext{.document = document});

    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().failure_class, FailureClass::permanent);
    EXPECT_EQ(value.error().code, "wrong_kind");
    EXPECT_EQ(value.error().where.document, "/lines/0/price");
    EXPECT_EQ(value.error().where.config, "m.yaml:4:9");
    EXPECT_NE(value.error().detail.find("`.lines[0].price`"), std::string::npos);
    EXPECT_EQ(value.error().detail.find("secret"), std::string::npos);
}

/// A document of a few hundred things to look at and large ones to look in.
std::string large_document()
{
    std::string few = "0";
    std::string many = "0";
    std::string members = "\"m0\": 0";
    for (int i = 1; i < 1'500; ++i)
        few += "," + std::to_string(i);
    for (int i = 1; i < 90'000; ++i) {
        many += "," + std::to_string(i);
        members += ",\"m" + std::to_string(i) + "\": 0";
    }
    return R"({"few": [)" + few + R"(], "many": [)" + many + R"(], "wide": {)" + members + R"(}, "text": ")" +
           std::string(500'000, 'x') + R"(", "parts": ")" + std::string(90'000, ',') + R"(", "json": "[)" + many +
           R"(]"})";
}

TEST(ExpressionText, WorkThatGrowsWithTheDocumentCounts)
{
    const std::string large = large_document();

    for (const char* once : {".many | at(-1)", ".wide.m89999", ".many | sum", ".many | max", ".text | lower | count",
                             "-1 in .many", ".text == .text", ".parts | split(\",\") | count", "..m7 | count",
                             ".json | json | count", ".many | map(. | string) | join(\"\") | count"})
        EXPECT_EQ(evaluated(once, large).substr(0, 1).find('!'), std::string::npos) << once;
    for (const char* each :
         {"$doc.wide.m89999", "$doc.wide | get(\"m9\")", "$doc.many | sum", "$doc.many | max",
          "$doc.text | lower | count", "-1 in $doc.many", "$doc.text == $doc.text", "$doc.parts | split(\",\") | count",
          "$doc..m7 | count", "$doc.json | json | count", "$doc.wide | entries | count"})
        EXPECT_EQ(evaluated(".few | map(" + std::string(each) + ") | count", large), "!limit_steps") << each;
    for (const char* each : {"$doc.many | at(-1)", "$doc.many[-1]"})
        EXPECT_NE(evaluated(".few | map(" + std::string(each) + ") | count", large), "!limit_steps") << each;
}

TEST(ExpressionText, APathStopsAtTheLimitOfItems)
{
    std::string list = "0";
    for (int i = 1; i < 600; ++i)
        list += "," + std::to_string(i);

    EXPECT_EQ(evaluated("(.l | map($doc.l))[][]", R"({"l": [)" + list + "]}"), "!limit_items");
}

TEST(ExpressionText, LimitsAreFailures)
{
    std::string json = R"({"l": [)";
    for (int i = 0; i < 3000; ++i)
        json += (i == 0 ? "" : ",") + std::to_string(i);
    json += "]}";

    EXPECT_EQ(evaluated(".l | map($doc.l | map(. + 1))", json), "!limit_steps");
    EXPECT_EQ(evaluated(std::string(70, '(') + "1" + std::string(70, ')')), "!limit_depth");
}

}  // namespace
}  // namespace headgate::mapping::test
