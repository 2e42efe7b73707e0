#include <gtest/gtest.h>

#include "tests/unit/mapping/small_types.hpp"

namespace headgate::mapping::test {
namespace {

Mapping mapping_of(const std::string& yaml)
{
    static const Vocabularies vocabularies;
    auto mapping = Mapping::load(SourceFile{"note.yaml", yaml}, small_types(), vocabularies);
    if (!mapping)
        throw std::runtime_error(all_of(mapping.error()));
    return *mapping;
}

/// One line a failure: its code, detail and place.
std::string failures_of(const std::string& yaml, std::string_view json, bool all = true)
{
    const Document document = read_document(json);
    std::string text;
    for (const auto& explained : mapping_of(yaml).explain({.document = document}, {.all = all})) {
        text += explained.slot + (explained.transaction ? " made\n" : " not made\n");
        for (const Failure& failure : explained.failures)
            text +=
                failure.code + " " + failure.detail + " " + failure.where.document + " " + failure.where.config + "\n";
    }
    return text;
}

std::string fields_of(const std::string& yaml, std::string_view json)
{
    const Document document = read_document(json);
    const std::vector<std::pair<std::string, std::string>> headers{{"x-topic", "t"}};
    std::string text;
    for (const auto& explained :
         mapping_of(yaml).explain({.document = document, .headers = headers}, {.trace = true})) {
        for (const FieldTrace& field : explained.fields) {
            text += field.field + " <-";
            for (const std::string& source : field.sources)
                text += " " + source;
            text += " <- " + field.config + "\n";
        }
    }
    return text;
}

TEST(MappingExplain, AllShowsEveryFailureAndNoneThatFollowsFromAnother)
{
    constexpr std::string_view json =
        R"({"id": 1, "name": {"x": 1}, "rank": "r", "lines": [{"no": "a", "text": "t"}, {"no": 2, "text": 5}, {"no": 3, "text": "u"}]})";
    const std::string yaml = head(R"(  title: .name.y.z | required
  rank: .rank | integer
  who: { name: .none, city: .rank }
  kind: c/{.lines}
  items:
    each: .lines
    fields: { no: .no | integer, text: .text }
)");

    EXPECT_EQ(failures_of(yaml, json), R"(note not made
missing_required title: `.name.y.z` is null and the mapping requires it  note.yaml:4:22
wrong_kind rank: `.rank` is a text that reads as no number /rank note.yaml:5:17
missing_required who.name: `.none` is null and the field is required  note.yaml:6:16
wrong_kind kind: `.lines` is a list where a text is asked /lines note.yaml:7:12
wrong_kind items[0].no: `.no` is a text that reads as no number /lines/0/no note.yaml:10:25
wrong_kind items[1].text: `.text` is a number where the field is a text; a number becomes one with `| string` /lines/1/text note.yaml:10:40
)");
    EXPECT_EQ(failures_of(yaml, json, false), R"(note not made
missing_required title: `.name.y.z` is null and the mapping requires it  note.yaml:4:22
)");
}

TEST(MappingExplain, ANameThatFailsFailsWhereverItIsUsed)
{
    EXPECT_EQ(
        failures_of("transaction: note\nlet: { n: .x | integer }\nentity: e/{$n}\nfields: { title: a, rank: $n }\n",
                    R"({"x": "q"})"),
        "note not made\n"
        "wrong_kind entity: `.x` is a text that reads as no number /x note.yaml:2:16\n"
        "wrong_kind rank: `.x` is a text that reads as no number /x note.yaml:2:16\n");
}

TEST(MappingExplain, EachTransactionIsTriedByItself)
{
    EXPECT_EQ(
        failures_of("transaction: note\neach: .l\nwhen: .no != 2\nentity: e/{.no}\nfields: { title: .t, rank: .no }\n",
                    R"({"l": [{"no": 1, "t": 5}, {"no": 2}, {"no": 3, "t": "x"}]})"),
        "note#/l/0 not made\n"
        "wrong_kind title: `.t` is a number where the field is a text; a number becomes one with `| string` /l/0/t "
        "note.yaml:5:18\n"
        "note#/l/2 made\n");
    EXPECT_EQ(failures_of("transaction: note\neach: .l | integer\nentity: e\nfields: { title: .t }\n", R"({"l": "x"})"),
              "note not made\nwrong_kind `.l` is a text that reads as no number /l note.yaml:2:12\n");
}

TEST(MappingExplain, ALimitEndsItAll)
{
    std::string list = "0";
    for (int i = 1; i < 2'000; ++i)
        list += "," + std::to_string(i);
    const std::string json = R"({"id": 1, "l": [)" + list + "]}";

    EXPECT_EQ(failures_of(head("  title: = .l | map($doc.l | sum) | count | string\n  rank: .id | upper\n"), json),
              "note not made\nlimit_steps title: the mapping takes more than 1,000,000 steps and 20 for each value of "
              "the document  note.yaml:4:30\n");
    const std::string many = failures_of(head("  title: x\n  words: { each: .l, value: . }\n"), json);
    EXPECT_EQ(std::ranges::count(many, '\n'), 1002);  // a thousand, the one behind them, and the line above
}

TEST(MappingExplain, TraceSaysWhereEachFieldComesFrom)
{
    EXPECT_EQ(
        fields_of(
            R"(transaction: note
entity: note/{.id}
let: { both: "{.first} {.last}", currency: .cur }
fields:
  title: $both
  kind: a
  rank: .none // .rank | integer
  who: { name: $both, city: = $headers."x-topic" }
  sum: .lines[].price | sum | money($currency)
  items:
    each: .lines | where(.price > 1)
    fields: { no: = $index + 1, text: .sku }
)",
            R"({"id": 1, "first": "A", "last": "B", "rank": "3", "cur": "EUR", "lines": [{"price": 1, "sku": "a"}, {"price": 2, "sku": "b"}]})"),
        R"(entity <- /id <- note.yaml:2:9
title <- /first /last <- note.yaml:5:10
kind <- <- note.yaml:6:9
rank <- /rank <- note.yaml:7:9
who.name <- /first /last <- note.yaml:8:16
who.city <- $headers."x-topic" <- note.yaml:8:29
sum <- /lines/0/price /lines/1/price /cur <- note.yaml:9:8
items[0].no <- <- note.yaml:12:19
items[0].text <- /lines/1/sku <- note.yaml:12:39
)");
}

TEST(MappingExplain, GivesWhatARunGives)
{
    const Mapping mapping = mapping_of(head("  title: .t\n  words: .w\n"));
    const Document document = read_document(R"({"id": 1, "t": "x", "w": ["a"]})");

    const auto explained = mapping.explain({.document = document}, {.all = true, .trace = true});

    ASSERT_EQ(explained.size(), 1U);
    EXPECT_EQ(explained.front().transaction->json, mapping.run({.document = document})->front().json);
}

}  // namespace
}  // namespace headgate::mapping::test
