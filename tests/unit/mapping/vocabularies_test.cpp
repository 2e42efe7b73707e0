#include "mapping/vocabularies.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "mapping/unmapped_words.hpp"
#include "tests/unit/mapping/small_types.hpp"

namespace headgate::mapping::test {
namespace {

class VocabulariesTest : public testing::Test {
protected:
    std::string folder_ = fresh_folder("vocabularies");
    Vocabularies tables_;
    std::optional<MissedWord> missed_word_;
    UnmappedWords unmapped_;

    void file(const std::string& name, std::string_view text) { write_file(folder_ + "/" + name, text); }
    std::string load()
    {
        const auto loaded = tables_.load(folder_);
        return loaded ? "" : all_of(loaded.error());
    }
    /// What `title` becomes and the warnings, or the failure.
    std::string mapped(const std::string& title, std::string_view json, std::string_view channel = "shop")
    {
        const auto mapping =
            Mapping::load(SourceFile{"note.yaml", head("  title: " + title + "\n")}, small_types(), tables_);
        if (!mapping)
            return all_of(mapping.error());
        const Document document = read_document(json);
        const auto made = mapping->run(
            {.document = document, .channel_name = channel, .unmapped = &unmapped_, .missed = &missed_word_});
        if (!made)
            return "!" + made.error().code + " " + made.error().detail;
        std::string text = made->front().json;
        for (const Warning& warning : made->front().warnings)
            text += " " + warning.code + " " + warning.path + " " + warning.config + " " + warning.vocabulary;
        return text;
    }
    std::string missed() const
    {
        std::string text;
        for (const auto& table : unmapped_.list()) {
            text += table.vocabulary + " " + std::to_string(table.total) + "+" + std::to_string(table.others);
            for (const auto& [word, count] : table.words)
                text += " " + word + ":" + std::to_string(count);
            text += ";";
        }
        return text;
    }
};

TEST_F(VocabulariesTest, AChannelsEntriesLieOverTheTable)
{
    file("state.yaml", "version: \"7\"\nentries: { paid: captured, open: pending, done: captured }\n");
    file("eu/state.yaml", "entries: { paid: authorized, wired: captured }\n");
    ASSERT_EQ(load(), "");

    EXPECT_EQ(mapped(".s | lookup(\"state\")", R"({"id": 1, "s": "paid"})"), R"({"title":"captured"})");
    EXPECT_EQ(mapped(".s | lookup(\"state\")", R"({"id": 1, "s": "paid"})", "eu"), R"({"title":"authorized"})");
    EXPECT_EQ(mapped(".s | lookup(\"state\")", R"({"id": 1, "s": "open"})", "eu"), R"({"title":"pending"})");
    EXPECT_EQ(mapped(".s | lookup_back(\"state\")", R"({"id": 1, "s": "captured"})"), R"({"title":"done"})");
    EXPECT_EQ(mapped(".s | lookup_back(\"state\")", R"({"id": 1, "s": "captured"})", "eu"), R"({"title":"wired"})");
    EXPECT_EQ(tables_.overlaid().at("eu"), folder_ + "/eu");
}

TEST_F(VocabulariesTest, AReplacedTableIsNotedWithItsVersion)
{
    file("state.yaml", "version: 2026-07\nentries: { paid: captured }\n");
    file("eu/state.yaml", "entries: { paid: authorized }\n");
    ASSERT_EQ(load(), "");
    const std::string shipped = folder_;
    folder_ = fresh_folder("own_vocabularies");
    file("state.yaml", "entries: { paid: paid }\n");
    ASSERT_EQ(load(), "");

    ASSERT_EQ(tables_.notes().size(), 1U);
    EXPECT_EQ(tables_.notes().front().code, "vocabulary_replaced");
    EXPECT_NE(tables_.notes().front().message.find(shipped + "/state.yaml, version 2026-07"), std::string::npos);
    EXPECT_EQ(mapped(".s | lookup(\"state\")", R"({"id": 1, "s": "paid"})", "eu"), R"({"title":"authorized"})");
}

TEST_F(VocabulariesTest, AWordThatNothingCouldWaitForIsNoted)
{
    file("state.yaml", "unmapped: park\nentries:\n  a: b\n  " + std::string(501, 'x') + ": c\n");
    file("other.yaml", "entries:\n  " + std::string(501, 'x') + ": c\n");
    ASSERT_EQ(load(), "");

    ASSERT_EQ(tables_.notes().size(), 1U);
    EXPECT_NE(text_of(tables_.notes().front()).find("/state.yaml:4:3: long_word: "), std::string::npos);
}

TEST_F(VocabulariesTest, WhatIsUnmappedLeadsWhereTheTableSays)
{
    file("dead.yaml", "unmapped: dead\nentries: { a: b }\n");
    file("park.yaml", "version: v3\nunmapped: park\nentries: { a: b }\n");
    file("hold.yaml", "unmapped: hold\nentries: { a: b }\n");
    file("other.yaml", "unmapped: { default: other }\nentries: { a: b }\n");
    ASSERT_EQ(load(), "");
    const auto of = [&](const std::string& table) {
        return mapped(".s | lookup(\"" + table + "\")", R"({"id": 1, "s": "zz"})");
    };

    EXPECT_EQ(of("dead"), "!unmapped title: `.s` has no entry in the vocabulary `dead`");
    EXPECT_EQ(
        of("park"),
        "!unmapped title: `.s` has no entry in the vocabulary `park` (version v3), which asks to park what it does "
        "not know");
    EXPECT_EQ(of("hold"),
              "!unmapped title: `.s` has no entry in the vocabulary `hold`, which asks to hold what it does not know");
    EXPECT_EQ(of("other"), R"({"title":"other"} default_taken title note.yaml:4:15 other)");
    EXPECT_EQ(mapped(".s | lookup(\"dead\", \"mine\")", R"({"id": 1, "s": "zz"})"),
              R"({"title":"mine"} default_taken title note.yaml:4:15 dead)");
    EXPECT_EQ(missed(), "dead 2+0 zz:2;hold 1+0 zz:1;other 1+0 zz:1;park 1+0 zz:1;");
}

TEST_F(VocabulariesTest, WhatParksSaysWhatItWaitsFor)
{
    file("park.yaml", "unmapped: park\nentries: { a: b }\n");
    file("dead.yaml", "entries: { a: b }\n");
    file("reason.yaml", "unmapped: park\nrules:\n  - { code: late, any: [too late] }\n");
    file("uom_conversion.yaml", "unmapped: park\nfactors: { DZN: { EA: 12 } }\n");
    file("eu/park.yaml", "entries: { own: b }\n");
    ASSERT_EQ(load(), "");
    const auto missed = [&](const std::string& title, const std::string& word = "zz") {
        missed_word_.reset();
        mapped(title, R"({"id": 1, "s": ")" + word + R"("})");
        return missed_word_;
    };
    using Asked = MissedWord::Asked;
    const auto& park = *tables_.find("park");
    const auto& reason = *tables_.find("reason");

    EXPECT_EQ(missed(".s | lookup(\"park\")"), (MissedWord{"park", Asked::word, "zz"}));
    EXPECT_EQ(missed(".s | lookup(\"park\", \"mine\")"), std::nullopt);
    EXPECT_EQ(missed(".s | lookup(\"dead\")"), std::nullopt);
    EXPECT_EQ(missed(".s | lookup_back(\"park\")"), (MissedWord{"park", Asked::code, "zz"}));
    EXPECT_EQ(missed(".s | classify(\"reason\") | get(\"code\")"),
              (MissedWord{"reason", Asked::text, reason.rules_digest()}));
    EXPECT_EQ(missed(".s | quantity(\"CS\") | convert(\"EA\") | string", "3"),
              (MissedWord{"uom_conversion", Asked::factor, "CS EA"}));
    EXPECT_EQ(missed(".s | quantity(\"CS\") | convert(\"EA\", \"A 1\") | string", "3"),
              (MissedWord{"uom_conversion", Asked::factor, "CS EA A 1"}));
    EXPECT_EQ(missed(".s | lookup(\"park\")", std::string(500, 'x'))->word.size(), 500U);
    EXPECT_EQ(missed(".s | lookup(\"park\")", std::string(501, 'x')), std::nullopt);
    EXPECT_EQ(mapped(".s | lookup(\"park\")", R"({"id": 1, "s": ")" + std::string(501, 'x') + R"("})"),
              "!unmapped title: `.s` has no entry in the vocabulary `park`");

    EXPECT_TRUE(park.has({"park", Asked::word, "a"}, ""));
    EXPECT_FALSE(park.has({"park", Asked::word, "own"}, ""));
    EXPECT_TRUE(park.has({"park", Asked::word, "own"}, "eu"));
    EXPECT_TRUE(park.has({"park", Asked::code, "b"}, ""));
    EXPECT_FALSE(reason.has({"reason", Asked::text, reason.rules_digest()}, ""));
    EXPECT_TRUE(reason.has({"reason", Asked::text, "other rules"}, ""));
}

TEST_F(VocabulariesTest, WhatIsAddedCountsWhereTheFilesSayNothing)
{
    file("state.yaml", "entries: { paid: captured }\n");
    file("eu/state.yaml", "entries: { odd: other }\n");
    file("uom_conversion.yaml", "factors: { DZN: { EA: 12 } }\nitems: { A: { CS: { EA: 24 } } }\n");
    ASSERT_EQ(load(), "");
    tables_.added().replace({{"state", "paid", "wrong"},
                             {"state", "odd", "authorized"},
                             {"uom_conversion", "CS EA", "6"},
                             {"uom_conversion", "CS EA B", "8"},
                             {"uom_conversion", "CS EA A", "9"}},
                            5);
    const auto state = [&](std::string_view word, std::string_view channel) {
        return mapped(".s | lookup(\"state\")", R"({"id": 1, "s": ")" + std::string(word) + R"("})", channel);
    };
    const auto factor = [&](std::string_view item) {
        return tables_.find("uom_conversion")->conversion("CS", "EA", item)->factor->text();
    };

    EXPECT_EQ(state("paid", "shop"), R"({"title":"captured"})");
    EXPECT_EQ(state("odd", "shop"), R"({"title":"authorized"})");
    EXPECT_EQ(state("odd", "eu"), R"({"title":"other"})");
    EXPECT_EQ(*tables_.find("state")->find_back("authorized", "shop"), "odd");
    EXPECT_EQ(tables_.find("state")->find_back("authorized", "eu"), nullptr);
    EXPECT_EQ(tables_.find("state")->find_back("wrong", "shop"), nullptr);
    EXPECT_EQ(factor("A"), "24");
    EXPECT_EQ(factor("B"), "8");
    EXPECT_EQ(factor(""), "6");
    EXPECT_EQ(tables_.added().changes(), 5U);

    tables_.added().replace({}, 6);

    EXPECT_EQ(state("odd", "shop"), "!unmapped title: `.s` has no entry in the vocabulary `state`");
}

TEST_F(VocabulariesTest, AFactorOfTheFileWinsInBothDirectionsAndOneOfTheItemOverOneForAll)
{
    file("uom_conversion.yaml", "factors: { DZN: { EA: 12 } }\nitems: { A: { CS: { EA: 24 } } }\n");
    ASSERT_EQ(load(), "");
    tables_.added().replace({{"uom_conversion", "EA DZN", "0.5"},
                             {"uom_conversion", "EA CS A", "0.5"},
                             {"uom_conversion", "EA CS", "0.25"},
                             {"uom_conversion", "DZN EA B", "10"},
                             {"uom_conversion", "DZN EA A", "13"}},
                            1);
    const auto converted = [&](const std::string& from, const std::string& to, const std::string& item) {
        return mapped(".s | quantity(\"" + from + "\") | convert(\"" + to + "\", \"" + item + "\") | get(\"value\")",
                      R"({"id": 1, "s": "120"})");
    };

    EXPECT_EQ(converted("EA", "DZN", "C"), R"({"title":"10"})");  // the file's, for all
    EXPECT_EQ(converted("DZN", "EA", "C"), R"({"title":"1440"})");
    EXPECT_EQ(converted("EA", "CS", "A"), R"({"title":"5"})");   // the file's, of the item
    EXPECT_EQ(converted("EA", "CS", "C"), R"({"title":"30"})");  // added, for all
    EXPECT_EQ(converted("CS", "EA", "C"), R"({"title":"480"})");
    EXPECT_EQ(converted("EA", "DZN", "B"), R"({"title":"12"})");  // added, of the item
    EXPECT_EQ(converted("DZN", "EA", "B"), R"({"title":"1200"})");
}

TEST_F(VocabulariesTest, AFileAgreesWithWhatMeansTheSame)
{
    file("state.yaml", "entries: { paid: \"1\" }\n");
    file("uom_conversion.yaml", "factors: { PR: { EA: 2 } }\n");
    ASSERT_EQ(load(), "");
    const auto agrees = [&](const std::string& table, std::string_view word, std::string_view value) {
        const auto& one = *tables_.find(table);
        return one.agrees(*one.in_file(word), word, value);
    };

    EXPECT_TRUE(agrees("state", "paid", "1"));
    EXPECT_FALSE(agrees("state", "paid", "1.0"));
    EXPECT_TRUE(agrees("uom_conversion", "PR EA", "2.0"));
    EXPECT_TRUE(agrees("uom_conversion", "EA PR", "0.5"));
    EXPECT_FALSE(agrees("uom_conversion", "EA PR", "2"));
}

TEST_F(VocabulariesTest, WhatMayBeAddedIsOfTheTablesKindAndNotInItsFile)
{
    file("state.yaml", "entries: { paid: captured }\n");
    file("reason.yaml", "rules:\n  - { code: late, any: [too late] }\n");
    file("uom_conversion.yaml", "factors: { DZN: { EA: 12 } }\nitems: { A: { CS: { EA: 24 } } }\n");
    ASSERT_EQ(load(), "");
    const auto checked = [&](const std::string& table, std::string_view word, std::string_view value) {
        const auto allowed = check_entry(*tables_.find(table), word, value);
        return allowed ? "" : allowed.error().code + ": " + allowed.error().detail;
    };

    EXPECT_EQ(checked("state", "odd", "captured"), "");
    EXPECT_EQ(checked("state", "", "captured"), "bad_entry: the word is empty");
    EXPECT_EQ(checked("state", "odd", ""), "bad_entry: the value is empty");
    EXPECT_EQ(checked("state", std::string(501, 'x'), "a"), "bad_entry: the word is longer than 500 bytes");
    EXPECT_EQ(checked("state", "odd", "\xff"), "bad_entry: the value is no text: it has a NUL in it, or is no UTF-8");
    EXPECT_EQ(checked("state", "paid", "pending"),
              "entry_in_file: the vocabulary `state` has this word in its file, where it is `captured`: change it in " +
                  folder_ + "/state.yaml and restart");
    EXPECT_EQ(checked("reason", "odd", "late"),
              "no_entries: the vocabulary `reason` has rules, and no entries: add a rule to " + folder_ +
                  "/reason.yaml and restart; what waits for it goes on then");
    EXPECT_EQ(checked("uom_conversion", "CS EA", "24"), "");
    EXPECT_EQ(checked("uom_conversion", "CS EA an item", "0.5"), "");
    for (const auto* word : {"CS", "CS ", "CS EA ", " EA", "CS CS", "CARTONFUL EA"})
        EXPECT_EQ(checked("uom_conversion", word, "24").substr(0, 9), "bad_entry") << word;
    for (const auto* value : {"0", "-1", "many"})
        EXPECT_EQ(checked("uom_conversion", "CS EA", value),
                  "bad_entry: the value of a factor is a number above zero: how many of the second unit one of the "
                  "first is");
    EXPECT_EQ(checked("uom_conversion", "DZN EA", "10").substr(0, 13), "entry_in_file");
    EXPECT_EQ(checked("uom_conversion", "CS EA A", "10").substr(0, 13), "entry_in_file");
    EXPECT_EQ(
        checked("uom_conversion", "EA DZN", "0.5"),
        "entry_in_file: the vocabulary `uom_conversion` has `DZN EA` in its file, where it is `12`: change it in " +
            folder_ + "/uom_conversion.yaml and restart");
    EXPECT_EQ(checked("uom_conversion", "EA CS A", "0.5").substr(0, 13), "entry_in_file");
    EXPECT_EQ(checked("uom_conversion", "EA DZN A", "0.1"), "");
}

TEST_F(VocabulariesTest, WhatPeopleWroteIsCountedAndNotListed)
{
    file("reason.yaml", "rules:\n  - { code: late, any: [too late] }\n");
    ASSERT_EQ(load(), "");

    EXPECT_EQ(mapped(".s | classify(\"reason\") | get(\"code\")", R"({"id": 1, "s": "secret words"})"),
              "!unmapped title: `.s` has no entry in the vocabulary `reason`");
    EXPECT_EQ(mapped(".s | classify(\"reason\", \"other\") | get(\"code\")", R"({"id": 1, "s": "secret words"})"),
              R"({"title":"other"} default_taken title note.yaml:4:15 reason)");
    EXPECT_EQ(missed(), "reason 2+2;");
}

TEST_F(VocabulariesTest, TheFirstRuleThatHoldsDecides)
{
    file("r.yaml", R"(rules:
  - { id: one, code: a, any: [Straße*, "don't"], without: [never], confidence: 0.25 }
  - { id: two, code: b, any: [x y] }
)");
    ASSERT_EQ(load(), "");
    const Vocabulary& table = *tables_.find("r");
    const auto rule = [&](std::string_view text) {
        std::uint64_t looked_at = 0;
        const KeywordRule* found = table.classify(text, looked_at);
        return found == nullptr ? "" : found->id;
    };

    EXPECT_EQ(rule("auf der STRASSENSEITE"), "one");
    EXPECT_EQ(rule("I don\u2019t"), "one");
    EXPECT_EQ(rule("strasse, never"), "");
    EXPECT_EQ(rule("(X) \u2013 y!"), "two");
    EXPECT_EQ(rule("x yes"), "");
    EXPECT_EQ(rule("xx y"), "");
    EXPECT_EQ(table.rules[0].confidence.text(), "0.25");
}

TEST_F(VocabulariesTest, TheWrongTableIsRefusedWhenTheMappingIsLoaded)
{
    file("state.yaml", "entries: { a: b }\n");
    ASSERT_EQ(load(), "");

    EXPECT_NE(mapped(".s | classify(\"state\")", "{}").find("note.yaml:4:15: wrong_arguments"), std::string::npos);
    EXPECT_NE(mapped(".s | lookup(\"stat\")", "{}")
                  .find("unknown_vocabulary: there is no vocabulary `stat` (did you mean `state`?)"),
              std::string::npos);
    EXPECT_NE(mapped("2 | quantity(\"CA\") | convert(\"EA\") | get(\"value\")", "{}").size(), 0U);
    EXPECT_NE(mapped("= 2 | quantity(\"CA\") | convert(\"EA\")", "{}").find("no vocabulary `uom_conversion`"),
              std::string::npos);
}

TEST_F(VocabulariesTest, WhatIsWrongWithAFileIsSaidWithItsPlace)
{
    file("a.yaml", "unmapped: [x]\nentries: { a: [b] }\nodd: 1\n");
    file("b.yaml",
         "rules:\n  - { code: a }\n  - { code: b, any: [\"!\"], confidence: 2, odd: 1 }\n  - { code: c, any: [x] }\n"
         "  - { code: c, any: [y] }\nentries: {}\n");
    file("c.yaml", "factors: { DZN: { EA: 0 }, GRO: 144 }\nitems: []\n");
    file("d.yaml", "entries: {}\nitems: { A: { CS: { EA: 2 } } }\n");
    file("eu/none.yaml", "entries: { a: b }\n");
    file("eu/a.yaml", "unmapped: dead\n");

    const std::string problems = load();

    for (const char* line :
         {"a.yaml:1:11: wrong_value", "a.yaml:2:12: wrong_value", "a.yaml:3:1: unknown_key", "b.yaml:2:5: wrong_value",
          "b.yaml:3:22: wrong_value", "b.yaml:3:40: wrong_value", "b.yaml:3:43: unknown_key", "b.yaml:5:5: same_name",
          "b.yaml:1:1: wrong_value: a vocabulary has one of", "c.yaml:1:19: wrong_value", "c.yaml:1:28: wrong_value",
          "c.yaml:2:8: wrong_value", "d.yaml:1:1: wrong_value", "eu/none.yaml: unknown_vocabulary",
          "eu/a.yaml:1:1: unknown_key"})
        EXPECT_NE(problems.find(line), std::string::npos) << line << " in\n" << problems;
}

TEST(UnmappedWordsTest, AreBoundedWhateverIsSent)
{
    UnmappedWords words;
    const auto send = [&words] {
        for (int i = 0; i < 3'000; ++i)
            words.add("t", "w" + std::to_string(i));
    };
    std::thread other(send);
    send();
    other.join();
    words.add("long", std::string(63, 'x') + "\u00e9 and more");
    words.add("long", std::string(63, 'x') + "\u00e9 and other");

    const auto list = words.list();

    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].words.front(), (std::pair<std::string, std::uint64_t>(std::string(63, 'x') + "…", 2)));
    EXPECT_EQ(list[1].total, 6'000U);
    EXPECT_EQ(list[1].words.size(), UnmappedWords::most_words);
    EXPECT_EQ(list[1].others, 4'000U);
}

}  // namespace
}  // namespace headgate::mapping::test
