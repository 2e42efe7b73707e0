#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

class VocabulariesFlow : public FlowTest {
protected:
    static std::string with(std::string body, std::string_view from, std::string_view to)
    {
        return body.replace(body.find(from), from.size(), to);
    }
};

TEST_F(VocabulariesFlow, WordsWithoutAnEntryAreCountedAndListed)
{
    const auto app = with(order_body(1, 1), R"("source_name":"web")", R"("source_name":"an-app")");
    const auto state = with(order_body(2, 1), R"("financial_status":"paid")", R"("financial_status":"odd")");

    ASSERT_EQ(send("shop", {"orders/create", "evt-1", app, {}}).status, 200);
    ASSERT_EQ(send("shop", {"orders/create", "evt-2", state, {}}).status, 200);

    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(count("applied"), 1);  // the mapping names a default for one of them
    EXPECT_EQ(count("dead"), 1);
    EXPECT_EQ(metric(R"(headgate_unmapped_total{vocabulary="order_class.shopify"})"), "1");
    EXPECT_EQ(metric(R"(headgate_unmapped_total{vocabulary="payment_state.shopify"})"), "1");
    EXPECT_EQ(metric(R"(headgate_unmapped_total{vocabulary="payment_state.shopify"})"), "1");
    const auto listed = headgate_.admin_json("/api/v1/unmapped");
    const auto& tables = listed.at("vocabularies").as_array();
    ASSERT_EQ(tables.size(), 2U);
    EXPECT_EQ(tables[0].at("vocabulary").as_string(), "order_class.shopify");
    EXPECT_EQ(tables[0].at("words").as_array().at(0).at("word").as_string(), "an-app");
    EXPECT_EQ(tables[1].at("words").as_array().at(0).at("count").to_number<int>(), 1);
    EXPECT_EQ(headgate_.admin("GET", "/api/v1/unmapped?none=1").first, 400);

    const auto applied = headgate_.admin_json("/api/v1/events?state=applied").at("events").as_array();
    ASSERT_EQ(applied.size(), 1U);
    const auto id = std::string(applied[0].at("event").as_string());
    const auto warnings = headgate_.admin_json("/api/v1/events/" + id).at("timeline").at(0).at("warnings").as_array();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings[0].at("code").as_string(), "default_taken");
    EXPECT_EQ(warnings[0].at("field").as_string(), "order_class");
    EXPECT_EQ(warnings[0].at("vocabulary").as_string(), "order_class.shopify");
    EXPECT_NE(warnings[0].at("config").as_string().find("sales_order.yaml:"), std::string::npos);
}

}  // namespace

}  // namespace headgate::test
