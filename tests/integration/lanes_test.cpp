#include <set>

#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryState;
using retry::Ended;
using retry::FrameState;
using retry::Outcome;
using retry::Placed;
using retry::Readmitted;
using retry::Resolved;
using retry::Taken;
using Verdict = retry::Decision::Verdict;

/// Who has a lane, who waits in it, and how it goes on.
class LanesTest : public VerifiedSlowPathTest {};

TEST_F(LanesTest, PlacesBehindWhoHasTheLaneWhateverWasSaidOfIt)
{
    placed(1, {delivery_as(DeliveryState::due)});
    std::vector<retry::NewDelivery> behind;
    for (auto state : {DeliveryState::ready, DeliveryState::due, DeliveryState::park, DeliveryState::hold,
                       DeliveryState::dead, DeliveryState::dead, DeliveryState::applied}) {
        behind.push_back(delivery_as(state, "order/1", behind.size()));
        behind.back().attempts = 1;
        behind.back().telling.maybe = true;
        behind.back().telling.progress = "step 2";
    }
    behind[4].order = Order::sequence;
    auto seq = accept(item_of(2, 2))->seq;

    auto answer = place(placement_of(2, seq, behind));

    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->answer, Placed::Answer::placed);
    EXPECT_TRUE(answer->ready.empty());
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    EXPECT_EQ(state_of(id_of(2, 5)), "dead") << "has no lane";
    EXPECT_EQ(state_of(id_of(2, 6)), "applied") << "has no lane";
    auto all = waiting(DeliveryState::lane);
    ASSERT_EQ(all.size(), 5U);
    for (const auto& delivery : all) {
        EXPECT_EQ(delivery.reason, "http_503");
        EXPECT_EQ(delivery.failure_class, FailureClass::transient);
        EXPECT_EQ(delivery.attempts, 1U);
        EXPECT_TRUE(delivery.maybe);
        EXPECT_EQ(delivery.progress, "step 2");
        EXPECT_EQ(delivery.first, at_ms(1'700'000'000'000));
        EXPECT_FALSE(delivery.missing);
    }
    // Nothing of what they would have been is there.
    EXPECT_EQ(tally().due + tally().ready + tally().park + tally().hold, 1);
    EXPECT_EQ(tally().dead, 1);
    EXPECT_FALSE(loop_.await(letters_->show(event_of(2), id_of(2, 4).half)).value());
    EXPECT_EQ(number({"EXISTS", "hg:pk:" + std::string(view(missing_of("sku/1")))}), 0);
    EXPECT_EQ(lanes_counted(), "1");
}

TEST_F(LanesTest, WhatWaitsInALaneIsFoundOutAgainInItsTurn)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    auto failed = delivery_as(DeliveryState::park);
    failed.attempts = 1;
    failed.telling.maybe = true;
    failed.telling.progress = "step 2";
    placed(2, {failed}, 5);
    take(id_of(1));

    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->next, named(id_of(2), 5));

    auto ready = waiting(DeliveryState::ready, 5).at(0);
    EXPECT_EQ(ready.attempts, 1U);
    EXPECT_TRUE(ready.maybe);
    EXPECT_EQ(ready.progress, "step 2");
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
    EXPECT_EQ(take(id_of(2), 1, 5)->attempts, 2U);
}

TEST_F(LanesTest, OfOneEventTheFirstThatWouldHaveALaneHasIt)
{
    placed(1, {delivery_as(DeliveryState::applied, "order/1", 0), delivery_as(DeliveryState::due, "order/1", 1),
               delivery_as(DeliveryState::ready, "order/1", 2), delivery_as(DeliveryState::hold, "order/1", 3)});
    auto gap = delivery_as(DeliveryState::dead, "order/2", 1);
    gap.order = Order::sequence;
    placed(2, {delivery_as(DeliveryState::dead, "order/2", 0), gap, delivery_as(DeliveryState::ready, "order/2", 2)});

    EXPECT_EQ(owner_of("order/1"), id_of(1, 1).raw());
    EXPECT_EQ(state_of(id_of(1, 1)), "due");
    EXPECT_EQ(state_of(id_of(1, 2)), "lane");
    EXPECT_EQ(state_of(id_of(1, 3)), "lane");
    EXPECT_EQ(owner_of("order/2"), id_of(2, 1).raw()) << "a dead one has a lane only in a sequence";
    EXPECT_EQ(state_of(id_of(2, 1)), "dead");
    EXPECT_EQ(state_of(id_of(2, 2)), "lane");
    EXPECT_EQ(lanes_counted(), "2");
}

