#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/unit/mapping/small_types.hpp"

namespace headgate::mapping::test {
namespace {

FragmentLoader no_fragments()
{
    return {};
}

std::expected<Mapping, Problems> loaded(const std::string& yaml, const FragmentLoader& fragments = no_fragments())
{
    static const Vocabularies vocabularies;
    return Mapping::load(SourceFile{"note.yaml", yaml}, small_types(), vocabularies, fragments);
}

/// The JSON of what `fields` makes of a document, "!" and the code of a failure, or all problems.
std::string mapped(std::string_view fields, std::string_view json, const FragmentLoader& fragments = no_fragments())
{
    const auto mapping = loaded(head(fields), fragments);
    if (!mapping)
        return all_of(mapping.error());
    const Document document = read_document(json);
    const auto made = mapping->run({.document = document});
    if (!made)
        return "!" + made.error().code;
    return made->empty() ? "filtered" : made->front().json;
}

std::string problems_of(const std::string& yaml)
{
    const auto mapping = loaded(yaml);
    return mapping ? "" : all_of(mapping.error());
}

TEST(MappingFile, BytesThatAreNoUtf8AreRefusedWhereTheyStand)
{
    const auto mapping = Mapping::load(SourceFile{"m.yaml", "transaction: sales_order\nentity: \"order/\xac\"\n"},
                                       shipped_canonical(), shipped_vocabularies());
    ASSERT_FALSE(mapping);
    EXPECT_EQ(text_of(mapping.error().front()), "m.yaml:2:16: invalid_utf8: the file is not UTF-8 (save it as UTF-8)");
    EXPECT_EQ(Expression::compile_bare(".a | default(\"\xac\")").error().code, "invalid_utf8");
}

TEST(MappingValues, ReadAsThePageSays)
{
    EXPECT_EQ(mapped("  title: plain text\n", R"({"id": 1})"), R"({"title":"plain text"})");
    EXPECT_EQ(mapped("  title: order/{.id}\n", R"({"id": 1})"), R"({"title":"order/1"})");
    EXPECT_EQ(mapped("  title: 'a {{b}'\n", R"({"id": 1})"), R"({"title":"a {b}"})");
    EXPECT_EQ(mapped("  title: .t\n  done: true\n", R"({"id": 1, "t": "x"})"), R"({"title":"x","done":true})");
    EXPECT_EQ(mapped("  title: '.t'\n  done: 'true'\n", R"({"id": 1, "t": "x"})"), R"({"title":"x","done":true})");
    EXPECT_EQ(mapped("  title: \"0400\"\n", R"({"id": 1})"), R"({"title":"0400"})");
    EXPECT_EQ(mapped("  title: NO\n  rank: 5\n", R"({"id": 1})"), R"({"title":"NO","rank":5})");
    EXPECT_EQ(mapped("  title: 12:30\n", R"({"id": 1})"), R"({"title":"12:30"})");
    EXPECT_EQ(mapped("  title: '= if .id == 1 then \"T\" else \"P\"'\n", R"({"id": 1})"), R"({"title":"T"})");
    EXPECT_EQ(mapped("  title: x\n  words: [card, .id | string, null]\n", R"({"id": 1})"),
              R"({"title":"x","words":["card","1",null]})");
}

TEST(MappingFile, WhatMustHoldTogetherFailsAtTheLineThatMapsTheField)
{
    constexpr std::string_view order = R"(transaction: sales_order
entity: order/{.id}
fields:
  order_number: .id | string
  order_class: standard
  placed_at: = "2026-01-02T03:04:05Z" | timestamp
  state: confirmed
  payment_state: pending
  currency: EUR
  lines:
    each: .lines
    fields:
      line_id: .id
      line_no: 1
      item: { sku: a }
      qty: .qty | quantity("EA")
      unit_price: = "2.00" | price("EUR")
      extended: = "2.00" | money("EUR")
      net: .net | money(.cur // "EUR")
  totals: { use: totals }
)";
    const FragmentLoader fragments = [](std::string_view) -> std::optional<SourceFile> {
        return SourceFile{"totals.yaml",
                          "fields:\n  items_gross: = \"2.00\" | money(\"EUR\")\n  grand_total: .total | "
                          "money(\"EUR\")\n"};
    };
    const auto mapping = Mapping::load(SourceFile{"order.yaml", std::string(order)}, shipped_canonical(),
                                       shipped_vocabularies(), fragments);
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const auto failure = [&](std::string_view lines, std::string_view total = "2.00") {
        const std::string json =
            R"({"id": 1, "lines": [)" + std::string(lines) + R"(], "total": ")" + std::string(total) + "\"}";
        const Document document = read_document(json);
        const auto made = mapping->run({.document = document});
        return made ? "" : made.error().code + " " + made.error().where.config;
    };

