#include "gateway/approvals.hpp"
#include "tests/unit/gateway/configuration_fixture.hpp"

#include <gmock/gmock.h>

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::sys_seconds midnight = std::chrono::sys_days{std::chrono::year{2026} / 11 / 26};

std::string refund_of(const std::string& amount, const std::string& currency = "EUR")
{
    return R"({"refund_no":"7","stage":"granted","currency":")" + currency + R"(","total":{"amount":")" + amount +
           R"(","currency":")" + currency + R"("}})";
}

/// A delivery, and what the rules of a configuration say of it.
class ApprovalsTest : public ConfigurationTest {
protected:
    /// Without an error of its own: a configuration that is sound.
    std::shared_ptr<const Configuration> rules(const std::string& holds)
    {
        auto loaded = load(one_channel + queues + "holds:\n" + holds);
        EXPECT_EQ(texts(loaded.problems), "");
        return loaded.configuration;
    }
    std::string problems(const std::string& hold, const std::string& more = queues)
    {
        return texts(load(one_channel + more + "holds:\n  - " + hold + "\n").problems);
    }

    static Attempt delivery(const std::string& json, const std::string& system = "ledger",
                            const std::string& channel = "eu")
    {
        Attempt attempt;
        attempt.system = system;
        attempt.delivery.channel = channel;
        attempt.delivery.transaction.type = "refund";
        attempt.delivery.transaction.entity = "order/5";
        attempt.delivery.transaction.id = "refund/7";
        attempt.delivery.transaction.json = json;
        return attempt;
    }
    static std::string rule_of(const std::optional<Standing>& standing)
    {
        return standing ? standing->telling.rule + " " + standing->telling.reason : "goes";
    }

    static constexpr const char* queues = R"(queues:
  finance: { owner: finance@example.com, roles: [approver], sla: 8h, takes: { types: [payout] } }
  default: { owner: operations@example.com }
)";
    static constexpr const char* big = R"(  - id: big
    types: [refund]
    when: .total.currency == "EUR" and .total.amount > 250 or .total.currency != "EUR"
    approve: { role: approver, queue: finance, four_eyes: true, else: reject }
)";
};

TEST_F(ApprovalsTest, WhatARuleWantsIsHeldWithAllThatSomebodyNeedsToDecide)
{
    const auto configuration = rules(big);

    const auto held = held_by_rule(delivery(refund_of("900.00")), *configuration, midnight);

    ASSERT_TRUE(held);
    EXPECT_EQ(held->outcome, retry::Outcome::hold);
    EXPECT_EQ(held->telling.reason, "approval_wanted");
    EXPECT_EQ(held->telling.rule, "big");
    EXPECT_EQ(held->telling.at, midnight + 8h) << "the queue's, where no `within` is given";
    EXPECT_EQ(
        held->telling.what,
        R"(`big` wants it approved: .total.currency == "EUR" and .total.amount > 250 or .total.currency != "EUR")");
    EXPECT_EQ(held->telling.content, content_of(delivery(refund_of("900.00")).delivery.transaction));
}

TEST_F(ApprovalsTest, AmountsAreComparedExactlyAndOtherCurrenciesAskToo)
{
    const auto configuration = rules(big);
    const auto asks = [&](const std::string& amount, const std::string& currency) {
        return held_by_rule(delivery(refund_of(amount, currency)), *configuration, midnight).has_value();
    };

    EXPECT_FALSE(asks("250.00", "EUR"));
    EXPECT_TRUE(asks("250.01", "EUR"));
    EXPECT_TRUE(asks("1000000.00", "EUR"));
    EXPECT_TRUE(asks("1.00", "USD"));
}

TEST_F(ApprovalsTest, WhatCannotBeToldIsHeldAsWell)
{
    const auto configuration = rules(R"(  - { id: odd, types: [refund], when: (.refund_no | number) > 5 }
)");
    auto nonsense = delivery(refund_of("1.00"));
    nonsense.delivery.transaction.json.replace(nonsense.delivery.transaction.json.find("\"7\""), 3, "\"x\"");

    const auto held = held_by_rule(nonsense, *configuration, midnight);

    ASSERT_TRUE(held);
    EXPECT_EQ(held->telling.reason, "rule_unsure");
    EXPECT_THAT(held->telling.what, HasSubstr("whether `odd` wants it approved cannot be told: "));
    EXPECT_EQ(rule_of(held_by_rule(delivery("no JSON"), *configuration, midnight)), "odd rule_unsure");
    EXPECT_EQ(held->telling.at, midnight + 24h) << "`default` has a day";
}

TEST_F(ApprovalsTest, AnApprovalCountsForItsRuleAndContentAlone)
{
    const auto configuration = rules(std::string(big) + R"(  - { id: any, types: ["*"], when: true }
)");
    auto attempt = delivery(refund_of("900.00"));
    EXPECT_EQ(rule_of(held_by_rule(attempt, *configuration, midnight)), "big approval_wanted");
    attempt.placed.emplace();
    attempt.placed->approved["big"] = content_of(attempt.delivery.transaction);
    EXPECT_EQ(rule_of(held_by_rule(attempt, *configuration, midnight)), "any approval_wanted") << "the next one asks";
    attempt.placed->approved["any"] = content_of(attempt.delivery.transaction);
    EXPECT_EQ(rule_of(held_by_rule(attempt, *configuration, midnight)), "goes");

    attempt.delivery.transaction.json = refund_of("900.01");
    EXPECT_EQ(rule_of(held_by_rule(attempt, *configuration, midnight)), "big approval_wanted");
    attempt.delivery.transaction.json = refund_of("900.00");
    attempt.delivery.transaction.entity = "order/6";
    EXPECT_EQ(rule_of(held_by_rule(attempt, *configuration, midnight)), "big approval_wanted");
}