TEST_F(LanesTest, HandsALaneOnInTheOrderOfArrivalAndThenOfTheEvent)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0)});
    auto second = accept(item_of(2, 2, 5))->seq;  // of another partition, yet before the third
    placed(3, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/1", 1),
               delivery_as(DeliveryState::ready, "order/1", 2)});
    place(placement_of(2, second, {delivery_as(DeliveryState::ready, "order/1", 0)}, 5));
    take(id_of(1));
    EXPECT_EQ(take(id_of(3))->answer, Taken::Answer::gone);

    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->next, named(id_of(2), 5));
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
    take(id_of(2), 0, 5);
    EXPECT_EQ(resolve(id_of(2), Outcome::suppressed, 1, telling_of(), 5)->next, named(id_of(3, 0)));
    take(id_of(3, 0));
    EXPECT_EQ(resolve(id_of(3, 0), Outcome::dead)->next, named(id_of(3, 1)));
    take(id_of(3, 1));
    EXPECT_EQ(resolve(id_of(3, 1), Outcome::applied)->next, named(id_of(3, 2)));
    take(id_of(3, 2));
    EXPECT_FALSE(resolve(id_of(3, 2), Outcome::applied)->next);
    EXPECT_EQ(owner_of("order/1"), "");
}

TEST_F(LanesTest, ADeadOneOfASequenceKeepsItsLaneUntilItIsDiscarded)
{
    auto patch = delivery_as(DeliveryState::ready);
    patch.order = Order::sequence;
    placed(1, {patch});
    placed(2, {delivery_as(DeliveryState::ready)}, 63);
    take(id_of(1));

    EXPECT_FALSE(resolve(id_of(1), Outcome::dead)->next);
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    auto decided = decide(id_of(1), Verdict::discard, DeliveryState::dead, 1);

    EXPECT_EQ(decided->answer, retry::Decided::Answer::done);
    EXPECT_EQ(decided->next, named(id_of(2), 63));
    EXPECT_EQ(decided->ended, Ended::discarded);
    EXPECT_EQ(tally().discarded, 1);
    EXPECT_EQ(tally().d_discarded, 1);
    EXPECT_EQ(tally().dead, 0);
    EXPECT_EQ(tally().cause_sum, 0);
}

TEST_F(LanesTest, CountsTheLanesOfASystemThatHaveAnOwner)
{
    auto patch = delivery_as(DeliveryState::dead, "order/3", 2);
    patch.order = Order::sequence;
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::hold, "order/2", 1), patch,
               delivery_as(DeliveryState::park, "order/1", 3, "wms"), delivery_as(DeliveryState::dead, "order/9", 4)});
    EXPECT_EQ(lanes_counted("erp"), "3");
    EXPECT_EQ(lanes_counted("wms"), "1");
    placed(2, {delivery_as(DeliveryState::ready, "order/1"), delivery_as(DeliveryState::applied, "order/8", 1)}, 3);
    EXPECT_EQ(lanes_counted("erp"), "3") << "the lane is owned already, and what has ended has none";

    take(id_of(1, 0));
    EXPECT_EQ(lanes_counted("erp"), "3");
    EXPECT_EQ(resolve(id_of(1, 0), Outcome::applied)->next, named(id_of(2), 3));
    EXPECT_EQ(lanes_counted("erp"), "3") << "handed on";
    decide(id_of(1, 1), Verdict::supersede, DeliveryState::hold);
    EXPECT_EQ(lanes_counted("erp"), "2");
    decide(id_of(1, 2), Verdict::discard, DeliveryState::dead);
    EXPECT_EQ(lanes_counted("erp"), "1");
    take(id_of(2), 0, 3);
    auto telling = telling_of();
    telling.maybe = true;
    resolve(id_of(2), Outcome::dead, 1, telling, 3);
    EXPECT_EQ(lanes_counted("erp"), "none") << "dead, and of no sequence";
    decide(id_of(2), Verdict::not_arrived, DeliveryState::dead, 1);
    EXPECT_EQ(lanes_counted("erp"), "1") << "back at work";

    loop_.await(decisions_->release(missing_of("sku/1")));
    EXPECT_EQ(lanes_counted("wms"), "1");
    auto systems = loop_.await(retry::systems_with_lanes(*redis_)).value();
    EXPECT_EQ(std::set(systems.begin(), systems.end()), (std::set<std::string>{"erp", "wms"}));
    take(id_of(1, 3, "wms"));
    resolve(id_of(1, 3, "wms"), Outcome::suppressed);
    EXPECT_EQ(loop_.await(retry::systems_with_lanes(*redis_)).value(), std::vector<std::string>{"erp"});
    EXPECT_FALSE(loop_.await(retry::lane_is_taken(*redis_, lane_of("order/1", "wms"))).value());
    EXPECT_TRUE(loop_.await(retry::lane_is_taken(*redis_, lane_of("order/1"))).value());
    EXPECT_FALSE(loop_.await(retry::lane_is_taken(*redis_, lane_of("order/2"))).value());
}

