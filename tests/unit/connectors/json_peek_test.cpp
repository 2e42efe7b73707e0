#include "connectors/formats/json_peek.hpp"

#include <gtest/gtest.h>

namespace headgate::connectors {

namespace {

const std::vector<std::vector<std::string>> id_or_inner{{"id"}, {"order", "id"}};

TEST(JsonPeekTest, TheFirstPathThatLeadsToAScalarIsRead)
{
    EXPECT_EQ(peek_json(R"({"a": {"id": 1}, "id": 450789469})", id_or_inner), "450789469");
    EXPECT_EQ(peek_json(R"({"order": {"x": 1, "id": "#7"}})", id_or_inner), "#7");
    EXPECT_EQ(peek_json(R"({"id": "  ", "order": {"id": true}})", id_or_inner), "true");
    EXPECT_EQ(peek_json(R"({"id": null, "order": {"id": 18446744073709551617}})", id_or_inner), "18446744073709551617");
}

TEST(JsonPeekTest, WhatIsNoScalarOrNotThereIsNothing)
{
    for (const auto* text : {R"({"id": {}})", R"({"id": [1]})", R"({"order": 5})", "[]", "5", R"("id")", "null"})
        EXPECT_EQ(peek_json(text, id_or_inner), std::nullopt) << text;
}

TEST(JsonPeekTest, BrokenTextsOfEveryKindAreSurvived)
{
    const std::string whole = R"({"name": "x", "lines": [{"id": 1}, {"id": 2}], "order": {"id": "7\u00e9"}})";
    for (std::size_t size = 0; size < whole.size(); ++size)
        (void)peek_json(whole.substr(0, size), id_or_inner);
    for (const std::string& text :
         {std::string("{"), std::string(R"({"a":1)"), std::string(R"({"a":1])"), std::string("{}x"),
          std::string("{}\0", 3), std::string("{\0", 2), std::string("{}{}"), std::string("{}}"), std::string("[]x"),
          std::string("\xff"), std::string(), whole + std::string(1, '\0'), std::string(1000, '['),
          std::string(R"({"id": 1e)"), std::string(R"({"id": "\ud800"})")})
        (void)peek_json(text, id_or_inner);
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char letter : {'\0', '"', '{', '}', '[', ':', ',', '\\'}) {
            std::string text = whole;
            text[at] = letter;
            (void)peek_json(text, id_or_inner);
        }
}

}  // namespace

}  // namespace headgate::connectors
