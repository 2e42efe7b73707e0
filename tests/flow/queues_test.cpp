#include <fstream>

#include "core/time.hpp"
#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// Letters of a deployment whose queues have owners.
TEST(Queues, ALetterIsInTheQueueThatTakesItAndDueWhenTheQueueSays)
{
    const TemporaryFolder folder;
    fs::create_directories(folder / "config");
    std::ofstream(folder / "config/headgate.yaml") << R"(name: queues
channels: { shop: { connector: shopify, secret: generated } }
queues:
  product-data: { owner: pim@example.com, sla: 8h, takes: { codes: [unmapped] } }
  default: { owner: operations@example.com, sla: 2d }
)";
    HeadgateProcess headgate(HeadgateProcess::Options{folder / "config", folder / "data", {}, "127.0.0.1:0"});
    ASSERT_TRUE(headgate.start()) << headgate.log();
    Sender sender("/hooks/shop", headgate.secret("shop"));
    auto odd = order_body(1, 1);
    odd.replace(odd.find(R"("paid")"), 6, R"("settled")");

    const auto unmapped = event_of(sender.post(headgate.port(), {"orders/create", "evt-1", odd, {}}).body);
    const auto broken = event_of(sender.post(headgate.port(), {"orders/create", "evt-2", "{", {}}).body);

    ASSERT_TRUE(headgate.wait_until_quiet(120s)) << headgate.log();
    const auto letter = [&](const std::string& id) { return headgate.admin_json("/api/v1/dlq/" + id).as_object(); };
    EXPECT_EQ(letter(unmapped).at("queue").as_string(), "product-data");
    EXPECT_EQ(letter(unmapped).at("owner").as_string(), "pim@example.com");
    EXPECT_EQ(letter(unmapped).at("cause").as_string(), "map/unmapped/payment_state/shop");
    EXPECT_EQ(letter(broken).at("queue").as_string(), "default");
    EXPECT_EQ(letter(broken).at("owner").as_string(), "operations@example.com");
    EXPECT_EQ(letter(broken).at("cause").as_string(), "decode/json_truncated//shop");
    const auto after = [&](const std::string& id) {
        const auto told = letter(id);
        const auto instant = [&](const char* name) {
            return std::chrono::seconds(parse_timestamp(std::string(told.at(name).as_string()))->seconds);
        };
        return std::chrono::round<std::chrono::minutes>(instant("due") - instant("at"));
    };
    EXPECT_EQ(after(unmapped), 8h);
    EXPECT_EQ(after(broken), 48h);
}

}  // namespace

}  // namespace headgate::test
