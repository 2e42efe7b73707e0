#include "core/document.hpp"

#include <gtest/gtest.h>

namespace headgate {

namespace {

/// {"id": 7, "a/b": [null, true, {"~": "x"}]}
Document sample()
{
    DocumentBuilder builder;
    builder.open_object();
    builder.name("id");
    builder.number("7");
    builder.name("a/b");
    builder.open_list();
    builder.null();
    builder.boolean(true);
    builder.open_object();
    builder.name("~");
    builder.text(builder.own("x"));
    builder.close();
    builder.close();
    builder.close();
    return std::move(builder).finish();
}

TEST(DocumentTest, IsFoundByNameAndByPlaceFromBothEnds)
{
    const auto document = sample();
    const auto list = document.member(document.root(), "a/b");

    EXPECT_EQ(document[document.member(document.root(), "id")].text, "7");
    EXPECT_EQ(document[list].count, 3U);
    EXPECT_EQ(document[document.item(list, 1)].text, "true");
    EXPECT_EQ(document.item(list, -1), document.item(list, 2));
    EXPECT_EQ(document.item(list, 3), no_node);
    EXPECT_EQ(document.item(list, -4), no_node);
    EXPECT_EQ(document.member(list, "id"), no_node);
    EXPECT_EQ(document.member(document.root(), "none"), no_node);
}

TEST(DocumentTest, AGuessOnlySaysWhereToLookFirst)
{
    const auto document = sample();
    const auto root = document.root();
    for (const std::uint32_t guess : {0U, 1U, 2U, 0xffffffffU}) {
        EXPECT_EQ(document.member(root, "id", guess), document.children(root)[0]);
        EXPECT_EQ(document.member(root, "a/b", guess), document.children(root)[1]);
        EXPECT_EQ(document.member(root, "none", guess), no_node);
        EXPECT_EQ(document.member(no_node, "id", guess), no_node);
    }
}

TEST(DocumentTest, TextsCompareAtEveryLengthAndByte)
{
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string text(size, 'a');
        EXPECT_TRUE(same_text(text, std::string(size, 'a')));
        EXPECT_FALSE(same_text(text, std::string(size + 1, 'a')));
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = text;
            other[at] = 'b';
            EXPECT_FALSE(same_text(text, other)) << size << " " << at;
        }
    }
}

TEST(DocumentTest, PointersAreWrittenAsRfc6901Says)
{
    const auto document = sample();
    const auto object = document.item(document.member(document.root(), "a/b"), 2);

    EXPECT_EQ(document.pointer(document.root()), "");
    EXPECT_EQ(document.pointer(document.member(object, "~")), "/a~1b/2/~0");
}

TEST(DocumentTest, ANodeKnowsItsPlaceAndWhetherItIsBlank)
{
    DocumentBuilder builder;
    builder.open_list();
    builder.text("a");
    builder.open_list();
    builder.text(" \t\r\n");
    builder.close();
    builder.text("");
    builder.close();
    const auto document = std::move(builder).finish();

    const auto inner = document.item(0, 1);
    EXPECT_EQ(document[inner].place, 1U);
    EXPECT_EQ(document[document.item(inner, 0)].place, 0U);
    EXPECT_EQ(document[document.item(0, 2)].place, 2U);
    EXPECT_FALSE(document[document.item(0, 0)].blank);
    EXPECT_TRUE(document[document.item(inner, 0)].blank);
    EXPECT_TRUE(document[document.item(0, 2)].blank);
}

}  // namespace

}  // namespace headgate
