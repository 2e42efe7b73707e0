#include <gmock/gmock.h>

#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Letters of orders that come again: each telling of an order is all of it.
class SupersedingFlow : public OperatingFlow {
protected:
    std::string refused(std::uint64_t id, std::uint32_t version)
    {
        erp_.next({ErpFault::refuse});
        const auto event = order("shop", id, version);
        EXPECT_TRUE(wait_for("/api/v1/dlq", event)) << headgate_->log();
        return event;
    }
    std::string taken(std::uint64_t id, std::uint32_t version)
    {
        const auto event = order("shop", id, version);
        EXPECT_TRUE(wait_until_applied(event)) << headgate_->log();
        return event;
    }
    bool is_superseded(const std::string& event)
    {
        return wait_for("/api/v1/events/" + event, R"("reason":"superseded")") && state(event) == "suppressed";
    }
    std::size_t letters()
    {
        const auto found = headgate_->admin_json("/api/v1/dlq");
        return found.at("letters").as_array().size();
    }
    void expect_nothing_is_wrong()
    {
        ASSERT_TRUE(headgate_->wait_until_quiet(120s)) << headgate_->log();
        const auto told = headgate_->admin_json("/api/v1/verify");
        EXPECT_EQ(told.at("findings").as_array().size(), 0U) << boost::json::serialize(told);
        EXPECT_EQ(told.at("unaccounted").as_int64(), 0);
    }
};

TEST_F(SupersedingFlow, ALaterTellingOfAnOrderEndsTheLetterOfAnOlderOne)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto first = refused(1, 1);
    const auto another = refused(2, 1);

    taken(1, 2);

    ASSERT_TRUE(is_superseded(first)) << headgate_->log();
    EXPECT_TRUE(wait_for("/api/v1/dlq?limit=10", another));
    EXPECT_TRUE(headgate_->wait_until_told("/api/v1/dlq", first, 120s, false));
    EXPECT_EQ(letters(), 1U) << "the other order's stays";
    EXPECT_EQ(totals(1).size(), 2U) << "nothing was sent for the older one again";
    EXPECT_EQ(headgate_->metric("headgate_dead_letters_superseded_total"), 1);
    expect_nothing_is_wrong();
}

TEST_F(SupersedingFlow, SeveralOlderLettersEndTogether)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto first = refused(1, 1);
    const auto second = refused(1, 2);

    taken(1, 3);

    EXPECT_TRUE(is_superseded(first)) << headgate_->log();
    EXPECT_TRUE(is_superseded(second)) << headgate_->log();
    expect_nothing_is_wrong();
}

TEST_F(SupersedingFlow, TheLetterOfANewerTellingStays)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto newer = refused(1, 2);
    const auto lost = refused(2, 1);

    taken(1, 1);
    taken(2, 2);

    ASSERT_TRUE(is_superseded(lost)) << headgate_->log();
    expect_nothing_is_wrong();
    EXPECT_EQ(state(newer), "dead");
    ASSERT_EQ(headgate({"dlq", "replay", newer}).code, 0);
    EXPECT_TRUE(wait_until_applied(newer)) << headgate_->log();
}

TEST_F(SupersedingFlow, NobodyKnowsWhatAnEventThatCouldNotBeMappedWouldHaveMade)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    auto body = order_body(1, 1);
    body.replace(body.find(R"("paid")"), 6, R"("settled")");
    const auto unmapped = send("shop", {"orders/updated", "1-1", body, {}});
    ASSERT_TRUE(wait_for("/api/v1/dlq", unmapped)) << headgate_->log();
    const auto lost = refused(2, 1);

    taken(1, 2);
    taken(2, 2);

    ASSERT_TRUE(is_superseded(lost)) << headgate_->log();
    expect_nothing_is_wrong();
    EXPECT_EQ(state(unmapped), "dead");
}

TEST_F(SupersedingFlow, AProcessThatDiesBeforeItHasAskedAsksAgain)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto first = refused(1, 1);
    ASSERT_TRUE(headgate_->wait_until_quiet(120s));
    ASSERT_TRUE(headgate_->terminate());
    headgate_->environment("HEADGATE_FAULT", "after_history:1");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    order("shop", 1, 2);
    ASSERT_TRUE(headgate_->wait_until_ended(120s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    EXPECT_TRUE(is_superseded(first)) << headgate_->log();
    EXPECT_THAT(totals(1), ElementsAre("19.99", "39.98"));
    expect_nothing_is_wrong();
}

}  // namespace

}  // namespace headgate::test