    constexpr std::string_view good = R"({"id": "a", "qty": 1, "net": "2.00"})";
    EXPECT_EQ(failure(good), "");
    EXPECT_EQ(failure(""), "lines_empty order.yaml:10:3");
    EXPECT_EQ(failure(R"({"id": "a", "qty": -1, "net": "2.00"})"), "qty_invalid order.yaml:16:7");
    EXPECT_EQ(failure(R"({"id": "a", "qty": 1, "net": "1.00"})"), "net_mismatch order.yaml:19:7");
    EXPECT_EQ(failure(R"({"id": "a", "qty": 1, "net": "2.00", "cur": "USD"})"), "currency_mix order.yaml:19:7");
    EXPECT_EQ(failure(good, "3.00"), "total_mismatch totals.yaml:3:3");
}

TEST(MappingValues, OthersMisreadAreRefused)
{
    for (const char* scalar : {"on", "off", "yes", "no", "y", "n", "0400", "1_000", "0x1F"})
        EXPECT_NE(problems_of(head("  title: " + std::string(scalar) + "\n")).find("note.yaml:4:10: misread_scalar"),
                  std::string::npos)
            << scalar;
}

TEST(MappingValues, ATextThatReadsLikeAnExpressionIsWorthANote)
{
    const auto notes = [](const std::string& value) {
        const auto mapping = loaded(head("  title: '" + value + "'\n"));
        return mapping ? all_of(mapping->notes()) : all_of(mapping.error());
    };

    for (const char* text : {"upper(.a)", "(.a // .b) | upper", "if .a then 1 else 2", "digest(.a,.b)", "not .a",
                             "a | trim", "concat([1], .a)"})
        EXPECT_EQ(notes(text),
                  "note.yaml:4:11: looks_like_expression: this is a text, and it reads like an expression "
                  "(begin it with `=`)\n")
            << text;
    EXPECT_NE(notes("{.a} | upper").find("stands inside the braces"), std::string::npos);
    for (const char* text : {"= upper(.a)", ".a | upper", "{.a | upper}", "date(s) of upper case", "a | b", "(a)",
                             "if so, then", "text (HTML)", "note/{.id}"})
        EXPECT_EQ(notes(text), "") << text;
}

TEST(MappingValues, NullFieldsAndEmptyObjectsAreLeftOut)
{
    EXPECT_EQ(
        mapped(
            "  title: x\n  kind: .none\n  who: { name: .n, city: .c }\n  items: { each: .none, fields: { no: 1 } }\n",
            R"({"id": 1})"),
        R"({"title":"x"})");
    EXPECT_EQ(mapped("  title: x\n  items: { each: .l, fields: { no: 1 } }\n", R"({"id": 1, "l": []})"),
              R"({"title":"x","items":[]})");
    EXPECT_EQ(mapped("  title: .none\n", R"({"id": 1})"), "!missing_required");
    EXPECT_EQ(mapped("  title: x\n  who: { name: .n, city: Oslo }\n", R"({"id": 1})"), "!missing_required");
}

TEST(MappingBlocks, EachMovesTheDotAndCounts)
{
    constexpr std::string_view fields = R"(  title: x
  items:
    each: .groups
    as: group
    fields:
      no: = $index + 1
      text: .name
      subs: { each: .members, value: "{$group.name}-{.}-{$index}" }
)";
    EXPECT_EQ(mapped(fields, R"({"id": 1, "groups": [{"name": "g", "members": ["a", "b"]}, {"name": "h"}]})"),
              R"({"title":"x","items":[{"no":1,"text":"g","subs":["g-a-0","g-b-1"]},{"no":2,"text":"h"}]})");
}

