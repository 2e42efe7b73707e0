#include "connectors/formats/json.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace headgate::connectors {
namespace {

using namespace std::string_literals;

/// The tree as a text in which kinds show: `n:` before numbers, `t:` before texts.
std::string shown(const Document& document, NodeIndex at = 0)
{
    const Node& node = document[at];
    switch (node.kind) {
    case NodeKind::null: return "null";
    case NodeKind::boolean: return std::string(node.text);
    case NodeKind::number: return "n:" + std::string(node.text);
    case NodeKind::text: return "t:" + std::string(node.text);
    case NodeKind::list:
    case NodeKind::object: break;
    }
    std::string text;
    for (const NodeIndex child : document.children(at)) {
        text += text.empty() ? "" : ",";
        if (node.kind == NodeKind::object)
            text += std::string(document[child].name) + "=";
        text += shown(document, child);
    }
    return node.kind == NodeKind::list ? "[" + text + "]" : "{" + text + "}";
}

std::string read(std::string_view bytes, const JsonLimits& limits = {})
{
    // Exactly as long as it says: a read past the end is the sanitizer's to find.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    auto document = read_json({exact.data(), exact.size()}, limits);
    if (!document) {
        EXPECT_EQ(document.error().failure_class, FailureClass::permanent);
        return document.error().code;
    }
    return shown(*document);
}

struct Case {
    std::string text;
    std::string expected;
};

TEST(JsonTest, ReadsEveryProductionOfTheGrammar)
{
    const std::vector<Case> cases = {{"null", "null"},
                                     {"true", "true"},
                                     {"false", "false"},
                                     {"0", "n:0"},
                                     {"-0", "n:-0"},
                                     {"\"a\"", "t:a"},
                                     {"\"\"", "t:"},
                                     {"[]", "[]"},
                                     {"{}", "{}"},
                                     {" \t\r\n[ ] \n", "[]"},
                                     {"[{}]", "[{}]"},
                                     {"[1,2 , 3]", "[n:1,n:2,n:3]"},
                                     {"[[],[[]]]", "[[],[[]]]"},
                                     {R"({"a":1,"b":[true,null]})", "{a=n:1,b=[true,null]}"},
                                     {R"({"":1})", "{=n:1}"},
                                     {R"({"a":{"a":{"a":""}}})", "{a={a={a=t:}}}"},
                                     {R"({"a" : "b" , "c":"d"})", "{a=t:b,c=t:d}"},
                                     {"\n7\n", "n:7"},
                                     {R"(["[1,{","]}"])", "[t:[1,{,t:]}]"}};

    for (const auto& [text, expected] : cases)
        EXPECT_EQ(read(text), expected) << text;
}

TEST(JsonTest, NumbersKeepTheirSourceText)
{
    for (const std::string number :
         {"0", "-0", "0.0", "19.990", "1e400", "-1E+400", "1e-400", "0e0", "10", "1.5e3", "9223372036854775808",
          "18446744073709551616", "1234567890123456789012345678901234567890",
          "0.1234567890123456789012345678901234567890", "-12.30E-07"}) {
        EXPECT_EQ(read(number), "n:" + number);
        EXPECT_EQ(read("[" + number + "]"), "[n:" + number + "]");
        EXPECT_EQ(read("{\"a\":" + number + " }"), "{a=n:" + number + "}");
    }
    const std::string long_one(5000, '7');
    EXPECT_EQ(read(long_one), "n:" + long_one);
}

TEST(JsonTest, RefusesWhatIsAlmostANumber)
{
    const std::vector<std::string> numbers = {"01",   "-01",   "00",       "1.",        ".5",    "+1",   "-",
                                              "-.5",  "1e",    "1e+",      "1.e3",      "1.5.5", "0x10", "1_000",
                                              "NaN",  "nan",   "Infinity", "-Infinity", "1a",    "--1",  "1-",
                                              "1,5e", "1\"\"", "1\0"s,     "٣",         "1e1.5", "0-0"};
    for (const auto& number : numbers) {
        EXPECT_EQ(read("[" + number + "]"), "json_syntax") << number;
        EXPECT_EQ(read("{\"a\":" + number + "}"), "json_syntax") << number;
        EXPECT_TRUE(read(number).starts_with("json_")) << number;
    }
}

TEST(JsonTest, UnescapesTextsAndNames)
{
    const std::vector<Case> cases = {{R"("\"\\\/\b\f\n\r\t")", "t:\"\\/\b\f\n\r\t"},
                                     {R"("\u0041\u00e9\u20AC\uD83D\uDE00")", "t:Aé€😀"},
                                     {R"("\u0000")", "t:\0"s},
                                     {R"("a\u0020b")", "t:a b"},
                                     {"\"é€😀\"", "t:é€😀"},
                                     {R"(["\\","\\\\"])", "[t:\\,t:\\\\]"},
                                     {R"({"\u0061b":"c"})", "{ab=t:c}"},
                                     {R"({"a\"b":"c\"d","e":"f"})", "{a\"b=t:c\"d,e=t:f}"},
                                     {"\"\x7f\"", "t:\x7f"},
                                     {R"("\uDBFF\uDFFF")", "t:\xf4\x8f\xbf\xbf"}};

    for (const auto& [text, expected] : cases)
        EXPECT_EQ(read(text), expected) << text;
}

