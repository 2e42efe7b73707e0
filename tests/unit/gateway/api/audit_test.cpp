#include "gateway/api/audit.hpp"

#include <gmock/gmock.h>

#include "core/hash.hpp"

namespace headgate::gateway::api {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

observability::AuditLine asked(std::string_view query, std::string_view body, std::string_view name = {},
                               Trait trait = {})
{
    const Caller caller{"ines", Role::operator_};
    const Route route{"PUT", "xref", Role::operator_, nullptr, trait};
    return intent_of(route, {query, body, caller, name});
}

net::Response answer(int status, std::string body)
{
    net::Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    return response;
}

TEST(AuditLinesTest, SayWhoAskedWhatOfWhatAndWhy)
{
    const auto line =
        asked("", R"({"system":"erp","kind":"item","id":"SKU-1","theirs":"42","why":"new since October"})");

    EXPECT_EQ(line.who, "ines");
    EXPECT_EQ(line.role, "operator");
    EXPECT_EQ(line.what, "PUT xref");
    EXPECT_EQ(line.on, "system=erp kind=item id=SKU-1");
    EXPECT_EQ(line.after, R"({"theirs":"42"})");
    EXPECT_EQ(line.why, "new since October");
    EXPECT_EQ(line.of, 0U);
    EXPECT_EQ(asked("", R"({"target":"SO-17"})", "EVENT.HALF").on, "EVENT.HALF");
    EXPECT_EQ(asked("vocabulary=v&word=a%20b", "").on, "vocabulary=v word=a b");
}

TEST(AuditLinesTest, OfWhatIsNotOnTheListOnlyTheHashIsKept)
{
    const std::string secret = R"({"system":"erp","card":"4111111111111111","body":{"email":"a@b.example"}})";
    const auto line = asked("token=hg_secret", secret);

    for (const auto* text : {"4111", "a@b.example", "hg_secret"}) {
        EXPECT_THAT(line.after, Not(HasSubstr(text)));
        EXPECT_THAT(line.on, Not(HasSubstr(text)));
    }
    EXPECT_THAT(line.after, HasSubstr(to_hex(sha256(secret))));

    const std::string import = "{\"id\":\"maria@example.com\"}\n\n{\"id\":\"2\"}\n";
    EXPECT_EQ(asked("check=true", import).after, R"({"check":"true","lines":2,"bytes":)" +
                                                     std::to_string(import.size()) + R"(,"sha256":")" +
                                                     to_hex(sha256(import)) + R"("})");
    EXPECT_THAT(asked("", R"({"theirs":"one line"})", "", {.lines = true}).after, HasSubstr(R"({"lines":1,)"));
    EXPECT_THAT(asked("", R"({"theirs":{"email":"a@b.example"}})").after, Not(HasSubstr("a@b.example")));
    EXPECT_LT(asked("", R"({"theirs":")" + std::string(5000, 'x') + R"("})").after.size(), 400U);
}

TEST(AuditLinesTest, TheResultHasWhatWasAndWhatIs)
{
    const auto set = result_of(7, answer(200, R"({"system":"erp","theirs":"42","before":null,"woken":3})"));
    EXPECT_EQ(set.of, 7U);
    EXPECT_EQ(set.status, 200);
    EXPECT_EQ(set.before, R"({"value":null})");
    EXPECT_EQ(set.after, R"({"theirs":"42","woken":3})");
    const auto paused = result_of(8, answer(200, R"({"system":"erp","paused":{"who":"a","why":"b"},"already":false})"));
    EXPECT_EQ(paused.before, R"({"paused":false})");
    EXPECT_EQ(paused.after, R"({"paused":true})");
    const auto refused = result_of(9, answer(404, R"({"error":"not_found","detail":"no maria@example.com"})"));
    EXPECT_EQ(refused.after, R"({"error":"not_found"})");
    EXPECT_EQ(result_of(9, answer(200, "[1,2]")).after, "");
}

}  // namespace

}  // namespace headgate::gateway::api