TEST_F(LanesTest, CountsTheLanesOfManyThatEndInOneCall)
{
    std::vector<retry::NewDelivery> many;
    for (std::uint64_t slot = 0; slot < 6; ++slot)
        many.push_back(
            delivery_as(DeliveryState::ready, "order/" + std::to_string(slot / 2), slot, slot < 4 ? "erp" : "wms"));
    placed(1, many);
    EXPECT_EQ(lanes_counted("erp"), "2");
    EXPECT_EQ(lanes_counted("wms"), "1");

    // The second of each lane becomes ready only by this call, and is not of it.
    for (int round = 0; round < 2; ++round) {
        std::vector<Task<Resolved>> tasks;
        for (std::uint64_t slot = 0; slot < 6; ++slot) {
            retry::Resolution resolution{0,
                                         id_of(1, slot, slot < 4 ? "erp" : "wms"),
                                         0,
                                         DeliveryState::ready,
                                         Outcome::suppressed,
                                         telling_of(),
                                         "stale"};
            tasks.push_back(deliveries_->resolve(std::move(resolution)));
        }
        auto answers = loop_.await_all(std::move(tasks));
        for (std::uint64_t slot = 0; slot < 6; ++slot) {
            const bool turn = slot % 2 == static_cast<std::uint64_t>(round);
            EXPECT_EQ(answers[slot]->answer, turn ? Resolved::Answer::done : Resolved::Answer::late) << slot;
        }
        EXPECT_EQ(lanes_counted("erp"), round == 0 ? "2" : "none");
        EXPECT_EQ(lanes_counted("wms"), round == 0 ? "1" : "none");
    }
    EXPECT_EQ(number({"EXISTS", "hg:lanes"}), 0);
}

TEST_F(LanesTest, CountsNoMoreTheLaneThatAReadmittedOneHasLeft)
{
    auto patch = delivery_as(DeliveryState::dead, "order/1");
    patch.order = Order::sequence;
    placed(1, {patch});
    auto seq = readmit(id_of(1), 0)->seq;
    EXPECT_EQ(lanes_counted(), "1");

    place(placement_of(1, seq, {delivery_as(DeliveryState::due, "order/2")}));

    EXPECT_EQ(owner_of("order/1"), "");
    EXPECT_EQ(owner_of("order/2"), id_of(1).raw());
    EXPECT_EQ(lanes_counted(), "1");
}

TEST_F(LanesTest, VerifySeesLanesThatAreCountedWrong)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::hold, "order/2", 1)});
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
        {{"HSET", "hg:lanes", "erp", "1"}, "erp"}, {{"HSET", "hg:lanes", "erp", "3"}, "erp"},
        {{"HDEL", "hg:lanes", "erp"}, "erp"},      {{"HSET", "hg:lanes", "wms", "0"}, "wms"},
        {{"HSET", "hg:lanes", "wms", "1"}, "wms"}, {{"HSET", "hg:lanes", "wms", "-1"}, "wms"}};
    for (const auto& [spoil, system] : wrong) {
        command(spoil);

        EXPECT_EQ(finding_lines(), "I5 p0: hg:lanes counts the lanes of " + system + " wrong\n")
            << spoil[0] << " " << spoil.back();
        command({"DEL", "hg:lanes"});
        command({"HSET", "hg:lanes", "erp", "2"});
    }
}