TEST(MappingBlocks, WhenLeavesOut)
{
    constexpr std::string_view fields =
        "  title: x\n  items: { each: .l, when: . > 1, fields: { no: . } }\n  who: { when: .id == 2, fields: { name: "
        "nn } }\n";
    EXPECT_EQ(mapped(fields, R"({"id": 1, "l": [1, 2, 3]})"), R"({"title":"x","items":[{"no":2},{"no":3}]})");
    EXPECT_EQ(mapped(fields, R"({"id": 2, "l": []})"), R"({"title":"x","items":[],"who":{"name":"nn"}})");
}

TEST(MappingBlocks, MatchNeedsACase)
{
    constexpr std::string_view closed = "  title:\n    match: .k\n    cases: { a: first, '2': '{.k} second' }\n";
    EXPECT_EQ(mapped(closed, R"({"id": 1, "k": "a"})"), R"({"title":"first"})");
    EXPECT_EQ(mapped(closed, R"({"id": 1, "k": 2})"), R"({"title":"2 second"})");
    EXPECT_EQ(mapped(closed, R"({"id": 1, "k": "b"})"), "!no_case");
    EXPECT_EQ(mapped(closed, R"({"id": 1})"), "!no_case");
    EXPECT_EQ(mapped(std::string(closed) + "    else: other\n", R"({"id": 1})"), R"({"title":"other"})");
    EXPECT_EQ(mapped(closed, R"({"id": 1, "k": {"a": 1}})"), "!wrong_kind");
    EXPECT_EQ(mapped(closed, R"({"id": 1, "k": ["a"]})"), "!wrong_kind");
    EXPECT_EQ(mapped(closed, R"({"id": 1, "k": 1e400})"), "!number_overflow");
}

TEST(MappingBlocks, LetNamesAreEvaluatedWhereTheyAreWritten)
{
    constexpr std::string_view fields = R"(  title:
    let: { a: .x, b: "{$a}!" }
    value: $b
  items:
    let: { outer: .x }
    value: { each: .l, fields: { text: "{$outer}{.}" } }
)";
    EXPECT_EQ(mapped(fields, R"({"id": 1, "x": "v", "l": ["1", "2"]})"),
              R"({"title":"v!","items":[{"text":"v1"},{"text":"v2"}]})");
}

TEST(MappingBlocks, ANameThatWasCutOutOfATextIsWhatWasCut)
{
    const auto fields = "  title: = $x\n  kind: = $x[0]\n  words: $x[]\n";
    const auto mapping =
        loaded("transaction: note\nlet: { x: '.name | trim' }\nentity: e\nfields:\n" + std::string(fields));
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const Document document = read_document(R"({"name": "  a  "})");
    EXPECT_EQ(mapping->run({.document = document})->front().json, R"({"title":"a","kind":"a","words":["a"]})");
}

TEST(MappingBlocks, ANameThatIsNotUsedDoesNotFail)
{
    EXPECT_EQ(mapped("  title: { let: { bad: .none | required }, value: x }\n", R"({"id": 1})"), R"({"title":"x"})");
}

TEST(MappingBlocks, FragmentsTakeTheirDotAndNames)
{
    const FragmentLoader fragments = [](std::string_view name) -> std::optional<SourceFile> {
        if (name == "who")
            return SourceFile{"who.yaml", "fields:\n  name: '{.n}{$mark}'\n  city: .city\n"};
        if (name == "circle")
            return SourceFile{"circle.yaml", "fields:\n  city: { use: circle }\n"};
        return std::nullopt;
    };
    constexpr std::string_view use = "  title: x\n  who: { use: who, of: .person, with: { mark: .mark } }\n";
    EXPECT_EQ(mapped(use, R"({"id": 1, "mark": "!", "person": {"n": "Ada", "city": "Oslo"}})", fragments),
              R"({"title":"x","who":{"name":"Ada!","city":"Oslo"}})");
    EXPECT_EQ(mapped(use, R"({"id": 1, "mark": "!"})", fragments), R"({"title":"x"})");
    EXPECT_EQ(mapped("  title: x\n  who: { use: who, of: .person, with: { mark: '?' }, fields: { city: Bergen } }\n",
                     R"({"id": 1, "person": {"n": "Ada", "city": "Oslo"}})", fragments),
              R"({"title":"x","who":{"name":"Ada?","city":"Bergen"}})");
    EXPECT_NE(mapped("  title: x\n  who: { use: nobody }\n", "{}", fragments).find("unknown_fragment"),
              std::string::npos);
    EXPECT_NE(mapped("  title: x\n  who: { use: circle }\n", "{}", fragments).find("fragment_circle"),
              std::string::npos);
    EXPECT_NE(
        mapped("  title: x\n  who: { use: who, of: .person }\n", "{}", fragments).find("who.yaml:2:15: unknown_name"),
        std::string::npos);
}

