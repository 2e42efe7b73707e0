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
