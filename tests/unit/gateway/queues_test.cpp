#include "gateway/letter.hpp"
#include "tests/unit/gateway/configuration_fixture.hpp"

#include <gmock/gmock.h>

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QueuesTest : public ConfigurationTest {
protected:
    std::string queue(const LoadedConfiguration& loaded, const WaitsFor& what)
    {
        return queue_of(loaded.configuration->deployment.queues, what).name;
    }
};

TEST_F(QueuesTest, TheFirstThatTakesItHasIt)
{
    const auto loaded = load(one_channel + R"(queues:
  zz-first: { owner: a@example.com, takes: { types: [refund], codes: [unmapped] } }
  money: { owner: b@example.com, takes: { types: [refund, dispute] } }
  codes: { owner: c@example.com, takes: { codes: [unmapped] } }
  default: { owner: d@example.com }
  shop: { owner: e@example.com, takes: { channels: [eu] } }
)");
    ASSERT_EQ(texts(loaded.problems), "");

    EXPECT_EQ(queue(loaded, {.code = "unmapped", .channel = "x", .type = "refund", .system = "ledger"}), "zz-first");
    EXPECT_EQ(queue(loaded, {.code = "http_422", .channel = "x", .type = "refund", .system = "ledger"}), "money");
    EXPECT_EQ(queue(loaded, {.code = "unmapped", .channel = "eu"}), "codes");
    EXPECT_EQ(queue(loaded, {.code = "json_empty", .channel = "eu"}), "shop");
    EXPECT_EQ(queue(loaded, {.code = "json_empty", .channel = "us"}), "default");
}

TEST_F(QueuesTest, WithoutAnyAllIsInOneThatNobodyOwns)
{
    const auto loaded = load(one_channel);
    const auto& queues = loaded.configuration->deployment.queues;
    EXPECT_EQ(queue_of(queues, {.code = "json_empty"}).name, "default");
    EXPECT_EQ(queue_of(queues, {.code = "json_empty"}).owner, "");
    EXPECT_EQ(queue_of(queues, {.code = "json_empty"}).sla, config::Duration(24h));
}

TEST_F(QueuesTest, LettersAreSearchedByFieldsThatATypeHas)
{
    const auto searched = [&](const std::string& yaml) { return load(one_channel + "search: " + yaml + "\n"); };
    const auto fine = searched("{ sales_order: { fields: [customer.email, lines.item.sku, totals.grand_total] } }");
    EXPECT_EQ(texts(fine.problems), "");
    EXPECT_EQ(fine.configuration->searched.at("sales_order").size(), 3U);
    EXPECT_THAT(codes(searched("{ sale: { fields: [customer.email] } }").problems), ElementsAre("unknown_type"));
    const auto unknown = searched("{ sales_order: { fields: [customer, customer.mail, lines.sku, order_number.x] } }");
    EXPECT_THAT(codes(unknown.problems), ElementsAre("unknown_search_field", "unknown_search_field",
                                                     "unknown_search_field", "unknown_search_field"));
    EXPECT_THAT(texts(unknown.problems), HasSubstr("has no field `customer.mail`"));
    EXPECT_THAT(codes(searched("{ sales_order: { fields: [a, b, c, d, e, f, g, h, i] } }").problems),
                ::testing::Contains("too_many_fields"));
    EXPECT_THAT(codes(searched("{ sales_order: { fields: [] } }").problems), ElementsAre("empty_list"));
    EXPECT_THAT(codes(searched("{ sales_order: {} }").problems), ElementsAre("missing_key"));
}

TEST_F(QueuesTest, WhatNobodyOwnsOrNothingReachesIsRefused)
{
    EXPECT_THAT(codes(load(one_channel + "queues: { money: { owner: a } }\n").problems),
                ElementsAre("no_default_queue"));
    EXPECT_THAT(texts(load(one_channel + "queues: { default: { sla: 1h } }\n").problems), HasSubstr("`owner`"));
    EXPECT_THAT(codes(load(one_channel + "queues: { default: { owner: \"\" } }\n").problems),
                ElementsAre("missing_key"));
    EXPECT_THAT(codes(load(one_channel + "queues: { default: { owner: a, takes: { codes: [x] } } }\n").problems),
                ElementsAre("unused_key"));
    EXPECT_THAT(codes(load(one_channel + "queues: {}\n").problems), ElementsAre("empty_list"));
    EXPECT_THAT(texts(load(one_channel + R"(queues:
  money: { owner: a, roles: [aprover], takes: { types: [refnd], channels: [us], systems: [erp] } }
  Odd Name: { owner: a }
  default: { owner: a }
)")
                          .problems),
                ::testing::AllOf(HasSubstr("3:29: unknown_role: there is no role `aprover` (did you mean `approver`"),
                                 HasSubstr("unknown_type: there is no canonical type `refnd` (did you mean `refund`"),
                                 HasSubstr("unknown_channel: there is no channel `us`"),
                                 HasSubstr("unknown_system: there is no system `erp`"), HasSubstr("queue_name")));
}

TEST_F(QueuesTest, ALetterIsDueByTheQueueItIsIn)
{
    const auto loaded = load(one_channel + R"(queues:
  quick: { owner: a@example.com, sla: 8h, takes: { codes: [http_422] } }
  default: { owner: d@example.com }
)");
    const std::chrono::sys_seconds now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 26};
    const Failure failure{FailureClass::permanent, "http_422", "the system refused it", {}};

    const auto letter =
        letter_of("deliver", failure, {.code = "http_422", .channel = "eu", .type = "refund", .system = "erp"},
                  *loaded.configuration, now);

    EXPECT_EQ(letter.queue, "quick");
    EXPECT_EQ(letter.due, now + 8h);
    EXPECT_EQ(letter.cause, "deliver/http_422//erp");
    EXPECT_EQ(letter.excerpt, "the system refused it");
}

TEST_F(QueuesTest, WhatFailsAtOneFieldOfSeveralItemsHasOneCause)
{
    Failure failure{FailureClass::permanent, "missing_required", "", {}};
    const WaitsFor what{.code = "missing_required", .channel = "eu"};
    failure.where.field = "lines[3].discounts[12].amount";
    EXPECT_EQ(cause_of("map", failure, what), "map/missing_required/lines.discounts.amount/eu");
    failure.where.field = "";
    EXPECT_EQ(cause_of("map", failure, what), "map/missing_required//eu");
}

}  // namespace

}  // namespace headgate::gateway
