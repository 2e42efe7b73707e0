#include <gmock/gmock.h>

#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class Masking : public FlowTest {
protected:
    /// An order of somebody.
    std::string body_of_maria()
    {
        auto body = order_body(77, 1);
        body.insert(1,
                    R"("email":"maria@example.com","shipping_address":{"city":"Nether Wallop","country_code":"DE"},)");
        return body;
    }

    CommandResult run(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments);
    }
};

TEST_F(Masking, ABodyIsMaskedUntilAnOperatorSaysWhyItIsToBeSeen)
{
    const auto body = body_of_maria();
    const auto event = event_of(send("shop", {"orders/create", "evt-1", body, {}}).body);
    const auto raw = "/api/v1/events/" + event + "/raw";
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    const auto [status, masked] = headgate_.admin("GET", raw);
    EXPECT_EQ(status, 200);
    EXPECT_THAT(masked, Not(HasSubstr("maria")));
    EXPECT_THAT(masked, Not(HasSubstr("Wallop")));
    EXPECT_THAT(masked, HasSubstr(R"("name":"#77")"));
    EXPECT_THAT(masked, HasSubstr(R"("country_code":"DE")"));
    EXPECT_EQ(headgate_.admin_json("/api/v1/audit").at("audit").as_array().size(), 0U);

    for (const auto* query : {"?reveal=true", "?reveal=true&why=", "?reveal=true&why=%20"}) {
        const auto refused = headgate_.admin("GET", raw + query);
        EXPECT_EQ(refused.first, 400);
        EXPECT_THAT(refused.second, HasSubstr("why_missing"));
    }
    EXPECT_EQ(headgate_.admin("GET", raw + "?reveal=yes&why=x").first, 400);
    EXPECT_EQ(headgate_.admin("GET", raw + "?why=x").first, 400) << "a reason for nothing";
    EXPECT_EQ(headgate_.admin("GET", raw + "?reveal=false").second, masked);
    EXPECT_EQ(headgate_.admin_json("/api/v1/audit").at("audit").as_array().size(), 0U) << "nothing was revealed";

    EXPECT_EQ(headgate_.admin("GET", raw + "?reveal=true&why=customer%20asks").second, body);

    const auto audit = headgate_.admin_json("/api/v1/audit").at("audit").as_array();
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].at("what").as_string(), "GET events/ID/raw");
    EXPECT_EQ(audit[0].at("on").as_string(), event);
    EXPECT_EQ(audit[0].at("why").as_string(), "customer asks");
    EXPECT_EQ(boost::json::serialize(audit[0].at("asked")), R"({"reveal":true})");
    EXPECT_THAT(boost::json::serialize(audit[0]), Not(HasSubstr("maria")));
}

TEST_F(Masking, TheCommandLineDoesTheSame)
{
    const auto body = body_of_maria().substr(0, 300);  // no JSON: a letter
    const auto event =
        event_of(send("shop", {"orders/create", "evt-1", body, {{"X-Shopify-Customer-Email", "m@x.example"}}}).body);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    const auto masked = run({"events", "raw", event});
    EXPECT_EQ(masked.code, 0) << masked.err;
    EXPECT_THAT(masked.out, Not(HasSubstr("maria")));
    EXPECT_THAT(masked.out, HasSubstr("•••"));
    EXPECT_EQ(run({"events", "raw", event, "--reveal", "--why", "it is broken"}).out, body);
    const auto no_reason = run({"events", "raw", event, "--reveal"});
    EXPECT_EQ(no_reason.code, 1);
    EXPECT_THAT(no_reason.err, HasSubstr("why_missing"));

    for (const auto* list : {"events", "dlq"}) {
        EXPECT_THAT(run({list, "show", event}).out, Not(HasSubstr("m@x.example"))) << list;
        EXPECT_THAT(run({list, "show", event, "--reveal", "--why", "who is it"}).out, HasSubstr("m@x.example")) << list;
    }
    EXPECT_EQ(headgate_.admin_json("/api/v1/audit").at("audit").as_array().size(), 3U);
}

}  // namespace

}  // namespace headgate::test