TEST(MappingTypes, AreHeldAtRunTime)
{
    EXPECT_EQ(mapped("  title: .id\n", R"({"id": 1})"), "!wrong_kind");
    EXPECT_EQ(mapped("  title: x\n  rank: .r\n", R"({"id": 1, "r": 1.5})"), "!wrong_kind");
    EXPECT_EQ(mapped("  title: x\n  rank: .r\n", R"({"id": 1, "r": "1"})"), "!wrong_kind");
    EXPECT_EQ(mapped("  title: x\n  done: .r\n", R"({"id": 1, "r": "true"})"), "!wrong_kind");
    EXPECT_EQ(mapped("  title: x\n  kind: .r\n", R"({"id": 1, "r": "c"})"), "!not_in_list");
    EXPECT_EQ(mapped("  title: x\n  at: .r\n", R"({"id": 1, "r": "2026-01-02T03:04:05Z"})"), "!wrong_kind");
    EXPECT_EQ(mapped("  title: x\n  sum: .r\n", R"({"id": 1, "r": 5})"), "!wrong_kind");
    EXPECT_EQ(mapped("  title: x\n  sum: '= (.r | money(\"EUR\")) * 2'\n", R"({"id": 1, "r": 5})"), "!money_precision");
    EXPECT_EQ(mapped("  title: x\n  who: .w\n", R"({"id": 1, "w": {"name": "n", "age": 3}})"), "!unknown_field");
    EXPECT_EQ(mapped("  title: x\n  who: .w\n", R"({"id": 1, "w": {"name": "n", "city": ""}})"),
              R"({"title":"x","who":{"name":"n"}})");
    EXPECT_EQ(mapped("  title: x\n  any: .w\n", R"({"id": 1, "w": {"a": [1.50]}})"),
              R"({"title":"x","any":{"a":[1.50]}})");
    EXPECT_EQ(mapped("  title: x\n  items: .id\n", R"({"id": 1})"), "!wrong_kind");
}

TEST(MappingProblems, AreAllReportedWithTheirPlaces)
{
    const std::string problems = problems_of(R"(transaction: note
entity: note/{.id}
versoin: 1
fields:
  titel: .name
  rank: .r | trimm
  kind: c
  who: { name: $nope, town: x }
  items:
    each: .l
    fields: { no: "{.a" }
)");
    for (const char* line :
         {"note.yaml:3:1: unknown_key: a mapping has no `versoin` (did you mean `version`?)",
          "note.yaml:5:3: unknown_field", "(did you mean `title`?)", "note.yaml:6:14: unknown_function",
          "note.yaml:7:9: not_in_list", "note.yaml:8:16: unknown_name", "note.yaml:8:23: unknown_field",
          "note.yaml:11:23: syntax", "note.yaml:5:3: missing_field: the canonical type requires `title`"})
        EXPECT_NE(problems.find(line), std::string::npos) << line << " in\n" << problems;
}