TEST_F(ApprovalsTest, ARuleAsksAboutItsTypesChannelsAndSystemsOnly)
{
    const auto configuration = rules(R"(  - { id: a, types: [payment], when: true }
  - { id: b, types: [refund, payment], systems: [ledger], channels: [eu], when: true }
)");

    EXPECT_EQ(rule_of(held_by_rule(delivery(refund_of("1.00")), *configuration, midnight)), "b approval_wanted");
    EXPECT_EQ(rule_of(held_by_rule(delivery(refund_of("1.00"), "erp"), *configuration, midnight)), "goes");
    EXPECT_EQ(rule_of(held_by_rule(delivery(refund_of("1.00"), "ledger", "us"), *configuration, midnight)), "goes");
}

TEST_F(ApprovalsTest, OfARuleThatIsGoneTheStrictestHolds)
{
    const auto configuration = rules(big);

    EXPECT_EQ(approve_of(*configuration, "big").role, Role::approver);
    EXPECT_EQ(queue_of_rule(*configuration, "big", {}).name, "finance");
    EXPECT_EQ(approve_of(*configuration, "gone").role, Role::admin);
    EXPECT_TRUE(approve_of(*configuration, "gone").four_eyes);
    EXPECT_EQ(approve_of(*configuration, "gone").otherwise, HoldConfig::Approve::Else::escalate);
    EXPECT_EQ(queue_of_rule(*configuration, "gone", {}).name, "default");
}

TEST_F(ApprovalsTest, NothingIsApprovedByNobody)
{
    EXPECT_THAT(problems("{ id: a, types: [refund], when: true, approve: { else: approve } }"),
                AllOf(HasSubstr("approved_by_nobody: `else: approve` would approve what nobody has looked at"),
                      HasSubstr("escalate")));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: true, approve: { else: rejct } }"),
                HasSubstr("did you mean `reject`"));
}

TEST_F(ApprovalsTest, WhatIsNotThereIsRefusedByName)
{
    EXPECT_THAT(problems("{ id: a, types: [refnd], when: true, channels: [us], systems: [erp] }"),
                AllOf(HasSubstr("did you mean `refund`"), HasSubstr("unknown_channel"), HasSubstr("unknown_system")));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: true, approve: { queue: finanze } }"),
                HasSubstr("unknown_queue: there is no queue `finanze` (did you mean `finance`"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: true, approve: { queue: finance } }", ""),
                HasSubstr("unknown_queue"));
    EXPECT_EQ(problems("{ id: a, types: [refund], when: true }", ""), "") << "without queues there is `default`";
    EXPECT_THAT(problems("{ id: a, types: [refund], when: true, approve: { role: aprover } }"),
                HasSubstr("`role` is one of operator | approver | admin"));
    EXPECT_THAT(problems("{ id: A b, types: [refund], when: true }"), HasSubstr("hold_id"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: true }\n  - { id: a, types: [refund], when: true }"),
                HasSubstr("repeated_id"));
    EXPECT_THAT(codes(load(one_channel + "holds: [{ id: a }]\n").problems), ElementsAre("missing_key", "missing_key"));
    EXPECT_THAT(codes(load(one_channel + "holds: []\n").problems), ElementsAre("empty_list"));
}

TEST_F(ApprovalsTest, AConditionIsHeldAgainstWhatItsTypesHave)
{
    EXPECT_THAT(
        problems("{ id: a, types: [refund], when: .total.amonut > 250 }"),
        AllOf(HasSubstr("headgate.yaml:6:37: unknown_field: the canonical type `refund` has no field `amonut` here"),
              HasSubstr("did you mean `amount`")));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: .totals.amount > 250 }"), HasSubstr("did you mean `total`"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: .lines.amount > 250 }"), HasSubstr("path_on_list"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: .total.amount > }"), HasSubstr("syntax"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: (.total.amount | nmber) > 5 }"),
                AllOf(HasSubstr("unknown_function"), HasSubstr("did you mean `number`")));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: $event.id == \"x\" }"), HasSubstr("`$event` is not there"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: $headers.x == \"x\" }"),
                HasSubstr("`$headers` is not there"));
    EXPECT_THAT(problems("{ id: a, types: [refund], when: '(.refund_no | lookup(\"x\")) == \"x\"' }"),
                HasSubstr("unknown_function"));
    EXPECT_EQ(problems("{ id: a, types: [refund], when: '(.lines | any(.qty.value > 10)) and $doc.order != null' }"),
              "");
    EXPECT_EQ(problems("{ id: a, types: [refund, payment], when: .refund_no != null }"), "")
        << "a field of one of its types will do";
    EXPECT_EQ(problems("{ id: a, types: [\"*\"], when: .refund_no != null }"), "");
    EXPECT_THAT(problems("{ id: a, types: [\"*\"], when: .refundno != null }"), HasSubstr("unknown_field"));
}

}  // namespace

}  // namespace headgate::gateway