TEST(JsonTest, NamesEachWayToBreakIt)
{
    const std::vector<Case> cases = {{"", "json_empty"},
                                     {" \r\n\t", "json_empty"},
                                     // truncated
                                     {"{", "json_truncated"},
                                     {"[", "json_truncated"},
                                     {"\"", "json_truncated"},
                                     {"\"abc", "json_truncated"},
                                     {"\"abc\\\"", "json_truncated"},
                                     {"[1", "json_truncated"},
                                     {"[1,", "json_truncated"},
                                     {R"({"a")", "json_truncated"},
                                     {R"({"a":)", "json_truncated"},
                                     {R"({"a":1)", "json_truncated"},
                                     {R"({"a":1,)", "json_truncated"},
                                     {R"({"a":"b)", "json_truncated"},
                                     {"[[1]", "json_truncated"},
                                     {R"([{"a":1})", "json_truncated"},
                                     {R"({"a":[1])", "json_truncated"},
                                     {R"({"a":{})", "json_truncated"},
                                     {"[tru", "json_truncated"},
                                     {"{\"a\":\"\xc3", "json_truncated"},
                                     // trailing
                                     {"1 2", "json_trailing"},
                                     {"[] []", "json_trailing"},
                                     {"[1]]", "json_trailing"},
                                     {"{}}", "json_trailing"},
                                     {"{}x", "json_trailing"},
                                     {"\"a\" \"b\"", "json_trailing"},
                                     {"\"a\"b", "json_trailing"},
                                     {"null,", "json_trailing"},
                                     {R"({"a":1}{"a":1})", "json_trailing"},
                                     {"[1],", "json_trailing"},
                                     {"true false", "json_trailing"},
                                     {"{}\0"s, "json_trailing"},
                                     // syntax
                                     {"\xef\xbb\xbf{}", "json_syntax"},
                                     {"hello", "json_syntax"},
                                     {"<a/>", "json_syntax"},
                                     {"a=1&b=2", "json_syntax"},
                                     {"tru", "json_syntax"},
                                     {"True", "json_syntax"},
                                     {"nul", "json_syntax"},
                                     {"truex", "json_syntax"},
                                     {"[truex]", "json_syntax"},
                                     {"[nulll]", "json_syntax"},
                                     {"]", "json_syntax"},
                                     {"}", "json_syntax"},
                                     {",", "json_syntax"},
                                     {":", "json_syntax"},
                                     {"[,]", "json_syntax"},
                                     {"[1,]", "json_syntax"},
                                     {"[1,,2]", "json_syntax"},
                                     {"[1 2]", "json_syntax"},
                                     {"[1:2]", "json_syntax"},
                                     {R"(["a":1])", "json_syntax"},
                                     {R"(["a" "b"])", "json_syntax"},
                                     {R"(["a""b"])", "json_syntax"},
                                     {R"({"a"})", "json_syntax"},
                                     {R"({"a":})", "json_syntax"},
                                     {R"({"a":1,})", "json_syntax"},
                                     {R"({"a" 1})", "json_syntax"},
                                     {R"({"a",1})", "json_syntax"},
                                     {R"({a:1})", "json_syntax"},
                                     {R"({'a':1})", "json_syntax"},
                                     {R"({1:1})", "json_syntax"},
                                     {R"({"a"::1})", "json_syntax"},
                                     {R"({"a":1 "b":2})", "json_syntax"},
                                     {R"({,"a":1})", "json_syntax"},
                                     {"[}", "json_syntax"},
                                     {"{]", "json_syntax"},
                                     {"[1}", "json_syntax"},
                                     {R"({"a":1])", "json_syntax"},
                                     {"[{]}", "json_syntax"},
                                     {"[/* a */1]", "json_syntax"},
                                     {"[1]// a", "json_trailing"},
                                     {"['a']", "json_syntax"},
                                     {"[\"a\nb\"]", "json_syntax"},
                                     {"[\"a\tb\"]", "json_syntax"},
                                     {"[\"\0\"]"s, "json_syntax"},
                                     {R"(["\x41"])", "json_syntax"},
                                     {R"(["\u12"])", "json_syntax"},
                                     {R"(["\u12g4"])", "json_syntax"},
                                     {R"(["\U0041"])", "json_syntax"},
                                     {R"(["\ "])", "json_syntax"},
                                     {"[\x0b"
                                      "1]",
                                      "json_syntax"},
                                     {"[\f]", "json_syntax"},
                                     {"\0"s, "json_syntax"},
                                     {"[1\0]"s, "json_syntax"},
                                     {R"({"a":1,"b"})", "json_syntax"},
                                     {R"([{"a":])", "json_syntax"},
                                     // texts
                                     {R"(["\ud800"])", "invalid_text"},
                                     {R"(["\udc00"])", "invalid_text"},
                                     {R"(["\ud800\u0041"])", "invalid_text"},
                                     {R"(["\ud800\ud800"])", "invalid_text"},
                                     {R"(["\ud800x"])", "invalid_text"},
                                     {R"({"\udfff":1})", "invalid_text"},
                                     {"[\"\x80\"]", "invalid_utf8"},
                                     {"[\"\xc0\xaf\"]", "invalid_utf8"},
                                     {"[\"\xed\xa0\x80\"]", "invalid_utf8"},
                                     {"[\"\xf5\x80\x80\x80\"]", "invalid_utf8"},
                                     {"[\"\xe2\x82\"]", "invalid_utf8"},
                                     {"[\xff]", "invalid_utf8"},
                                     {"[\"\xf0\x8f\xbf\xbf\"]", "invalid_utf8"},
                                     {"{\"a\xfe\":1}", "invalid_utf8"}};

    for (const auto& [text, expected] : cases)
        EXPECT_EQ(read(text), expected) << text;
}