TEST_F(LanesTest, VerifyMissesNoUncountedLaneAmongManyKeys)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    command({"EVAL", "for i = 1, 5000 do redis.call('SET', 'other:' .. i, '') end", "0"});
    EXPECT_EQ(finding_lines(), "");
    command({"HDEL", "hg:lanes", "erp"});

    EXPECT_EQ(finding_lines(), "I5 p0: hg:lanes counts the lanes of erp wrong\n");
    command({"HSET", "hg:lanes", "erp", "1"});
}

TEST_F(LanesTest, VerifySeesALaneOfNobody)
{
    const auto key = "hg:blk:" + std::string(view(lane_of("order/1")));
    command({"SET", key, std::string(32, '\0')});

    EXPECT_NE(finding_lines().find("has a lane that is not its own"), std::string::npos);
    command({"DEL", key});
}

TEST_F(LanesTest, AReadmittedOneWaitsBehindWhoHasItsLaneMeanwhile)
{
    auto dead = delivery_as(DeliveryState::dead);
    dead.telling.maybe = true;
    dead.telling.progress = "step 1";
    placed(1, {dead});
    placed(2, {delivery_as(DeliveryState::ready)});

    auto answer = place(placement_of(1, readmit(id_of(1), 0)->seq, {delivery_as(DeliveryState::due)}));

    EXPECT_EQ(answer->answer, Placed::Answer::placed);
    EXPECT_FALSE(answer->ended);
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
    auto behind = waiting(DeliveryState::lane).at(0);
    EXPECT_EQ(behind.id, id_of(1));
    EXPECT_TRUE(behind.maybe);
    EXPECT_EQ(behind.progress, "step 1");
    EXPECT_EQ(frames().back().state, FrameState::waiting);
    take(id_of(2));
    EXPECT_EQ(resolve(id_of(2), Outcome::applied)->next, named(id_of(1)));
}

TEST_F(LanesTest, ADeadOneOfASequenceThatIsReadmittedStillHasItsLane)
{
    auto patch = delivery_as(DeliveryState::dead);
    patch.order = Order::sequence;
    placed(1, {patch});
    placed(2, {delivery_as(DeliveryState::ready)});
    auto seq = readmit(id_of(1), 0)->seq;
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    EXPECT_EQ(lanes_counted(), "1");

    patch.state = DeliveryState::due;
    place(placement_of(1, seq, {patch}));

    EXPECT_EQ(state_of(id_of(1)), "due");
    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_EQ(lanes_counted(), "1");
}

TEST_F(LanesTest, AReadmittedOneThatIsMappedNoMoreIsSuppressedAndItsLaneGoesOn)
{
    auto patch = delivery_as(DeliveryState::dead, "order/1", 0);
    patch.order = Order::sequence;
    auto moved = delivery_as(DeliveryState::dead, "order/2", 1);
    moved.order = Order::sequence;
    placed(1, {patch, moved});
    placed(2, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/2", 1)}, 40);
    EXPECT_EQ(readmit(id_of(1, 0), 0)->answer, Readmitted::Answer::readmitted);
    EXPECT_EQ(readmit(id_of(1, 1), 0)->answer, Readmitted::Answer::event_first);
    auto seq = loop_.await(backlog_->load(0, 0)).value().at(0).seq;

    // The mended mapping makes another transaction of it.
    auto answer = place(placement_of(1, seq, {delivery_as(DeliveryState::due, "order/9", 5)}));
    EXPECT_EQ(answer->ready, std::vector{named(id_of(2, 0), 40)});
    EXPECT_EQ(state_of(id_of(1, 0)), "suppressed");
    EXPECT_EQ(field_of_delivery(id_of(1, 0), "reason"), "not_mapped");
    EXPECT_EQ(state_of(id_of(1, 1)), "dead");

    // And the other one of another entity.
    auto again = readmit(id_of(1, 1), 0);
    ASSERT_EQ(again->answer, Readmitted::Answer::readmitted);
    auto elsewhere = place(placement_of(1, again->seq, {delivery_as(DeliveryState::due, "order/3", 1)}));
    EXPECT_EQ(elsewhere->ready, std::vector{named(id_of(2, 1), 40)});
    EXPECT_EQ(owner_of("order/3"), id_of(1, 1).raw());
    EXPECT_EQ(lanes_counted(), "4") << "order/9, order/3, and the two that went on";
}

}  // namespace headgate::test
