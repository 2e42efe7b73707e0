// What a channel expects of its vendor: that it is heard of, and in which mode.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ExpectationFlow : public ::testing::Test {
protected:
    ExpectationFlow()
    {
        write_file(folder_ / "conf/connectors/stock/connector.yaml", R"(
signature: { shared_secret: { header: X-Token } }
identity: { topic: '"level"', idempotency_key: .id, order_by: .sku }
test: if .livemode == null then null else .livemode == false
topics:
  level: { mappings: [level] }
)");
        write_file(folder_ / "conf/connectors/stock/mappings/level.yaml",
                   "transaction: inventory_level\nentity: stock/{.sku}\nversion: $event.received_at | timestamp\n"
                   "fields:\n  item: { sku: .sku }\n  location: main\n  as_of: $event.received_at | timestamp\n"
                   "  basis: full\n  quantities: { on_hand: .left | quantity(\"EA\") }\n");
    }

    bool start(const std::string& channels)
    {
        write_file(folder_ / "conf/headgate.yaml", "channels:\n" + channels);
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", {{"TOKEN", "t0k3n"}}, "127.0.0.1:0"});
        return headgate_->start();
    }
    int post(const std::string& channel, const std::string& body)
    {
        net::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = static_cast<std::uint16_t>(headgate_->port());
        request.method = "POST";
        request.target = "/hooks/" + channel;
        request.body = body;
        request.fields = {{"X-Token", "t0k3n"}};
        const auto answer = net::exchange(request);
        return answer ? answer->status : 0;
    }
    [[nodiscard]] std::string ready() const { return headgate_->admin("GET", "/readyz").second; }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
    int sent_ = 0;
};

TEST_F(ExpectationFlow, AChannelThatIsSilentForTooLongIsToldAndNoMoreWhenItIsHeardOf)
{
    const std::string channels =
        "  quiet: { connector: stock, secret: env:TOKEN, expect: { every: 2s } }\n"
        "  slow: { connector: stock, secret: env:TOKEN, expect: { every: 7d } }\n";
    ASSERT_TRUE(start(channels)) << headgate_->log();
    ASSERT_TRUE(happens([&] { return ready().contains("silence_quiet"); })) << ready();
    EXPECT_THAT(ready(), HasSubstr("\"ready\":true")) << "a vendor's silence is no reason to take nothing";
    EXPECT_THAT(ready(), Not(HasSubstr("silence_slow")));
    EXPECT_EQ(headgate_->metric("headgate_channel_silent{channel=\"quiet\"}"), 1);
    EXPECT_EQ(headgate_->metric("headgate_channel_silent{channel=\"slow\"}"), 0);
    ASSERT_TRUE(happens([&] {
        EXPECT_EQ(post("quiet", R"({"id":")" + std::to_string(++sent_) + R"(","sku":"A","left":1})"), 200);
        return !ready().contains("silence_quiet");
    }));
    EXPECT_THAT(headgate_->log(), HasSubstr("a channel is silent no more"));
    ASSERT_TRUE(happens([&] { return ready().contains("silence_quiet"); })) << "and silent again";
}

TEST_F(ExpectationFlow, EventsOfTheOtherModeAreLeftOutAndSaidToBe)
{
    ASSERT_TRUE(
        start("  shop: { connector: stock, secret: env:TOKEN }\n"
              "  trial: { connector: stock, secret: env:TOKEN, takes: test }\n"
              "  both: { connector: stock, secret: env:TOKEN, takes: any }\n"))
        << headgate_->log();
    for (const auto* channel : {"shop", "trial", "both"})
        for (const auto& [name, mode] :
             {std::pair{"live", R"(,"livemode":true)"}, {"test", R"(,"livemode":false)"}, {"none", ""}})
            EXPECT_EQ(post(channel, R"({"id":")" + std::string(name) + R"(","sku":")" + channel + "-" + name +
                                        R"(","left":1)" + mode + "}"),
                      200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_THAT(
        ledger_texts((folder_ / "data/ledger.db").string(), "select item_sku from inventory_level order by 1"),
        ElementsAre("both-live", "both-none", "both-test", "shop-live", "shop-none", "trial-none", "trial-test"));
    const auto suppressed = headgate_->admin("GET", "/api/v1/events?state=suppressed").second;
    EXPECT_THAT(suppressed, HasSubstr("\"test_event\""));
    EXPECT_THAT(suppressed, HasSubstr("\"live_event\""));
}

}  // namespace

}  // namespace headgate::test
