#include <gmock/gmock.h>

#include "slow_path.hpp"

namespace headgate::test {

using retry::Decided;
using retry::DeliveryState;
using retry::Ended;
using retry::Outcome;
using ::testing::ElementsAre;
using Verdict = retry::Decision::Verdict;

namespace {

Digest content(char letter)
{
    Digest content{};
    content.fill(static_cast<std::uint8_t>(letter));
    return content;
}

retry::NewDelivery held(const std::string& rule = "big", char what = 'c', const std::string& entity = "order/1",
                        std::int64_t deadline = 1'000, std::uint64_t slot = 0)
{
    auto delivery = delivery_as(DeliveryState::hold, entity, slot);
    delivery.telling.rule = rule;
    delivery.telling.content = content(what);
    delivery.telling.reason = "approval_wanted";
    delivery.telling.at = at_ms(deadline);
    return delivery;
}

}  // namespace

/// Deliveries that a rule holds.
class ApprovalsTest : public VerifiedSlowPathTest {
protected:
    Decided say(retry::DeliveryId id, Verdict verdict, const std::string& who, bool apart = false,
                const std::string& rule = "big", char what = 'c', std::uint32_t attempts = 0)
    {
        retry::Decision decision{id, DeliveryState::hold, attempts, verdict, "by_hand", "frame"};
        decision.who = who;
        decision.asked = retry::Decision::Asked{rule, content(what), apart, "{\"who\":\"" + who + "\"}"};
        return loop_.await(decisions_->decide(std::move(decision))).value();
    }
    retry::WaitingDelivery only(DeliveryState state) { return waiting(state).at(0); }
    std::vector<std::string> touched_by(std::uint64_t event)
    {
        return loop_.await(retry::put_back_by(*redis_, event_of(event))).value();
    }
    std::uint64_t escalated() { return loop_.await(retry::escalated_count(*redis_)).value(); }
    retry::OverdueDeliveries overdue(std::int64_t now, std::size_t count = 128, std::size_t behind = 0)
    {
        return loop_
            .await(retry::overdue_deliveries(*redis_, scripts_, 0, at_ms(now), count, DeliveryState::hold, behind))
            .value();
    }
    static std::vector<retry::DeliveryId> ids(const retry::OverdueDeliveries& overdue)
    {
        std::vector<retry::DeliveryId> ids;
        for (const auto& delivery : overdue.deliveries)
            ids.push_back(delivery.id);
        return ids;
    }
};

TEST_F(ApprovalsTest, WhatIsHeldKnowsItsRuleAndTheContentThatWasAskedAbout)
{
    placed(1, {held()});

    const auto seen = only(DeliveryState::hold);

    EXPECT_EQ(seen.rule, "big");
    EXPECT_EQ(seen.content, content('c'));
    EXPECT_FALSE(seen.escalated);
    EXPECT_TRUE(seen.approved.empty());
    const auto alone = loop_.await(retry::held_delivery(*redis_, id_of(1))).value();
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->rule, "big");
    EXPECT_EQ(alone->at, seen.at);
    EXPECT_EQ(alone->channel, seen.channel);
    EXPECT_FALSE(loop_.await(retry::held_delivery(*redis_, id_of(2))).value());
}

TEST_F(ApprovalsTest, AnApprovalIsKeptForItsRuleAndContent)
{
    placed(1, {held()});

    const auto decided = say(id_of(1), Verdict::approve, "ann");

    EXPECT_EQ(decided.answer, Decided::Answer::done);
    EXPECT_EQ(decided.state, DeliveryState::ready);
    const auto ready = only(DeliveryState::ready);
    EXPECT_THAT(ready.approved, ElementsAre(std::pair("big", content('c'))));
    EXPECT_EQ(field_of_delivery(id_of(1), "ok:big").substr(32), R"({"who":"ann"})");
    EXPECT_EQ(ready.rule, "");
    EXPECT_EQ(field_of_delivery(id_of(1), "content"), "none");
    EXPECT_THAT(touched_by(1), ElementsAre()) << "to approve is not to cause";
}

TEST_F(ApprovalsTest, AnotherRuleOrAnotherContentIsApprovedBesideIt)
{
    placed(1, {held()});
    say(id_of(1), Verdict::approve, "ann");
    auto telling = held("other", 'd').telling;
    resolve({0, id_of(1), 0, DeliveryState::ready, Outcome::hold, telling, "frame"});
    EXPECT_EQ(say(id_of(1), Verdict::approve, "bob").answer, Decided::Answer::changed) << "the rule before";
    EXPECT_EQ(say(id_of(1), Verdict::approve, "bob", false, "other", 'c').answer, Decided::Answer::changed);

    say(id_of(1), Verdict::approve, "bob", false, "other", 'd');

    EXPECT_THAT(only(DeliveryState::ready).approved,
                ElementsAre(std::pair("big", content('c')), std::pair("other", content('d'))));
}

TEST_F(ApprovalsTest, WhoeverPutTheEventBackToWorkMayNotApproveIt)
{
    auto dead = delivery_as(DeliveryState::dead, "order/2", 1);
    placed(1, {held(), dead});
    const auto seen = loop_.await(letters_->readmit({event_of(1), 0, "frame", "", id_of(1, 1).half, "ann"}));
    ASSERT_EQ(seen->answer, retry::Readmitted::Answer::readmitted);
    EXPECT_THAT(touched_by(1), ElementsAre("ann"));

    EXPECT_EQ(say(id_of(1), Verdict::approve, "ann", true).answer, Decided::Answer::apart);
    EXPECT_EQ(state_of(id_of(1)), "hold");
    EXPECT_EQ(say(id_of(1), Verdict::approve, "an", true).answer, Decided::Answer::done) << "a name is a whole one";
}

TEST_F(ApprovalsTest, NamesAreKeptOnceAndThroughEveryRound)
{
    auto parked = delivery_as(DeliveryState::park, "order/2", 1);
    auto doubtful = delivery_as(DeliveryState::hold, "order/3", 2);
    doubtful.telling.maybe = true;
    placed(1, {delivery_as(DeliveryState::dead), parked, doubtful});
    loop_.await(decisions_->release(missing_of("sku/1"), "cid"));
    for (const auto* who : {"ann", "bob", "ann"}) {
        const auto round = loop_.await(letters_->show(event_of(1), id_of(1).half)).value()->round;
        const auto seq = loop_.await(letters_->readmit({event_of(1), round, "frame", "", id_of(1).half, who}))->seq;
        auto again = placement_of(1, seq, {delivery_as(DeliveryState::dead)});
        place(again);
    }
    retry::Decision decision{id_of(1, 2), DeliveryState::hold, 0, Verdict::not_arrived, "by_hand", "frame"};
    decision.who = "dan";
    loop_.await(decisions_->decide(std::move(decision)));

    EXPECT_THAT(touched_by(1), ElementsAre("cid", "ann", "bob", "dan"));
}

TEST_F(ApprovalsTest, NobodyIsNamedWhenItComesByItself)
{
    placed(1, {delivery_as(DeliveryState::park)});

    release();

    EXPECT_THAT(touched_by(1), ElementsAre());
    EXPECT_EQ(state_of(id_of(1)), "ready");
}

TEST_F(ApprovalsTest, WhatMayHaveArrivedMayStillBeApprovedAndStaysDoubtful)
{
    auto doubtful = held();
    doubtful.telling.maybe = true;
    placed(1, {doubtful});
    EXPECT_EQ(say(id_of(1), Verdict::not_arrived, "ann").answer, Decided::Answer::refused)
        << "the rule was not answered";

    EXPECT_EQ(say(id_of(1), Verdict::approve, "ann").answer, Decided::Answer::done);

    EXPECT_TRUE(only(DeliveryState::ready).maybe);
}

TEST_F(ApprovalsTest, ARejectedOneIsDiscardedAndItsLaneGoesOn)
{
    placed(1, {held()});
    placed(2, {delivery_as(DeliveryState::ready)});
    EXPECT_EQ(state_of(id_of(2)), "lane");

    const auto decided = say(id_of(1), Verdict::discard, "ann");

    EXPECT_EQ(decided.ended, Ended::discarded);
    EXPECT_EQ(decided.next, named(id_of(2)));
    EXPECT_EQ(state_of(id_of(2)), "ready");
    EXPECT_EQ(say(id_of(1), Verdict::approve, "bob").answer, Decided::Answer::changed);
}

TEST_F(ApprovalsTest, WhatIsEscalatedStaysHeldIsCountedAndIsSoOnce)
{
    placed(1, {held()});
    placed(2, {held("big", 'c', "order/2")});

    EXPECT_EQ(say(id_of(1), Verdict::escalate, "rule big").state, DeliveryState::hold);
    EXPECT_EQ(say(id_of(1), Verdict::escalate, "rule big").answer, Decided::Answer::refused);
    EXPECT_EQ(escalated(), 1U);
    EXPECT_EQ(field_of_delivery(id_of(1), "escalated"), "1");
    EXPECT_EQ(field_of_delivery(id_of(1), "due"), "1000");

    EXPECT_EQ(say(id_of(1), Verdict::approve, "ann").answer, Decided::Answer::done);
    EXPECT_EQ(escalated(), 0U);
    EXPECT_EQ(field_of_delivery(id_of(1), "escalated"), "none");
}

TEST_F(ApprovalsTest, OnlyWhatARuleHoldsIsEscalated)
{
    placed(1, {delivery_as(DeliveryState::hold)});

    EXPECT_EQ(decide(id_of(1), Verdict::escalate, DeliveryState::hold)->answer, Decided::Answer::refused);
    EXPECT_EQ(decide(id_of(1), Verdict::approve, DeliveryState::hold)->answer, Decided::Answer::done);
    EXPECT_TRUE(only(DeliveryState::ready).approved.empty());
}

TEST_F(ApprovalsTest, OverdueIsWhatARuleHoldsAndNobodyWasCalledForYet)
{
    auto another = delivery_as(DeliveryState::hold, "order/4");
    another.telling.at = at_ms(50);
    placed(4, {another});
    placed(1, {held("big", 'c', "order/1", 100)});
    placed(2, {held("big", 'c', "order/2", 200)});
    placed(3, {held("big", 'c', "order/3", 300)});

    EXPECT_TRUE(ids(overdue(99)).empty());
    EXPECT_EQ(overdue(99).next, at_ms(100));
    EXPECT_EQ(overdue(99).looked_at, 1U);
    EXPECT_EQ(ids(overdue(250)), (std::vector{id_of(1), id_of(2)}));
    EXPECT_EQ(overdue(250).next, at_ms(300));
    EXPECT_EQ(ids(overdue(250, 2)), std::vector{id_of(1)}) << "a page of two, and the first is held otherwise";
    EXPECT_EQ(ids(overdue(250, 2, 2)), std::vector{id_of(2)});

    say(id_of(1), Verdict::escalate, "rule big");
    EXPECT_EQ(ids(overdue(250)), std::vector{id_of(2)});
}

TEST_F(ApprovalsTest, WhatWaitsBehindIsToldOldestFirstAcrossPartitions)
{
    placed(1, {held()});
    placed(2, {delivery_as(DeliveryState::ready)}, 3);
    placed(3, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/1", 1)});
    std::vector<Hash16> lanes{lane_of("order/1"), lane_of("order/2")};

    const auto behind = loop_.await(retry::waiting_behind(*redis_, scripts_, lanes, 2)).value();

    ASSERT_EQ(behind.size(), 2U);
    EXPECT_EQ(behind[0].count, 3U);
    EXPECT_THAT(behind[0].oldest, ElementsAre(id_of(2), id_of(3, 0)));
    EXPECT_EQ(behind[1].count, 0U);
}

TEST_F(ApprovalsTest, WhatComesBehindItIsHeldInItsTurnAlone)
{
    placed(1, {held()});
    placed(2, {held()});

    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_EQ(field_of_delivery(id_of(2), "rule"), "none");
    EXPECT_TRUE(ids(overdue(5'000)) == std::vector{id_of(1)});
}

TEST_F(ApprovalsTest, AReplayKeepsWhatWasApproved)
{
    placed(1, {held()});
    say(id_of(1), Verdict::approve, "ann");
    take(id_of(1));
    resolve(id_of(1), Outcome::dead);
    const auto seq = readmit(id_of(1), 0)->seq;

    place(placement_of(1, seq, {delivery_as(DeliveryState::ready)}));

    EXPECT_THAT(only(DeliveryState::ready).approved, ElementsAre(std::pair("big", content('c'))));
}

}  // namespace headgate::test