TEST(MappingProblems, SayWhatToWriteInstead)
{
    const auto says = [](const std::string& problems, std::string_view words) {
        EXPECT_NE(problems.find(words), std::string::npos) << words << " in\n" << problems;
    };

    says(problems_of(head("  title: x\n  items: { no: 1 }\n")),
         "this field is a list, and here stands one object (`each:`");
    says(problems_of(head("  title: x\n  sum: (.a) + 1\n")), "(begin it with `=`: as it stands it is a text)");
    says(problems_of(head("  title: x\n  sum: a lot\n")),
         "(an expression begins with `.`, `$` or `=`; this is a text)");
    const auto order = Mapping::load(SourceFile{"m.yaml", "transaction: order\nentity: e\nfields: {}\n"},
                                     shipped_canonical(), shipped_vocabularies());
    ASSERT_FALSE(order);
    says(all_of(order.error()), "(did you mean `purchase_order` or `sales_order`?)");
}

TEST(MappingProblems, RepeatedKeysAndBadYamlAreRefused)
{
    EXPECT_NE(problems_of(head("  title: a\n  title: b\n")).find("note.yaml:5:3: repeated_key"), std::string::npos);
    EXPECT_NE(problems_of("a: b: c").find(": yaml:"), std::string::npos);
    EXPECT_NE(problems_of("transaction: nota\nentity: x\nfields: {}\n")
                  .find("unknown_type: there is no canonical type `nota` (did you mean `note`?)"),
              std::string::npos);
    EXPECT_NE(problems_of("extends: shopify/sales_order\n").find("note.yaml:1:10: unknown_mapping"), std::string::npos);
    const auto says_of_parents = [](const char* parents) {
        return problems_of("transaction: note\nentity: e\ndepends_on: " + std::string(parents) +
                           "\nfields: { title: a }\n");
    };
    EXPECT_NE(says_of_parents("order/{.o}").find("note.yaml:3:13: wrong_value"), std::string::npos);
    EXPECT_NE(says_of_parents("{}").find("wrong_value"), std::string::npos);
    EXPECT_NE(says_of_parents("{ nota: a }").find("note.yaml:3:15: unknown_type"), std::string::npos);
    EXPECT_NE(says_of_parents("{ note: [a] }").find("wrong_value"), std::string::npos);
    EXPECT_NE(says_of_parents("{ note: .a | nothing }").find("unknown_function"), std::string::npos);
    EXPECT_NE(problems_of("transaction: note\nfields: { title: x }\n").find("missing_key"), std::string::npos);
    EXPECT_NE(problems_of(head("  title: { let: { doc: 1 }, value: x }\n")).find("reserved_name"), std::string::npos);
    EXPECT_NE(
        problems_of(head("  title: { let: { a: 1 }, value: { let: { a: 2 }, value: $a } }\n")).find("bound_twice"),
        std::string::npos);
    EXPECT_NE(problems_of(head("  title: { when: .a }\n")).find("this block gives nothing"), std::string::npos);
}

TEST(MappingProblems, WhatWouldBeReadByNothingIsRefused)
{
    const FragmentLoader fragments = [](std::string_view) { return SourceFile{"who.yaml", "fields: { name: .n }\n"}; };
    const auto says = [](const std::string& problems, std::string_view line) {
        EXPECT_NE(problems.find(line), std::string::npos) << line << " in\n" << problems;
    };

    says(problems_of(head("  title: x\n") + "---\nfields: { title: y }\n"), "note.yaml:6:1: several_documents");
    says(mapped("  title: x\n  who: { use: who, fields: .person }\n", "{}", fragments), "note.yaml:5:28: wrong_value");
    says(problems_of("as: line\n" + head("  title: x\n")), "note.yaml:1:5: wrong_value: `as` names the item");
    says(problems_of("each: .l\nas: [line]\n" + head("  title: x\n")), "note.yaml:2:5: wrong_value: `as` is a name");
    says(problems_of(head("  title: x\n  words: { each: .l, as: {}, value: . }\n")), "note.yaml:5:26: wrong_value");
    says(problems_of("name: [a]\n" + head("  title: x\n")), "note.yaml:1:7: wrong_value: `name` is a word");
}

