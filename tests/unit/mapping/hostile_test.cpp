#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/hash.hpp"
#include "tests/unit/mapping/small_types.hpp"

namespace headgate::mapping::test {
namespace {

/// What must end does so in seconds, under a sanitizer too.
class MappingHostile : public testing::Test {
protected:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    void TearDown() override { EXPECT_LT(std::chrono::steady_clock::now() - began_, std::chrono::seconds(60)); }
};

std::string repeated(std::string_view text, int times)
{
    std::string made;
    for (int i = 0; i < times; ++i)
        made += text;
    return made;
}

std::string numbers(int count)
{
    std::string list = "0";
    for (int i = 1; i < count; ++i)
        list += "," + std::to_string(i);
    return "[" + list + "]";
}

std::string verdict_of(const std::string& yaml, const FragmentLoader& fragments = {})
{
    static const Vocabularies vocabularies;
    const auto mapping = Mapping::load(SourceFile{"note.yaml", yaml}, small_types(), vocabularies, fragments);
    return mapping ? "fine" : mapping.error().front().code;
}

std::string run(const std::string& yaml, std::string_view json)
{
    static const Vocabularies vocabularies;
    const auto mapping = Mapping::load(SourceFile{"note.yaml", yaml}, small_types(), vocabularies);
    if (!mapping)
        return all_of(mapping.error());
    const Document document = read_document(json);
    const auto made = mapping->run({.document = document});
    return made ? "fine" : "!" + made.error().code;
}

TEST_F(MappingHostile, ExpressionsAreBoundedInDepthAndLength)
{
    EXPECT_EQ(evaluated(repeated("(", 65) + "1" + repeated(")", 65)), "!limit_depth");
    EXPECT_EQ(evaluated(repeated("[", 100'000)), "!limit_depth");
    EXPECT_EQ(evaluated(repeated("-", 100'000) + "1"), "!limit_depth");
    EXPECT_EQ(evaluated(repeated("not ", 100'000) + "1"), "!limit_depth");
    EXPECT_EQ(evaluated("1" + repeated(" + 1", 100'000)), "!limit_depth");
    EXPECT_EQ(evaluated(".a" + repeated(" // .a", 100'000)), "!limit_depth");
    EXPECT_EQ(evaluated(".a" + repeated(" | trim", 100'000)), "!limit_depth");
    EXPECT_EQ(evaluated("." + repeated("a.", 100'000) + "a"), "!limit_depth");
    EXPECT_EQ(evaluated(repeated("if 1 then ", 100'000)), "!limit_depth");
    EXPECT_EQ(evaluated("1" + repeated(" + 1", 200)), "201");
    EXPECT_EQ(evaluated("\"" + repeated("x", 3'000'000) + "\" | lower"), "!limit_text");
}

TEST_F(MappingHostile, FilesAreBoundedInDepthAndSize)
{
    EXPECT_EQ(verdict_of(head("  title: x\n  any: " + repeated("[", 300) + repeated("]", 300) + "\n")), "limit_depth");
    EXPECT_EQ(verdict_of(head("  title: x\n  any: " + repeated("{a: ", 70) + "1" + repeated("}", 70) + "\n")),
              "limit_depth");
    EXPECT_EQ(verdict_of(head("  any: " + repeated("[", 100'000))), "yaml");
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + repeated(", " + last, 9) + "]\n";
    }
    EXPECT_EQ(verdict_of(bomb), "limit_items");
    EXPECT_EQ(verdict_of("a: &a [*a]\n"), "limit_depth");
}

TEST_F(MappingHostile, CirclesEndAtTheirBeginning)
{
    const FragmentLoader circle = [](std::string_view name) {
        return SourceFile{std::string(name),
                          "fields: { name: { use: " + std::string(name == "a" ? "b" : "a") + " } }\n"};
    };
    EXPECT_EQ(verdict_of(head("  title: x\n  any: { use: a }\n"), circle), "fragment_circle");
    const FragmentLoader deep = [](std::string_view name) {
        return SourceFile{std::string(name), "fields: { name: { use: " + std::string(name) + "x } }\n"};
    };
    EXPECT_EQ(verdict_of(head("  title: x\n  any: { use: a }\n"), deep), "fragment_circle");
    EXPECT_EQ(verdict_of(head("  title: { let: { a: $b, b: $a }, value: $a }\n")), "unknown_name");
    EXPECT_EQ(verdict_of(head("  title: { let: { a: $a }, value: $a }\n")), "unknown_name");

    std::string names = "a0: .t";
    for (int i = 1; i < 100; ++i)
        names += ", a" + std::to_string(i) + ": $a" + std::to_string(i - 1);
    EXPECT_EQ(run(head("  title: { let: { " + names + " }, value: $a99 }\n"), R"({"id": 1, "t": "x"})"),
              "!limit_depth");
}

TEST_F(MappingHostile, NumbersOfAnySizeAreKeptOrRefused)
{
    const std::string digits(100'000, '9');
    EXPECT_EQ(evaluated(".n", "{\"n\": " + digits + "}"), digits);
    EXPECT_EQ(evaluated(".n + 1", "{\"n\": " + digits + "}"), "!number_overflow");
    EXPECT_EQ(evaluated(".n + 1", R"({"n": 1e999999999})"), "!number_overflow");
    EXPECT_EQ(evaluated(".n + 1", R"({"n": 1e-999999999})"), "!number_overflow");
    EXPECT_EQ(evaluated(".n == 1", R"({"n": 1e99999999999999999999})"), "!number_overflow");
    EXPECT_EQ(evaluated(".n | money(\"EUR\")", R"({"n": 99999999999999999999999999999999999999})"), "!number_overflow");
    EXPECT_EQ(evaluated(".n | integer", R"({"n": 0e99999999999})"), "0");
    EXPECT_EQ(evaluated(digits), "!number_overflow");
    EXPECT_EQ(evaluated(".l[" + digits + "]"), "!number_overflow");
}

TEST_F(MappingHostile, PatternsAreBounded)
{
    for (const char* bomb : {"((a{100}){100}){100}", "(a", "((((a{1,1000}){1,1000}){1,1000})", "\\\\pN{1000}{1000}"})
        EXPECT_EQ(evaluated("\"a\" | matches(\"" + std::string(bomb) + "\")"), "!wrong_arguments") << bomb;
    EXPECT_EQ(evaluated("\"a\" | matches(\"" + std::string(2'000, 'a') + "\")"), "!wrong_arguments");
    EXPECT_EQ(evaluated("\"a\" | matches(.p)", R"({"p": "((a{100}){100}){100}"})"), "!wrong_argument");
    EXPECT_EQ(evaluated(".t | matches(\"^(a*)*$\")", R"({"t": ")" + std::string(500'000, 'a') + R"(b"})"), "false");
    EXPECT_EQ(evaluated(".t | matches(\"(x+x+)+y\")", R"({"t": ")" + std::string(500'000, 'x') + R"("})"), "false");
    // What a large one may cost at worst is counted before it is tried.
    EXPECT_EQ(evaluated(".t | matches(\"(.{1,100}a){2}\")", R"({"t": ")" + std::string(1'000'000, 'b') + R"("})"),
              "!limit_steps");
    // A computed pattern for each item: the cache does not grow with them.
    EXPECT_EQ(evaluated(".l | map(\"a\" | matches(\"a{1,\" | concat(. | string) | join(\"\"))) | count",
                        "{\"l\": " + numbers(900) + "}"),
              "900");
}

TEST_F(MappingHostile, WhatIsQuadraticRunsOutOfSteps)
{
    const std::string large = R"({"l": )" + numbers(90'000) + R"(, "t": ")" + std::string(900'000, 'a') +
                              R"(", "p": ")" + std::string(400'000, 'a') + R"(b"})";
    for (const char* quadratic : {".l | map(. in $doc.l)", ".l | map($doc.l[. == -1])", ".l | map($doc..x)",
                                  ".l | map($doc.t | lower)", ".l | map($doc.t | text)", ".l | map($doc | to_json)",
                                  ".l | where($doc.l | any(. < 0))", ".l | map($doc.t | matches(\"b$\"))"})
        EXPECT_EQ(evaluated(std::string(quadratic) + " | count", large).substr(0, 7), "!limit_") << quadratic;
    // These are linear, or nearly, however the text and what is looked for are made.
    for (const char* quick : {".l | unique", ".l | group_by(.)", ".l | sort_by(- .)", ".l | map(. | string) | unique"})
        EXPECT_EQ(evaluated(std::string(quick) + " | count", large), "90000") << quick;
    EXPECT_EQ(evaluated(".t | contains(.p)", large), "false");
    EXPECT_EQ(evaluated(".t | split(.p) | count", large), "1");
    EXPECT_EQ(evaluated(".t | replace(.p, \"x\") | substring(0, 2)", large), "\"aa\"");
    EXPECT_EQ(evaluated(".t | text | substring(0, 2)", R"({"t": ")" + repeated("<script></", 90'000) + R"("})"),
              "null");
    EXPECT_EQ(evaluated(".t | text | substring(0, 3)", R"({"t": ")" + repeated("&#x", 200'000) + R"("})"), "\"&#x\"");
}

TEST_F(MappingHostile, ResultsAreBounded)
{
    const std::string large =
        R"({"id": 1, "l": )" + numbers(60'000) + R"(, "t": ")" + std::string(900'000, 'a') + R"("})";
    EXPECT_EQ(evaluated(".l | concat(.l)", large), "!limit_items");
    EXPECT_EQ(evaluated("[.l, .l] | flatten", large), "!limit_items");
    EXPECT_EQ(evaluated("[.t, .t] | join(\"\")", large), "!limit_text");
    EXPECT_EQ(evaluated(".t | replace(\"a\", \"aa\")", large), "!limit_text");
    EXPECT_EQ(evaluated("\"1\" | money(\"EUR\") | allocate($doc.l | concat($doc.l))", large), "!limit_items");
    EXPECT_EQ(run(head("  title: x\n  words: { each: .l, value: { each: $doc.l, value: a } }\n"), large).substr(0, 6),
              "note.y");
    EXPECT_EQ(run(head("  title: x\n  items: { each: .l, fields: { subs: { each: $doc.l, value: a } } }\n"), large),
              "!limit_items");
    EXPECT_EQ(run(head("  title: x\n  words: [.t, .t, .t, .t, .t, .t, .t, .t, .t, .t]\n"), large), "!limit_output");
    EXPECT_EQ(run("transaction: note\neach: .l\nentity: e/{.}\nfields: { title: x }\n", large), "!limit_transactions");
    EXPECT_EQ(run(head("  title: x\n  words: { each: .l, value: = . | string }\n"),
                  R"({"id": 1, "l": )" + numbers(100'001) + "}"),
              "!limit_items");
    EXPECT_EQ(run(head("  title: x\n  words: { each: .l, value: = . | string }\n"),
                  R"({"id": 1, "l": )" + numbers(100'000) + "}"),
              "fine");
}

TEST_F(MappingHostile, TransactionsOfOneDocumentAreBoundedTogether)
{
    // None of them is wanted, and each looks at all the others.
    const std::string crossed = R"({"l": )" + numbers(9'000) + "}";
    EXPECT_EQ(run("transaction: note\neach: .l\nwhen: . == -1 or . in $doc.l and . == -2\nentity: e/{.}\n"
                  "fields: { title: x }\n",
                  crossed),
              "!limit_steps");
    EXPECT_EQ(run("transaction: note\neach: .l\nwhen: . == -1\nentity: e/{.}\nfields: { title: x }\n", crossed),
              "fine");
    const std::string heavy = R"({"l": )" + numbers(9'000) + R"(, "t": ")" + std::string(20'000, 'a') + R"("})";
    EXPECT_EQ(run("transaction: note\neach: .l\nentity: e/{.}\nfields: { title: $doc.t }\n", heavy), "!limit_output");
}

TEST_F(MappingHostile, NamesThatUseEachOtherDoNotUseUpTheStack)
{
    std::string lets = "let:\n  n0: .t\n";
    for (int i = 1; i < 63; ++i)
        lets += "  n" + std::to_string(i) + ": $n" + std::to_string(i - 1) + repeated(" | trim | lower", 100) + "\n";
    EXPECT_EQ(run("transaction: note\nentity: e\n" + lets + "fields: { title: = $n62 }\n", R"({"t": "x"})"),
              "!limit_depth");
    std::string flat = "let:\n  n0: .t\n";
    for (int i = 1; i < 63; ++i)
        flat += "  n" + std::to_string(i) + ": $n" + std::to_string(i - 1) + " | trim | lower\n";
    EXPECT_EQ(run("transaction: note\nentity: e\n" + flat + "fields: { title: = $n62 }\n", R"({"t": "x"})"), "fine");
}

TEST_F(MappingHostile, WarningsAreBounded)
{
    static const Vocabularies vocabularies;
    const auto mapping =
        Mapping::load(SourceFile{"note.yaml", head("  title: x\n  items: { each: .l, fields: { text: . | date } }\n")},
                      small_types(), vocabularies);
    std::string list = "\"9999-12-31\"";
    for (int i = 0; i < 500; ++i)
        list += ",\"9999-12-31\"";
    const Document document = read_document(R"({"id": 1, "l": [)" + list + "]}");
    EXPECT_EQ(mapping->run({.document = document})->front().warnings.size(), 100U);
}

/// A document that goes through most of the language, and what it becomes: the same in every process, thread and run.
TEST(MappingDeterminism, TheSameBytesAlways)
{
    std::string json = R"({"id": 1, "t": "a", "groups": [)";
    for (int i = 0; i < 200; ++i)
        json += std::string(i == 0 ? "" : ",") + R"({"k": "k)" + std::to_string(i * 7919 % 23) + R"(", "n": )" +
                std::to_string(i) + R"(, "m)" + std::to_string(i) + R"(": 1})";
    json += "]}";
    static const Vocabularies vocabularies;
    const auto mapping = Mapping::load(SourceFile{"note.yaml", head(R"(  title: .groups | map(.n) | to_json | sha256
  any:
    by: .groups | group_by(.k)
    sorted: .groups | sort_by(.k) | map(.n)
    keys: .groups | map(.k) | unique
    members: .groups[3] | entries
  words: { each: .groups, value: "{.k}-{$index}" }
)")},
                                       small_types(), vocabularies);
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const auto once = [&] {
        const Document document = read_document(json);
        return mapping->run({.document = document}).value().front().json;
    };

    const std::string expected = once();
    std::vector<std::string> others(4);
    std::vector<std::thread> threads;
    for (std::string& other : others)
        threads.emplace_back([&] { other = once(); });
    for (std::thread& thread : threads)
        thread.join();

    for (const std::string& other : others)
        EXPECT_EQ(other, expected);
    EXPECT_EQ(to_hex(sha256(expected)).substr(0, 16), "e974b96cff293514");  // hashes are seeded anew for each process
}

}  // namespace
}  // namespace headgate::mapping::test
