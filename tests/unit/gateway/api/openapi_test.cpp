#include "gateway/api/openapi.hpp"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include "gateway/api/shapes.hpp"

namespace headgate::gateway::api {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string schema(const std::string& shape)
{
    Shapes shapes;
    shapes.add("Name", YAML::Load("first: text\nlast?: text"));
    return json::serialize(shapes.schema(YAML::Load(shape)));
}

TEST(OpenApiTest, EveryRouteIsDescribedAndNothingElse)
{
    EXPECT_THAT(undescribed(routes()), ElementsAre());
}

TEST(OpenApiTest, ARouteWithoutADescriptionIsTold)
{
    std::vector<Route> more(routes().begin(), routes().end());
    more.push_back({"POST", "dlq/ID/burn", Role::operator_, &show_openapi});

    EXPECT_THAT(undescribed(more), ElementsAre(HasSubstr("POST dlq/ID/burn: gateway/api/described/")));
}

TEST(OpenApiTest, ADescriptionWithoutARouteIsTold)
{
    std::vector<Route> fewer(routes().begin(), routes().end());
    std::erase_if(fewer, [](const Route& route) { return route.path == "verify"; });

    EXPECT_THAT(undescribed(fewer), ElementsAre(HasSubstr("GET verify: it is described")));
}

TEST(OpenApiTest, TheDocumentHasPathsParametersAndRefusalsOfTheTableAndTheDescriptions)
{
    const auto document = json::parse(openapi_document());

    EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
    const auto& discard = document.at("paths").at("/dlq/{ID}/discard").at("post");
    EXPECT_EQ(discard.at("parameters").at(0).at("in").as_string(), "path");
    EXPECT_EQ(discard.at_pointer("/requestBody/content/application~1json/schema/required"), json::array{"why"});
    EXPECT_THAT(json::serialize(discard.at("responses").at("403")), HasSubstr("machine_refused"));
    EXPECT_THAT(json::serialize(discard.at("responses").at("409")), HasSubstr("letter_changed"));
    EXPECT_THAT(json::serialize(document.at("paths").at("/events/{ID}/raw").at("get").at("parameters")),
                HasSubstr("reveal"));
}

TEST(OpenApiTest, AShapeIsShortForASchema)
{
    EXPECT_EQ(schema("count"), R"({"type":"integer","minimum":0})");
    EXPECT_EQ(schema("text or null, a word, or none"), R"({"type":["string","null"],"description":"a word, or none"})");
    EXPECT_EQ(schema("one | other"), R"({"type":"string","enum":["one","other"]})");
    EXPECT_EQ(schema("[Name]"), R"({"type":"array","items":{"$ref":"#/components/schemas/Name"}})");
    EXPECT_EQ(schema("Name or null"), R"({"anyOf":[{"$ref":"#/components/schemas/Name"},{"type":"null"}]})");
    EXPECT_EQ(schema("{ NAME: flag }"), R"({"type":"object","additionalProperties":{"type":"boolean"}})");
    EXPECT_EQ(schema("{ like: Name, last: count }"),
              R"({"type":"object","properties":{"first":{"type":"string"},"last":{"type":"integer","minimum":0}},)"
              R"("required":["first","last"]})");
}

TEST(OpenApiTest, WhatIsNoShapeIsRefused)
{
    EXPECT_THROW(schema("Nmae"), std::logic_error);
    EXPECT_THROW(schema("string"), std::logic_error);
    EXPECT_THROW(schema("[text, text]"), std::logic_error);
    EXPECT_THROW(schema("{ like: Nobody }"), std::logic_error);
}

}  // namespace

}  // namespace headgate::gateway::api