TEST(JsonTest, SaysWhereItBrokeAndNeverWhat)
{
    const auto where = [](std::string_view text) {
        auto document = read_json(text);
        return document ? Failure{} : document.error();
    };

    EXPECT_EQ(where(R"({"a/b":[1,{"c~":01}]})").where.document, "/a~1b/1/c~0");
    EXPECT_EQ(where("[\"abc\", \"\xff\"]").detail, "at byte 9");
    EXPECT_EQ(where(R"(["secret\ud800"])").detail, "half a surrogate pair at byte 8");
    EXPECT_EQ(where(R"({"a":"secret)").detail, "ends at byte 12 inside a value");
    EXPECT_EQ(where(R"({"a":1} secret)").detail, "at byte 8");
    EXPECT_EQ(where(R"({"a":{"\q":1}})").where.document, "/a");
    EXPECT_EQ(where(R"({"a":{"b":"\q"}})").where.document, "/a/b");
    EXPECT_EQ(where(R"({"a":"x\"y", b})").code, "json_syntax");
    EXPECT_EQ(where(R"({"a":"x\"y", b})").detail, "at byte 13");
    EXPECT_EQ(where("{\"" + std::string(5000, 'n') + R"(":{"a" 1}})").where.document, "");
}

TEST(JsonTest, RefusesARepeatedNameHoweverItIsWritten)
{
    EXPECT_EQ(read(R"({"a":1,"a":1})"), "duplicate_key");
    EXPECT_EQ(read(R"({"a":1,"\u0061":2})"), "duplicate_key");
    EXPECT_EQ(read(R"({"":1,"":2})"), "duplicate_key");
    EXPECT_EQ(read(R"({"a":{"b":1},"b":{"a":1}})"), "{a={b=n:1},b={a=n:1}}");
    EXPECT_EQ(read(R"([{"a":1},{"a":1}])"), "[{a=n:1},{a=n:1}]");
    // The item before tells nothing unless it is an object.
    EXPECT_EQ(read(R"([[1,2,3,4,5,6,7,8,9],{"":1,"":2,"":3,"":4,"":5,"":6,"":7,"":8,"":9}])"), "duplicate_key");
    const std::string nine = R"({"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9})";
    EXPECT_EQ(read("[" + nine + R"(,{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"a":9}])"), "duplicate_key");
    EXPECT_TRUE(read("[" + nine + "," + nine + "]").starts_with("[{a=n:1"));
    EXPECT_EQ(read("{\"a\":1,\"A\":1,\"\u00e9\":1,\"e\u0301\":1}"), "{a=n:1,A=n:1,\u00e9=n:1,e\u0301=n:1}");

    const auto document = read_json(R"({"x":[0,{"k/":1,"b":2,"k/":3}]})");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().where.document, "/x/1/k~1");
}