TEST(MappingProblems, AFileWithTheWrongEndingIsNotSkippedInSilence)
{
    const std::string folder = testing::TempDir() + "/headgate_mapping_endings_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder + "/older");
    std::filesystem::create_directories(folder + "/.git");
    for (const char* name : {"a.yml", "b.YAML", "c.JSON", "readme.md", ".d.yml"})
        std::ofstream(folder + "/" + name) << "{}";

    const auto vocabularies = Vocabularies{}.load(folder);
    const auto canonical = Canonical::load(folder);

    const auto not_read = [&](const Problems& problems) {
        std::vector<std::string> files;
        for (const Problem& problem : problems) {
            EXPECT_EQ(problem.code, "not_read");
            files.push_back(problem.file.substr(folder.size() + 1));
        }
        std::ranges::sort(files);
        return files;
    };
    ASSERT_FALSE(vocabularies);
    ASSERT_FALSE(canonical);
    EXPECT_EQ(not_read(vocabularies.error()), (std::vector<std::string>{"a.yml", "b.YAML"}));
    EXPECT_EQ(not_read(canonical.error()), (std::vector<std::string>{"c.JSON", "older"}));
    std::filesystem::remove_all(folder);
}

TEST(MappingTransactions, IdentityAndVersion)
{
    const auto with = [](std::string_view lines, std::string_view json) -> Result<std::vector<Transaction>> {
        const auto mapping = loaded("transaction: note\n" + std::string(lines) + "fields: { title: x }\n");
        if (!mapping)
            throw std::runtime_error(all_of(mapping.error()));
        const Document document = read_document(json);
        return mapping->run({.document = document});
    };
    const auto version = [&](std::string_view value, std::string_view json) {
        return with("entity: e\nversion: " + std::string(value) + "\n", json).value().front().version;
    };

    EXPECT_EQ(version(".v", R"({"v": 7.0})").kind, Version::Kind::integer);
    EXPECT_EQ(version(".v", R"({"v": 7.0})").text, "7");
    EXPECT_EQ(version(".v | timestamp", R"({"v": "2026-01-02T03:04:05.5-01:00"})").text,
              "2026-01-02T04:04:05.500000000Z");
    EXPECT_EQ(version(".v", R"({"v": "etag"})").kind, Version::Kind::text);
    EXPECT_EQ(version("once", "{}").kind, Version::Kind::once);
    EXPECT_EQ(version(".v", R"({"v": "once"})").kind, Version::Kind::text);
    EXPECT_EQ(with("entity: e\n", "{}")->front().version.kind, Version::Kind::none);
    EXPECT_EQ(with("entity: e\nversion: .v\n", "{}").error().code, "identity_missing");
    EXPECT_EQ(with("entity: e/{.x}\n", "{}").error().code, "identity_missing");
    EXPECT_EQ(with("entity: e\nid: line/{.i}\n", R"({"i": 3})")->front().id, "line/3");
    EXPECT_TRUE(with("entity: e\nwhen: .x\n", "{}")->empty());
}

// Whoever is not wanted is left out without a word: a condition that cannot be told must never look like that.
TEST(MappingTransactions, WhoseConditionFailsAreFailuresAndNotLeftOut)
{
    for (const auto& [when, code] : {std::pair{".x | required", "missing_required"},
                                     {".n > \"a\"", "wrong_kind"},
                                     {".n == 2 and .l > 1", "wrong_kind"},
                                     {".n == 3 or .l > 1", "wrong_kind"},
                                     {"not (.l > 1)", "wrong_kind"},
                                     {".n == .l", "wrong_kind"},
                                     {".n in .n", "wrong_kind"},
                                     {".l[. > \"a\"]", "wrong_kind"},
                                     {".l | any(. > \"a\")", "wrong_kind"},
                                     {".l | all(. > \"a\")", "wrong_kind"},
                                     {"if .l > 1 then true else true", "wrong_kind"}}) {
        const auto mapping = loaded("transaction: note\nentity: e\nwhen: '" + std::string(when) +
                                    "'\nfields: { title: x, items: { each: .l, fields: { no: . } } }\n");
        ASSERT_TRUE(mapping) << when << text_of(mapping.error().front());
        const Document document = read_document(R"({"n": 2, "l": [1, 2]})");
        const auto made = mapping->run(MappingContext{.document = document});
        EXPECT_EQ(made ? "nothing" : made.error().code, code) << when;
    }
}

