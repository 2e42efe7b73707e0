#include "gateway/tools/format.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "gateway/tools/yaml.hpp"

namespace headgate::gateway {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string fmt(const std::string& text, FileKind kind = FileKind::other)
{
    const auto made = formatted("a.yaml", text, kind);
    if (!made)
        return "problem: " + made.error().front().code;
    const auto again = formatted("a.yaml", *made, kind);
    EXPECT_TRUE(again && *again == *made) << "once:\n" << *made << "twice:\n" << again.value_or("problem");
    return *made;
}

TEST(FormatTest, TwoSpacesALevelNoBlanksAndOneLineBreakAtTheEnd)
{
    EXPECT_EQ(fmt("a:\n    b:\n        - x   \n        -   y: 1\n            z: 2\n\n\n"),
              "a:\n  b:\n    - x\n    - y: 1\n      z: 2\n");
    EXPECT_EQ(fmt("a:\n- 1\n- 2"), "a:\n  - 1\n  - 2\n");
    EXPECT_EQ(fmt("a: 1\r\nb: 2\r\n"), "a: 1\nb: 2\n");
}

TEST(FormatTest, CommentsGoWithWhatTheyStandAboveOf)
{
    EXPECT_EQ(fmt("# top\na:\n    # of b\n    b: 1   # beside\n    # last of a\n# of c\nc: 2\n"),
              "# top\na:\n  # of b\n  b: 1   # beside\n  # last of a\n# of c\nc: 2\n");
}

TEST(FormatTest, FlowQuotesAndLongValuesStayAsTheyAre)
{
    const std::string text = "a: { b: 'x',  c: \"y\" }\nlong: first\n  second\nlist: [1,\n  2]\n";

    EXPECT_EQ(fmt(text), text);
}

TEST(FormatTest, ABlockScalarMovesAsAWholeAndKeepsItsText)
{
    EXPECT_EQ(fmt("a:\n     b: |\n         # no comment\n           deeper\n\n         last\n     c: 1\n"),
              "a:\n  b: |\n      # no comment\n        deeper\n\n      last\n  c: 1\n");
}

TEST(FormatTest, KeysAtTheTopComeInTheOrderOfTheReferenceWithTheirComments)
{
    EXPECT_EQ(fmt("# The mapping.\nfields:\n  a: .b\n\n# which one\nentity: x/{.id}\ntransaction: refund\n",
                  FileKind::mapping),
              "# The mapping.\ntransaction: refund\n\n# which one\nentity: x/{.id}\nfields:\n  a: .b\n");
    EXPECT_EQ(fmt("channels: {}\nname: a\n", FileKind::headgate), "name: a\nchannels: {}\n");
}

TEST(FormatTest, AnAnchorKeepsItsPlaceBeforeItsAlias)
{
    EXPECT_EQ(fmt("fields: &a\n    x: 1\nlet: *a\n", FileKind::mapping), "fields: &a\n  x: 1\nlet: *a\n");
}

TEST(FormatTest, WhatIsNoYamlIsAProblemAndLeftAlone)
{
    EXPECT_EQ(fmt("a: b: c\n"), "problem: yaml");
    EXPECT_EQ(fmt("a: 1\na: 2\n"), "problem: repeated_key");
    EXPECT_EQ(fmt("a:\n\tb: 1\n"), "problem: yaml");
    std::string laughs = "a0: &a0 [x]\n";
    for (int i = 1; i < 40; ++i)
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" +
                  std::to_string(i - 1) + "]\n";
    EXPECT_EQ(fmt(laughs), "problem: limit_items");
}

TEST(FormatTest, AFileIsKnownByItsPlace)
{
    EXPECT_EQ(kind_of_file("conf/headgate.yaml"), FileKind::headgate);
    EXPECT_EQ(kind_of_file("conf/connectors/a/connector.yaml"), FileKind::connector);
    EXPECT_EQ(kind_of_file("conf/connectors/a/mappings/b.yaml"), FileKind::mapping);
    EXPECT_EQ(kind_of_file("conf/connectors/a/mappings/fragments/b.yaml"), FileKind::fragment);
    EXPECT_EQ(kind_of_file("conf/vocabularies/eu/b.yaml"), FileKind::vocabulary);
    EXPECT_EQ(kind_of_file("conf/connectors/a/cases/b.yaml"), FileKind::case_file);
    EXPECT_EQ(kind_of_file("notes.yaml"), FileKind::other);
}

/// Whatever ships: formatting it changes nothing of what it says, and twice is once.
TEST(FormatTest, EveryShippedFileKeepsItsMeaning)
{
    const char* source = std::getenv("HEADGATE_SOURCE");
    const auto files = yaml_files(std::string(source != nullptr ? source : ".") + "/config");
    ASSERT_GT(files.size(), 5U);
    for (const auto& file : files) {
        std::ifstream stream(file);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};

        const auto once = formatted(file, text, kind_of_file(file));

        ASSERT_TRUE(once) << file << ": " << once.error().front().message;
        const auto twice = formatted(file, *once, kind_of_file(file));
        ASSERT_TRUE(twice) << file;
        EXPECT_EQ(*twice, *once) << file;
        Problems problems;
        EXPECT_TRUE(same_yaml(*load_yaml(file, text, problems), *load_yaml(file, *once, problems))) << file;
    }
}

TEST(FormatTest, ALinkThatLeadsToItselfIsAFileThatCannotBeRead)
{
    std::string name = (std::filesystem::temp_directory_path() / "headgate-format-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    std::filesystem::create_directory(folder / "mappings");
    std::filesystem::create_symlink("b.yaml", folder / "mappings/a.yaml");
    std::filesystem::create_symlink("a.yaml", folder / "mappings/b.yaml");
    std::filesystem::create_symlink("loop", folder / "loop");

    const std::string mappings = (folder / "mappings/").string();
    EXPECT_THAT(yaml_files(folder), ElementsAre(mappings + "a.yaml", mappings + "b.yaml"));

    std::filesystem::remove_all(folder);
}

}  // namespace

}  // namespace headgate::gateway