TEST(JsonTest, FindsARepeatedNameInAnObjectOfAHundredThousand)
{
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i)
        text += "\"name" + std::to_string(i) + "\":1,";

    EXPECT_EQ(read_json(text + "\"name\":1}")->size(), 100'002U);
    EXPECT_EQ(read(text + "\"name77777\":1}"), "duplicate_key");
}

TEST(JsonTest, HoldsItsLimitsExactly)
{
    const auto nested = [](std::size_t depth, const std::string& open, const std::string& close) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i)
            text += open;
        for (std::size_t i = 0; i < depth; ++i)
            text += close;
        return text;
    };
    EXPECT_TRUE(read_json(nested(64, "[", "]")));
    EXPECT_EQ(read(nested(65, "[", "]")), "too_deep");
    EXPECT_TRUE(read_json(nested(63, "{\"a\":", "}").insert(63 * 5, "[]")));
    EXPECT_EQ(read(nested(64, "{\"a\":", "}").insert(std::size_t{64} * 5, "[]")), "too_deep");
    EXPECT_EQ(read(nested(1'000'000, "[", "]")), "too_deep");
    EXPECT_EQ(read(std::string(1'000'000, '[')), "json_truncated");

    const JsonLimits few{.nodes = 4};
    EXPECT_EQ(read("[1,2,3]", few), "[n:1,n:2,n:3]");
    EXPECT_EQ(read("[1,2,[]]", few), "[n:1,n:2,[]]");
    EXPECT_EQ(read("[1,2,3,4]", few), "too_many_nodes");
    EXPECT_EQ(read(R"({"a":1,"b":"c","d":{},"e":1})", few), "too_many_nodes");
    EXPECT_EQ(read("[1]", {.bytes = 3}), "[n:1]");
    EXPECT_EQ(read("[1 ]", {.bytes = 3}), "too_large");
}

TEST(JsonTest, TheDocumentOutlivesTheBytes)
{
    auto bytes = std::make_unique<std::string>(R"({"name":"plain","more":"esc\naped","n":12.50})");

    auto document = read_json(*bytes);
    bytes.reset();

    ASSERT_TRUE(document);
    const Document moved = std::move(*document);
    EXPECT_EQ(shown(moved), "{name=t:plain,more=t:esc\naped,n=n:12.50}");
    EXPECT_EQ(moved.pointer(moved.member(0, "more")), "/more");
}

TEST(JsonTest, ReadsBodiesOfAllSizesOneAfterTheOther)
{
    for (const std::size_t count : {1U, 1000U, 100'000U, 10U, 300'000U, 1U}) {
        std::string text = "[\"x\"";
        for (std::size_t i = 1; i < count; ++i)
            text += ",\"x\"";

        const auto document = read_json(text + "]");

        ASSERT_TRUE(document) << count;
        EXPECT_EQ(document->size(), count + 1);
    }
}

}  // namespace
}  // namespace headgate::connectors
