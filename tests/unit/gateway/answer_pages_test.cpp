#include "gateway/answer_pages.hpp"

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

TEST(AnswerPagesTest, AParameterIsSetOnceAndAsAUrlWritesIt)
{
    EXPECT_EQ(with_parameter("/a", "after", "2"), "/a?after=2");
    EXPECT_EQ(with_parameter("/a?", "after", "2"), "/a?after=2");
    EXPECT_EQ(with_parameter("/a?limit=5&after=1&x=y", "after", "t+/2= é"),
              "/a?limit=5&after=t%2B%2F2%3D%20%C3%A9&x=y");
    EXPECT_EQ(with_parameter("/a?after=1&after=2", "after", "3"), "/a?after=3");
    EXPECT_EQ(with_parameter("/a?aft%65r=1&b", "after", "3"), "/a?after=3&b") << "however the name is written";
}

TEST(AnswerPagesTest, TheNextLinkIsFoundAmongOthers)
{
    const auto link = [](const std::string& value) {
        net::HttpAnswer answer;
        answer.headers = {{"link", value}};
        return next_link(answer).value_or("none");
    };
    // RFC 8288 §3.5, and what Shopify and GitHub write.
    EXPECT_EQ(link(R"(<https://a.example/x?page=2>; rel="next")"), "https://a.example/x?page=2");
    EXPECT_EQ(link(R"(<https://a.example/1>; rel="previous", <https://a.example/3>; rel="next")"),
              "https://a.example/3");
    EXPECT_EQ(link(R"(</3>; title="a, b"; rel="prev next")"), "/3");
    EXPECT_EQ(link(R"(</3>; rel=next)"), "/3");
    EXPECT_EQ(link(R"(</1>; rel="last")"), "none");
    EXPECT_EQ(link(R"(<no end; rel="next")"), "none");
    EXPECT_EQ(link(""), "none");
}

TEST(AnswerPagesTest, WhereTheNextIsMustBeTheSameHost)
{
    const net::HttpOrigin origin{true, "api.example", 443};
    const auto at = [&](std::string_view url) {
        const auto found = target_at(url, origin, "/v1/orders?page=1");
        return found ? *found : found.error().code;
    };
    EXPECT_EQ(at("https://api.example/v1/orders?page=2"), "/v1/orders?page=2");
    EXPECT_EQ(at("https://API.example:443/v1/orders?page=2"), "/v1/orders?page=2");
    EXPECT_EQ(at("/v1/orders?page=2"), "/v1/orders?page=2");
    EXPECT_EQ(at("?page=2"), "/v1/orders?page=2");
    EXPECT_EQ(at("//evil.example/x"), "next_elsewhere");
    EXPECT_EQ(at("https://evil.example/v1/orders"), "next_elsewhere");
    EXPECT_EQ(at("http://api.example/v1/orders"), "next_elsewhere");
    EXPECT_EQ(at("https://api.example:8443/v1/orders"), "next_elsewhere");
}

}  // namespace

}  // namespace headgate::gateway
