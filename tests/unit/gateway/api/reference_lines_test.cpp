#include "gateway/api/reference_lines.hpp"

#include <gmock/gmock.h>

namespace headgate::gateway::api {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const auto any = [](const GivenReference&) { return Result<void>{}; };

TEST(ReferenceLinesTest, AreObjectsWithOrWithoutASource)
{
    const auto lines = reference_lines(
        "{\"system\":\"erp\",\"kind\":\"item\",\"id\":\"A,\\\"1\\\"\\n\",\"theirs\":\"7\"}\r\n\n"
        "{\"theirs\":\"8\",\"source\":\"shop\",\"system\":\"erp\",\"kind\":\"item\",\"id\":\"é\"}",
        any);

    ASSERT_TRUE(lines);
    EXPECT_THAT(*lines, ElementsAre(GivenReference{"erp", "item", "A,\"1\"\n", "", "7"},
                                    GivenReference{"erp", "item", "é", "shop", "8"}));
}

TEST(ReferenceLinesTest, NameTheFirstBadLine)
{
    const std::string good = "{\"system\":\"erp\",\"kind\":\"item\",\"id\":\"1\",\"theirs\":\"7\"}\n";
    const auto bad = [&](const std::string& line) {
        const auto lines = reference_lines(good + "\n" + line + "\n" + good, any);
        return lines ? "fine" : std::to_string(lines.error().line) + " " + lines.error().failure.detail;
    };

    EXPECT_THAT(bad("[1]"), HasSubstr("3 this is no JSON object; it may have system, kind, id, source, theirs"));
    EXPECT_THAT(bad(R"({"system":"erp","kind":"item","id":"1","theirs":7})"), HasSubstr("`theirs` is no text"));
    EXPECT_THAT(bad(R"({"system":"erp","kind":"item","id":"1","theirs":""})"), HasSubstr("`theirs` is empty"));
    EXPECT_THAT(bad(R"({"system":"erp","kind":"item","theirs":"7"})"), HasSubstr("`id` is empty or missing"));
    EXPECT_THAT(bad(R"({"system":"erp","kind":"item","id":"1","their":"7"})"), HasSubstr("`their` is no member here"));
    EXPECT_THAT(bad(R"({"system":"erp","kind":"item","id":"a\u0000b","theirs":"7"})"), HasSubstr("`id` has a NUL"));
    EXPECT_THAT(bad("{\"system\":\"erp\",\"kind\":\"" + std::string(101, 'k') + R"(","id":"1","theirs":"7"})"),
                HasSubstr("`kind` is longer than 100 bytes"));
    EXPECT_EQ(bad(R"({"system":"erp","kind":"item","id":"1","theirs":"7"})"), "fine");
}

TEST(ReferenceLinesTest, AreRefusedByWhoeverLooksAtThemToo)
{
    const auto refused = reference_lines(R"({"system":"erp","kind":"item","id":"1","theirs":"7"})",
                                         [](const GivenReference&) -> Result<void> {
                                             return fail(FailureClass::permanent, "unknown_system", "no such system");
                                         });

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().line, 1U);
    EXPECT_EQ(refused.error().failure.code, "unknown_system");
}

TEST(ReferenceLinesTest, AreSoManyAtMost)
{
    const std::string line = "{\"system\":\"e\",\"kind\":\"k\",\"id\":\"1\",\"theirs\":\"7\"}\n";
    std::string text;
    for (std::size_t i = 0; i < most_lines; ++i)
        text += line;

    ASSERT_TRUE(reference_lines(text + "\n\n", any));
    const auto more = reference_lines(text + line, any);

    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().failure.code, "too_many_lines");
    EXPECT_EQ(more.error().line, most_lines + 1);
}

TEST(ReferenceLinesTest, AnIdOfASourceIsStoredAsThatSourcesAndReadBack)
{
    const GivenReference of_shop{"erp", "sales_order", "order/1", "shop", "7"};
    const GivenReference of_all{"erp", "item", "SKU-1", "", "8"};

    EXPECT_EQ(stored_reference(of_shop).id, std::string("shop\0order/1", 12));
    EXPECT_EQ(stored_reference(of_all).id, "SKU-1");
    EXPECT_EQ(given_reference(stored_reference(of_shop)), of_shop);
    EXPECT_EQ(given_reference(stored_reference(of_all)), of_all);
}

}  // namespace

}  // namespace headgate::gateway::api