TEST(MappingTransactions, NameWhatMustBeThereFirst)
{
    const auto mapping = loaded(
        "transaction: note\nentity: e\ndepends_on: { note: \"order/{.order}\", memo: .memo }\nfields: { title: x }\n");
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    ASSERT_TRUE(mapping->has_parents());
    const auto parents = [&](std::string_view json) {
        const Document document = read_document(json);
        return mapping->run({.document = document}).value().front().parents;
    };

    EXPECT_EQ(parents(R"({"order": 5, "memo": "m"})"),
              (std::vector<Parent>{{"note", "note", "order/5"}, {"memo", "paper", "m"}}));
    EXPECT_EQ(parents(R"({"memo": null})"), std::vector<Parent>{});
    const Document list = read_document(R"({"memo": [1]})");
    EXPECT_EQ(mapping->run({.document = list}).error().code, "wrong_kind");
    EXPECT_FALSE(loaded("transaction: note\nentity: e\nfields: { title: x }\n")->has_parents());
}

TEST(MappingTransactions, EachGivesOnePerItemAndItsPlace)
{
    const auto mapping = loaded(
        "transaction: note\neach: .l\nas: line\nwhen: .n != 2\nentity: e/{.n}\nversion: once\nfields: { title: "
        "'n{$line.n}', rank: $index }\n");
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const Document document = read_document(R"({"w": {"l": [{"n": 1}, {"n": 2}, {"n": 3}]}})");

    const auto made = mapping->run({.document = document, .root = document.member(0, "w")});

    ASSERT_TRUE(made);
    ASSERT_EQ(made->size(), 2U);
    EXPECT_EQ((*made)[0].slot.text(), "note#/l/0");
    EXPECT_EQ((*made)[1].slot.text(), "note#/l/2");
    EXPECT_EQ((*made)[1].json, R"({"title":"n3","rank":2})");
}

TEST(MappingTransactions, TwoOfOnePlaceAreRefusedAndPartsOfATextAreTold)
{
    const auto places = [](const std::string& each, std::string_view json) {
        const auto mapping =
            loaded("transaction: note\neach: '" + each + "'\nentity: e/{$index}\nfields: { title: x }\n");
        EXPECT_TRUE(mapping) << all_of(mapping.error());
        const Document document = read_document(json);
        const auto made = mapping->run({.document = document});
        if (!made)
            return "!" + made.error().code + " " + made.error().where.document;
        std::string all;
        for (const Transaction& transaction : *made)
            all += transaction.slot.place + " ";
        return all;
    };
    EXPECT_EQ(places(".numbers | split(\",\")", R"({"numbers": "1Z1,1Z2,1Z3"})"), "0 1 2 ");
    EXPECT_EQ(places(".l | map($doc.head)", R"({"l": [1, 2], "head": {"a": 1}})"), "!place_repeated /head");
    EXPECT_EQ(places("[.a, .a]", R"({"a": {"b": 1}})"), "!place_repeated /a");
    EXPECT_EQ(places("[.a, .b]", R"({"a": {"b": 1}, "b": 2})"), "/a /b ");
    EXPECT_EQ(places(".o | entries", R"({"o": {"x": 1, "y": 2}})"), "0 1 ");
}

TEST(MappingTransactions, SeveralShareTopicsAndNames)
{
    const auto mapping = loaded(
        "topics: [a, b]\nlet: { t: .t }\ntransactions:\n  - { transaction: note, entity: e, fields: { title: $t } }\n"
        "  - { transaction: note, name: second, entity: f, fields: { title: '{$t}2' } }\n");
    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const Document document = read_document(R"({"t": "x"})");

    const auto made = mapping->run({.document = document});

    ASSERT_TRUE(made);
    EXPECT_TRUE(mapping->takes("b"));
    EXPECT_EQ((*made)[0].slot.mapping, "note.note");
    EXPECT_EQ((*made)[1].slot.mapping, "second");
    EXPECT_EQ((*made)[1].json, R"({"title":"x2"})");
    EXPECT_NE(problems_of("transactions:\n  - { transaction: note, entity: e, fields: { title: x } }\n  - { "
                          "transaction: note, entity: f, fields: { title: y } }\n")
                  .find("same_name"),
              std::string::npos);
}

}  // namespace
}  // namespace headgate::mapping::test
