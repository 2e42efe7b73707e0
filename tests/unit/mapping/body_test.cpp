#include "mapping/body.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

constexpr std::array<std::string_view, 2> at_call_body{"call", "body"};

std::expected<Body, Problems> body_in(const std::string& yaml, BodyFormat format = BodyFormat::json)
{
    return Body::load({"file.yaml", yaml}, at_call_body, format);
}

std::string made_of(const std::string& yaml, std::string_view about, BodyFormat format = BodyFormat::json)
{
    const auto body = body_in(yaml, format);
    if (!body)
        return text_of(body.error().front());
    const Document document = read_document(about);
    const auto text = body->text({.document = document});
    return text ? *text : text.error().code + " " + text.error().where.config;
}

TEST(BodyTest, IsAnyValueOfTheLanguageWhereItStands)
{
    EXPECT_EQ(made_of("other: 1\ncall:\n  path: /x\n  body: { a: .x, b: \"no {.y}\", c: [1, .z] }\n",
                      R"({"x":"v","y":7,"z":[]})"),
              R"({"a":"v","b":"no 7","c":[1,[]]})");
    EXPECT_EQ(made_of("call: { body: .x }\n", R"({"x":[1,2]})"), "[1,2]");
    EXPECT_EQ(made_of("call: { body: { a: .x, b: 1 } }\n", "{}"), R"({"b":1})") << "what is null is left out";
}

TEST(BodyTest, AFormHasItsListsNumbered)
{
    EXPECT_EQ(made_of("call: { body: { u: .x, e: .y } }\n", R"({"x":"https://a/?b","y":["p","q"]})", BodyFormat::form),
              "u=https%3A%2F%2Fa%2F%3Fb&e%5B0%5D=p&e%5B1%5D=q");
    EXPECT_EQ(body_in("call: { body: {} }\n", BodyFormat::form)->content_type(), "application/x-www-form-urlencoded");
}

TEST(BodyTest, WhatIsWrongIsSaidWithItsPlace)
{
    EXPECT_EQ(made_of("call:\n  body:\n    a: = .x | nope\n", "{}").substr(0, 34),
              "file.yaml:3:15: unknown_function: ");
    EXPECT_EQ(made_of("call:\n  path: /x\n", "{}").substr(0, 28), "file.yaml:2:3: missing_key: ");
    EXPECT_EQ(made_of("call:\n  body: { a: '= lookup(.x, \"t\")' }\n", "{}").substr(0, 33),
              "file.yaml:2:9: unknown_function: ");
    EXPECT_EQ(made_of("call:\n  body:\n    a: .x.y\n", R"({"x":[1]})"), "path_on_list file.yaml:3:8");
}

}  // namespace
}  // namespace headgate::mapping::test
