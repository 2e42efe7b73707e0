#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryState;
using retry::Ended;
using retry::FrameState;
using retry::Outcome;
using retry::Replaces;
using retry::Taken;
using Verdict = retry::Decision::Verdict;

/// What comes later makes what waits in its lane needless.
class ReplacingTest : public VerifiedSlowPathTest {
protected:
    static retry::NewDelivery newer(Replaces replaces = Replaces::own_type, DeliveryState state = DeliveryState::ready,
                                    const std::string& entity = "order/1", std::uint64_t slot = 0)
    {
        auto delivery = delivery_as(state, entity, slot);
        delivery.replaces = replaces;
        return delivery;
    }
    static retry::NewDelivery of_type(retry::NewDelivery delivery, std::string type)
    {
        delivery.type = std::move(type);
        return delivery;
    }
    static retry::NewDelivery tried(retry::NewDelivery delivery)
    {
        delivery.attempts = 1;
        return delivery;
    }
    static retry::NewDelivery unsure(retry::NewDelivery delivery)
    {
        delivery.telling.maybe = true;
        return delivery;
    }
    static retry::NewDelivery at(std::int64_t ms, retry::NewDelivery delivery)
    {
        delivery.telling.at = at_ms(ms);
        return delivery;
    }
    static retry::NewDelivery in_sequence(retry::NewDelivery delivery)
    {
        delivery.order = Order::sequence;
        return delivery;
    }
    bool superseded(retry::DeliveryId id)
    {
        return state_of(id) == "suppressed" && field_of_delivery(id, "reason") == "superseded";
    }
    void give_to_another_node(Partition partition)
    {
        command({"HSET", retry::partition_key("P", partition), "token", "another node's"});
    }
};

TEST_F(ReplacingTest, ReplacesWhoHasTheLaneAndEndsItsEvent)
{
    placed(1, {delivery_as(DeliveryState::ready)});

    auto answer = place_next(2, {newer()});

    EXPECT_EQ(answer.others_ended, 1U);
    EXPECT_TRUE(answer.ready.empty());
    EXPECT_FALSE(answer.ended);
    EXPECT_TRUE(superseded(id_of(1)));
    EXPECT_EQ(field_of_delivery(id_of(1), "class"), "transient") << "as it was";
    EXPECT_EQ(state_of(id_of(2)), "ready");
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
    EXPECT_EQ(lanes_counted(), "1");
    EXPECT_EQ(tally().suppressed, 1);
    EXPECT_EQ(tally().d_suppressed, 1);
    EXPECT_EQ(tally().waiting(), 1);
    EXPECT_EQ(take(id_of(1))->answer, Taken::Answer::gone);
    auto written = frames();
    ASSERT_EQ(written.size(), 3U);
    EXPECT_EQ(written[1].event, event_of(1));
    EXPECT_EQ(written[1].delivery, id_of(1));
    EXPECT_EQ(written[1].state, FrameState::suppressed);
    EXPECT_EQ(written[1].ended, Ended::suppressed);
    EXPECT_EQ(written[1].bytes, "replaced");
    EXPECT_EQ(written[2].event, event_of(2));
    EXPECT_EQ(written[2].bytes, "placed");
}

TEST_F(ReplacingTest, ReplacesNothingUnlessItIsSaid)
{
    placed(1, {delivery_as(DeliveryState::ready)});

    EXPECT_EQ(place_next(2, {newer(Replaces::nothing)}).others_ended, 0U);

    EXPECT_EQ(state_of(id_of(1)), "ready");
    EXPECT_EQ(state_of(id_of(2)), "lane");
}

TEST_F(ReplacingTest, HasTheLaneWhenItIsFree)
{
    auto answer = place_next(1, {newer(Replaces::all), newer(Replaces::own_type, DeliveryState::due, "order/2", 1)});

    EXPECT_EQ(answer.others_ended, 0U);
    EXPECT_EQ(owner_of("order/1"), id_of(1, 0).raw());
    EXPECT_EQ(owner_of("order/2"), id_of(1, 1).raw());
}

TEST_F(ReplacingTest, ReplacesWhatWaitsBehindWhoIsOnTheWire)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::ready)});
    placed(3, {delivery_as(DeliveryState::ready)});
    take(id_of(1));

    EXPECT_EQ(place_next(4, {newer()}).others_ended, 2U);

    EXPECT_EQ(state_of(id_of(1)), "busy");
    EXPECT_TRUE(superseded(id_of(2)));
    EXPECT_TRUE(superseded(id_of(3)));
    EXPECT_EQ(state_of(id_of(4)), "lane");
    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->next, named(id_of(4)));
}

TEST_F(ReplacingTest, WhatIsOnTheWireIsNotReplacedWhateverItsAttemptsAre)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    take(id_of(1));
    command({"HSET", "hg:d:" + id_of(1).raw(), "attempts", "0"});

    EXPECT_EQ(place_next(2, {newer(Replaces::all)}).others_ended, 0U);

    EXPECT_EQ(state_of(id_of(1)), "busy");
    EXPECT_EQ(state_of(id_of(2)), "lane");
}

TEST_F(ReplacingTest, ReplacesNothingThatMayHaveBeenSent)
{
    placed(1,
           {tried(delivery_as(DeliveryState::due, "order/1", 0)), unsure(delivery_as(DeliveryState::due, "order/2", 1)),
            delivery_as(DeliveryState::ready, "order/3", 2), delivery_as(DeliveryState::ready, "order/4", 3)});
    placed(2, {tried(delivery_as(DeliveryState::ready, "order/3", 2)),
               unsure(delivery_as(DeliveryState::ready, "order/4", 3))});

    auto answer = place_next(3, {newer(Replaces::all, DeliveryState::ready, "order/1", 0),
                                 newer(Replaces::all, DeliveryState::due, "order/2", 1),
                                 newer(Replaces::all, DeliveryState::park, "order/3", 2),
                                 newer(Replaces::all, DeliveryState::ready, "order/4", 3)});

    EXPECT_EQ(answer.others_ended, 0U);
    EXPECT_EQ(state_of(id_of(1, 0)), "due");
    EXPECT_EQ(state_of(id_of(1, 1)), "due");
    EXPECT_TRUE(superseded(id_of(1, 2)));
    EXPECT_TRUE(superseded(id_of(1, 3)));
    EXPECT_EQ(answer.ready, (std::vector{named(id_of(2, 2)), named(id_of(2, 3))}));
    for (std::uint64_t slot = 0; slot < 4; ++slot)
        EXPECT_EQ(state_of(id_of(3, slot)), "lane") << slot;
    EXPECT_EQ(owner_of("order/3"), id_of(2, 2).raw());
    EXPECT_EQ(lanes_counted(), "4");
}

TEST_F(ReplacingTest, ReplacesItsOwnTypeOrAll)
{
    for (const std::string entity : {"order/1", "order/2"}) {
        auto slot = entity == "order/1" ? 0U : 1U;
        placed(1 + 10 * slot, {of_type(delivery_as(DeliveryState::ready, entity), "refund")});
        placed(2 + 10 * slot, {of_type(delivery_as(DeliveryState::ready, entity), "sales_order")});
        placed(3 + 10 * slot, {of_type(delivery_as(DeliveryState::ready, entity), "payment")});
    }

    auto own = place_next(4, {newer(Replaces::own_type)});
    auto all = place_next(14, {newer(Replaces::all, DeliveryState::ready, "order/2")});

    EXPECT_EQ(own.others_ended, 1U);
    EXPECT_TRUE(superseded(id_of(2)));
    EXPECT_EQ(state_of(id_of(1)), "ready");
    EXPECT_EQ(state_of(id_of(3)), "lane");
    EXPECT_EQ(state_of(id_of(4)), "lane");
    EXPECT_EQ(all.others_ended, 3U);
    for (std::uint64_t event : {11, 12, 13})
        EXPECT_TRUE(superseded(id_of(event))) << event;
    EXPECT_EQ(state_of(id_of(14)), "ready");
}

TEST_F(ReplacingTest, ReplacesOnlyInItsLane)
{
    placed(1,
           {delivery_as(DeliveryState::ready, "order/2", 0), delivery_as(DeliveryState::ready, "order/1", 0, "wms")});

    EXPECT_EQ(place_next(2, {newer(Replaces::all)}).others_ended, 0U);

    EXPECT_EQ(state_of(id_of(1)), "ready");
    EXPECT_EQ(state_of(id_of(1, 0, "wms")), "ready");
}

TEST_F(ReplacingTest, ReplacesWhoHasTheLaneInWhateverOpenStateButBusy)
{
    std::vector<retry::NewDelivery> older, next;
    const DeliveryState states[]{DeliveryState::ready, DeliveryState::due, DeliveryState::park, DeliveryState::hold};
    for (std::uint64_t slot = 0; slot < std::size(states); ++slot) {
        older.push_back(delivery_as(states[slot], "order/" + std::to_string(slot), slot));
        next.push_back(newer(Replaces::own_type, DeliveryState::ready, "order/" + std::to_string(slot), slot));
    }
    placed(1, older);
    EXPECT_EQ(said_of(), "sku/1");

    EXPECT_EQ(place_next(2, next).others_ended, 1U) << "four deliveries of one event";

    for (std::uint64_t slot = 0; slot < std::size(states); ++slot) {
        EXPECT_TRUE(superseded(id_of(1, slot))) << slot;
        EXPECT_EQ(owner_of("order/" + std::to_string(slot)), id_of(2, slot).raw());
    }
    EXPECT_EQ(said_of(), "none");
    EXPECT_EQ(tally().suppressed, 1);
    EXPECT_EQ(tally().d_suppressed, 4);
    EXPECT_EQ(lanes_counted(), "4");
    auto written = frames();
    ASSERT_EQ(written.size(), 6U);
    for (std::size_t i = 1; i < 4; ++i)
        EXPECT_FALSE(written[i].ended);
    EXPECT_EQ(written[4].ended, Ended::suppressed);
}

TEST_F(ReplacingTest, ADeadOneOfASequenceIsNotReplacedNorOneThatIsReadmitted)
{
    placed(1, {in_sequence(delivery_as(DeliveryState::dead, "order/1", 0)),
               in_sequence(delivery_as(DeliveryState::dead, "order/2", 1))});
    readmit(id_of(1, 1), 0);

    auto answer = place_next(2, {newer(Replaces::all, DeliveryState::ready, "order/1", 0),
                                 newer(Replaces::all, DeliveryState::ready, "order/2", 1)});

    EXPECT_EQ(answer.others_ended, 0U);
    EXPECT_EQ(state_of(id_of(1, 0)), "dead");
    EXPECT_EQ(state_of(id_of(1, 1)), "again");
    EXPECT_EQ(state_of(id_of(2, 0)), "lane");
    EXPECT_EQ(state_of(id_of(2, 1)), "lane");
}

TEST_F(ReplacingTest, ReplacesWhatIsOlderHoweverLateItComes)
{
    auto first = accept(item_of(1, 1))->seq;
    placed(2, {delivery_as(DeliveryState::ready)});
    placed(3, {delivery_as(DeliveryState::ready)});

    EXPECT_EQ(place(placement_of(1, first, {newer(Replaces::all)}))->others_ended, 0U);

    EXPECT_EQ(state_of(id_of(2)), "ready");
    EXPECT_EQ(state_of(id_of(3)), "lane");
    EXPECT_EQ(state_of(id_of(1)), "lane");
}

TEST_F(ReplacingTest, ReplacesNothingThatHasItsOwnPlaceInTheOrder)
{
    // A Redis that lost its last second gives a place twice.
    auto seq = placed(1, {delivery_as(DeliveryState::ready)}) + 1;
    command({"HSET", "hg:d:" + id_of(1).raw(), "seq", std::to_string(seq)});
    command({"ZADD", "hg:ready:0:erp", std::to_string(seq), id_of(1).raw()});

    EXPECT_EQ(place_next(2, {newer(Replaces::all)}).others_ended, 0U);

    EXPECT_EQ(state_of(id_of(1)), "ready");
}

TEST_F(ReplacingTest, AReadmittedOneIsAsOldAsItWasAtFirst)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::dead)});
    placed(3, {delivery_as(DeliveryState::ready)});
    auto seq = readmit(id_of(2), 0)->seq;

    auto answer = place(placement_of(2, seq, {newer()}));

    EXPECT_EQ(answer->others_ended, 1U);
    EXPECT_TRUE(superseded(id_of(1)));
    EXPECT_EQ(answer->ready, std::vector{named(id_of(3))});
    EXPECT_EQ(state_of(id_of(2)), "lane");
}

TEST_F(ReplacingTest, ReplacesNothingOfItsOwnEvent)
{
    placed(1,
           {delivery_as(DeliveryState::ready, "order/1", 0), newer(Replaces::all, DeliveryState::ready, "order/1", 1),
            delivery_as(DeliveryState::dead, "order/1", 2)});
    EXPECT_EQ(state_of(id_of(1, 0)), "ready");
    EXPECT_EQ(state_of(id_of(1, 1)), "lane");

    auto seq = readmit(id_of(1, 2), 0)->seq;
    command({"HSET", "hg:d:" + id_of(1, 0).raw(), "seq", "0"});
    command({"ZADD", "hg:ready:0:erp", "0", id_of(1, 0).raw()});

    EXPECT_EQ(place(placement_of(1, seq, {newer(Replaces::all, DeliveryState::ready, "order/1", 2)}))->others_ended,
              0U);
    EXPECT_EQ(state_of(id_of(1, 0)), "ready");
}

TEST_F(ReplacingTest, ReplacesOnlyWhenItIsStillToBeSentAndWasNeverTried)
{
    std::vector<retry::NewDelivery> older;
    for (std::uint64_t slot = 0; slot < 6; ++slot)
        older.push_back(delivery_as(DeliveryState::ready, "order/" + std::to_string(slot), slot));
    placed(1, older);

    auto answer = place_next(2, {newer(Replaces::all, DeliveryState::hold, "order/0", 0),
                                 newer(Replaces::all, DeliveryState::dead, "order/1", 1),
                                 newer(Replaces::all, DeliveryState::applied, "order/2", 2),
                                 newer(Replaces::all, DeliveryState::suppressed, "order/3", 3),
                                 tried(newer(Replaces::all, DeliveryState::ready, "order/4", 4)),
                                 tried(newer(Replaces::all, DeliveryState::due, "order/5", 5))});

    EXPECT_EQ(answer.others_ended, 0U);
    for (std::uint64_t slot = 0; slot < 6; ++slot)
        EXPECT_EQ(state_of(id_of(1, slot)), "ready") << slot;
}

TEST_F(ReplacingTest, ReplacesWhenItParksAndWhenWhatItWouldWaitForHasCome)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/2", 1),
               delivery_as(DeliveryState::ready, "order/3", 2)});
    command({"SET", "there", "x"});
    auto come = newer(Replaces::all, DeliveryState::park, "order/2", 1);
    come.telling.come.push_back({"there", "", true});
    auto passing = newer(Replaces::all, DeliveryState::park, "order/3", 2);
    passing.telling.pass = true;

    EXPECT_EQ(place_next(2, {newer(Replaces::all, DeliveryState::park), come, passing}).others_ended, 1U);

    EXPECT_EQ(state_of(id_of(2, 0)), "park");
    EXPECT_EQ(owner_of("order/1"), id_of(2, 0).raw());
    EXPECT_EQ(state_of(id_of(2, 1)), "ready");
    EXPECT_EQ(owner_of("order/2"), id_of(2, 1).raw());
    EXPECT_EQ(state_of(id_of(2, 2)), "park");
    EXPECT_EQ(owner_of("order/3"), "");
    EXPECT_EQ(lanes_counted(), "2");
}

TEST_F(ReplacingTest, AnEventWithAnotherDeliveryStaysOpen)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/2", 1)});
    placed(2, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::dead, "order/3", 1)});
    placed(3, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::applied, "order/4", 1)});

    EXPECT_EQ(place_next(4, {newer()}).others_ended, 1U);

    EXPECT_EQ(tally().open, 3) << "the first two and this one";
    EXPECT_EQ(tally().waiting(), 2);
    EXPECT_EQ(tally().applied, 1) << "the third: some of it was";
    EXPECT_EQ(tally().suppressed, 0);
    auto written = frames();
    ASSERT_EQ(written.size(), 7U);
    // Those that wait in the lane, and then who has it.
    EXPECT_EQ(written[3].delivery, id_of(2));
    EXPECT_FALSE(written[3].ended);
    EXPECT_FALSE(written[3].waiting) << "only a letter is left";
    EXPECT_EQ(written[4].delivery, id_of(3));
    EXPECT_EQ(written[4].ended, Ended::applied);
    EXPECT_EQ(written[5].delivery, id_of(1));
    EXPECT_FALSE(written[5].ended);
    EXPECT_TRUE(written[5].waiting);

    take(id_of(1, 1));
    EXPECT_EQ(resolve(id_of(1, 1), Outcome::applied)->ended, Ended::applied);
    EXPECT_EQ(decide(id_of(2, 1), Verdict::supersede, DeliveryState::dead)->ended, Ended::suppressed);
}

TEST_F(ReplacingTest, AnEventOfWhichSomeIsBackInTheBacklogDoesNotEnd)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::dead, "order/2", 1)});
    auto seq = readmit(id_of(1, 1), 0)->seq;

    EXPECT_EQ(place_next(2, {newer()}).others_ended, 0U);

    EXPECT_TRUE(superseded(id_of(1, 0)));
    auto frame = frames().at(2);
    EXPECT_EQ(frame.delivery, id_of(1, 0));
    EXPECT_TRUE(frame.waiting);
    EXPECT_EQ(place(placement_of(1, seq, {delivery_as(DeliveryState::applied, "order/2", 1)}))->ended, Ended::applied);
}

TEST_F(ReplacingTest, ReplacesInOtherPartitionsToo)
{
    placed(1, {delivery_as(DeliveryState::ready)}, 5);
    placed(2, {delivery_as(DeliveryState::ready), delivery_as(DeliveryState::due, "order/2", 1)}, 6);
    placed(3, {tried(delivery_as(DeliveryState::ready))}, 63);
    placed(4, {delivery_as(DeliveryState::ready)});

    auto answer = place_next(5, {newer()});

    EXPECT_EQ(answer.others_ended, 2U);
    EXPECT_EQ(answer.ready, std::vector{named(id_of(3), 63)});
    EXPECT_TRUE(superseded(id_of(1)));
    EXPECT_TRUE(superseded(id_of(2)));
    EXPECT_TRUE(superseded(id_of(4)));
    EXPECT_EQ(state_of(id_of(5)), "lane");
    EXPECT_EQ(tally(5).suppressed, 1);
    EXPECT_EQ(tally(5).d_suppressed, 1);
    EXPECT_EQ(tally(5).open, 0);
    EXPECT_EQ(tally(6).suppressed, 0);
    EXPECT_EQ(tally(6).d_suppressed, 1);
    EXPECT_EQ(tally(6).open, 1);
    EXPECT_EQ(tally().suppressed, 1);
    EXPECT_EQ(frames(5).back().bytes, "replaced");
    EXPECT_EQ(frames(5).back().ended, Ended::suppressed);
    EXPECT_EQ(frames(6).back().delivery, id_of(2));
    EXPECT_TRUE(frames(6).back().waiting);
    take(id_of(3), 1, 63);
    EXPECT_EQ(resolve(id_of(3), Outcome::applied, 2, telling_of(), 63)->next, named(id_of(5)));
}

TEST_F(ReplacingTest, ReplacesNothingInAPartitionOfAnotherNode)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0)}, 5);
    placed(2, {delivery_as(DeliveryState::ready, "order/1", 0)}, 5);
    placed(3, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/2", 1)}, 6);
    placed(4, {delivery_as(DeliveryState::ready, "order/2", 1)}, 5);
    give_to_another_node(5);

    auto answer = place_next(5, {newer(Replaces::all, DeliveryState::ready, "order/1", 0),
                                 newer(Replaces::all, DeliveryState::ready, "order/2", 1)});

    EXPECT_EQ(answer.others_ended, 1U);
    EXPECT_EQ(state_of(id_of(1)), "ready");
    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_TRUE(superseded(id_of(3, 0)));
    EXPECT_TRUE(superseded(id_of(3, 1)));
    EXPECT_EQ(answer.ready, std::vector{named(id_of(4, 1), 5)}) << "its lane goes on, whoever has to be told";
    EXPECT_EQ(state_of(id_of(5, 0)), "lane");
    EXPECT_EQ(state_of(id_of(5, 1)), "lane");
    EXPECT_EQ(tally(5).d_suppressed, 0);
}

TEST_F(ReplacingTest, GoesWhenTheFirstOfThoseWouldHaveGone)
{
    struct Case {
        std::int64_t older;
        DeliveryState as;
        std::int64_t newer;
        std::string state, next;
    };
    const std::vector<Case> all{{100, DeliveryState::due, 500, "due", "100"},
                                {500, DeliveryState::due, 100, "due", "100"},
                                {100, DeliveryState::ready, 500, "ready", "none"},
                                {100, DeliveryState::park, 500, "park", "none"}};
    std::vector<retry::NewDelivery> older, next;
    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        auto entity = "order/" + std::to_string(slot);
        older.push_back(at(all[slot].older, delivery_as(DeliveryState::due, entity, slot)));
        next.push_back(at(all[slot].newer, newer(Replaces::own_type, all[slot].as, entity, slot)));
    }
    // What is parked or held has a time as well, at which nothing goes.
    older.push_back(at(100, delivery_as(DeliveryState::park, "order/8", 8)));
    next.push_back(at(500, newer(Replaces::own_type, DeliveryState::due, "order/8", 8)));
    older.push_back(at(100, delivery_as(DeliveryState::hold, "order/9", 9)));
    next.push_back(at(500, newer(Replaces::own_type, DeliveryState::due, "order/9", 9)));
    placed(1, older);

    EXPECT_EQ(place_next(2, next).others_ended, 1U);

    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        EXPECT_EQ(state_of(id_of(2, slot)), all[slot].state) << slot;
        EXPECT_EQ(field_of_delivery(id_of(2, slot), "next"), all[slot].next) << slot;
    }
    EXPECT_EQ(waiting(DeliveryState::park).at(0).at, at_ms(500)) << "a deadline is none of its";
    EXPECT_EQ(field_of_delivery(id_of(2, 8), "next"), "500");
    EXPECT_EQ(field_of_delivery(id_of(2, 9), "next"), "500");
    for (const auto& due : waiting(DeliveryState::due))
        EXPECT_EQ(std::to_string(due.at.time_since_epoch().count()), field_of_delivery(due.id, "next"));
}

TEST_F(ReplacingTest, TakesNoTimeOfWhatItDoesNotReplace)
{
    placed(1, {at(100, of_type(delivery_as(DeliveryState::due), "refund"))});
    placed(2, {delivery_as(DeliveryState::ready)});

    auto next = of_type(at(500, newer(Replaces::own_type, DeliveryState::due)), "sales_order");
    EXPECT_EQ(place_next(3, {next}).others_ended, 1U);

    EXPECT_EQ(state_of(id_of(3)), "lane");
    EXPECT_EQ(field_of_delivery(id_of(3), "next"), "none");
}

TEST_F(ReplacingTest, GoesWithTheParentThatWasNeverApplied)
{
    auto parent = retry::guard_hash("erp", "sales_order", "order/1");
    auto fact = retry::guard_hash("erp", "cancellation", "order/1");
    placed(1, {of_type(delivery_as(DeliveryState::ready), "sales_order")});
    placed(2, {of_type(delivery_as(DeliveryState::ready), "refund")});
    auto cancellation = of_type(newer(Replaces::all), "cancellation");
    cancellation.parents.emplace_back("sales_order", parent);
    cancellation.telling.guards.push_back({fact, {}});
    cancellation.telling.references.push_back({"erp", "cancellation", "order/1", "C-1"});
    cancellation.telling.progress = "step 1";

    auto answer = place_next(3, {cancellation});

    EXPECT_EQ(answer.others_ended, 2U);
    EXPECT_EQ(answer.ended, Ended::suppressed);
    EXPECT_TRUE(superseded(id_of(1)));
    EXPECT_TRUE(superseded(id_of(2)));
    EXPECT_TRUE(superseded(id_of(3)));
    EXPECT_EQ(owner_of("order/1"), "");
    EXPECT_EQ(lanes_counted(), "none");
    EXPECT_EQ(tally().suppressed, 3);
    EXPECT_EQ(tally().d_suppressed, 3);
    EXPECT_EQ(tally().d_created, 3);
    EXPECT_FALSE(loop_.await(backlog_->guards({fact})).value()[0]);
    EXPECT_FALSE(loop_.await(references_->find("erp", "cancellation", {"order/1"})).value()[0]);
    EXPECT_EQ(frames().back().state, FrameState::suppressed);
    EXPECT_EQ(frames().back().event, event_of(3));
}

TEST_F(ReplacingTest, GoesOnWhenTheParentHasBeenAppliedOrWasNoneOfThose)
{
    auto applied = retry::guard_hash("erp", "sales_order", "order/1");
    auto unknown = retry::guard_hash("erp", "sales_order", "order/2");
    auto done = delivery_as(DeliveryState::applied, "order/0", 9);
    done.telling.guards.push_back({applied, {}});
    placed(1, {of_type(delivery_as(DeliveryState::due, "order/1", 0), "sales_order"),
               of_type(delivery_as(DeliveryState::due, "order/2", 1), "refund"),
               of_type(delivery_as(DeliveryState::due, "order/3", 2), "sales_order"), done});
    auto cancellation = [](const std::string& entity, std::uint64_t slot, Hash16 guard) {
        auto next = of_type(newer(Replaces::all, DeliveryState::ready, entity, slot), "cancellation");
        next.parents.emplace_back("sales_order", guard);
        return next;
    };
    auto only_its_own = cancellation("order/3", 2, unknown);
    only_its_own.replaces = Replaces::own_type;

    auto answer =
        place_next(2, {cancellation("order/1", 0, applied), cancellation("order/2", 1, unknown), only_its_own});

    EXPECT_FALSE(answer.ended);
    EXPECT_TRUE(superseded(id_of(1, 0)));
    EXPECT_EQ(state_of(id_of(2, 0)), "ready") << "the parent is there";
    EXPECT_TRUE(superseded(id_of(1, 1)));
    EXPECT_EQ(state_of(id_of(2, 1)), "ready") << "what was replaced is no parent";
    EXPECT_EQ(state_of(id_of(1, 2)), "due");
    EXPECT_EQ(state_of(id_of(2, 2)), "lane") << "its parent goes first";
}

TEST_F(ReplacingTest, StaysWhileAParentBeforeItMayStillBeApplied)
{
    placed(1, {of_type(delivery_as(DeliveryState::ready), "sales_order")});
    EXPECT_EQ(take(id_of(1))->answer, retry::Taken::Answer::taken);
    placed(2, {of_type(delivery_as(DeliveryState::ready), "sales_order")});
    auto cancellation = of_type(newer(Replaces::all), "cancellation");
    cancellation.parents.emplace_back("sales_order", retry::guard_hash("erp", "sales_order", "order/1"));

    auto answer = place_next(3, {cancellation});

    EXPECT_FALSE(answer.ended);
    EXPECT_EQ(state_of(id_of(1)), "busy");
    EXPECT_TRUE(superseded(id_of(2)));
    EXPECT_EQ(state_of(id_of(3)), "lane");
}

TEST_F(ReplacingTest, AnyParentThatIsReplacedTakesItAlong)
{
    auto there = retry::guard_hash("erp", "payment", "order/1");
    auto not_there = retry::guard_hash("erp", "sales_order", "order/1");
    auto done = delivery_as(DeliveryState::applied, "order/0", 9);
    done.telling.guards.push_back({there, {}});
    placed(1, {of_type(delivery_as(DeliveryState::ready, "order/1", 0), "payment"),
               of_type(delivery_as(DeliveryState::ready, "order/1", 1), "sales_order"), done});
    auto next = of_type(newer(Replaces::all), "cancellation");
    next.parents.emplace_back("payment", there);
    next.parents.emplace_back("sales_order", not_there);

    EXPECT_EQ(place_next(2, {next}).ended, Ended::suppressed);

    EXPECT_TRUE(superseded(id_of(2)));
}

TEST_F(ReplacingTest, WhatIsSupersededWithItsParentLeavesTheLaneToWhoWaits)
{
    placed(1, {of_type(delivery_as(DeliveryState::ready), "sales_order")});
    placed(2, {of_type(tried(delivery_as(DeliveryState::ready)), "refund")});
    auto cancellation = of_type(newer(Replaces::all), "cancellation");
    cancellation.parents.emplace_back("sales_order", retry::guard_hash("erp", "sales_order", "order/1"));

    auto answer = place_next(3, {cancellation, delivery_as(DeliveryState::ready, "order/2", 1)});

    EXPECT_FALSE(answer.ended);
    EXPECT_EQ(answer.ready, std::vector{named(id_of(2))});
    EXPECT_TRUE(superseded(id_of(3)));
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
}

TEST_F(ReplacingTest, SeveralOfOneEventReplaceEachOnce)
{
    placed(1, {of_type(delivery_as(DeliveryState::ready), "sales_order")});
    placed(2, {of_type(delivery_as(DeliveryState::ready), "refund")});
    placed(3, {of_type(tried(delivery_as(DeliveryState::ready)), "payment")});

    auto answer = place_next(4, {of_type(newer(Replaces::own_type, DeliveryState::ready, "order/1", 0), "sales_order"),
                                 of_type(newer(Replaces::own_type, DeliveryState::ready, "order/1", 1), "refund"),
                                 newer(Replaces::all, DeliveryState::ready, "order/1", 2)});

    EXPECT_EQ(answer.others_ended, 2U);
    EXPECT_EQ(answer.ready, std::vector{named(id_of(3))}) << "the second was ready for a moment";
    EXPECT_TRUE(superseded(id_of(1)));
    EXPECT_TRUE(superseded(id_of(2)));
    EXPECT_EQ(owner_of("order/1"), id_of(3).raw());
    for (std::uint64_t slot = 0; slot < 3; ++slot)
        EXPECT_EQ(state_of(id_of(4, slot)), "lane") << slot;
    EXPECT_EQ(tally().d_suppressed, 2);
    EXPECT_EQ(tally().suppressed, 2);
    EXPECT_EQ(frames().size(), 6U);
}

TEST_F(ReplacingTest, ReplacesWhoGetsTheLaneThatAReadmittedOneLeaves)
{
    auto older = accept(item_of(2, 2))->seq;
    placed(1, {in_sequence(delivery_as(DeliveryState::dead, "order/1", 0)),
               in_sequence(delivery_as(DeliveryState::dead, "order/2", 1))});
    place(placement_of(
        2, older, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/2", 1)}));

    // The first is not mapped any more, the second is of another entity now; what comes instead has their lanes.
    auto seq = readmit(id_of(1, 0), 0)->seq;
    auto first = place(placement_of(1, seq, {newer(Replaces::own_type, DeliveryState::ready, "order/1", 5)}));
    seq = readmit(id_of(1, 1), 0)->seq;
    auto second = place(placement_of(1, seq,
                                     {delivery_as(DeliveryState::due, "order/9", 1),
                                      newer(Replaces::own_type, DeliveryState::ready, "order/2", 6)}));

    for (const auto& answer : {first, second})
        EXPECT_TRUE(answer->ready.empty()) << "for a moment one was";
    EXPECT_EQ(first->others_ended, 0U);
    EXPECT_EQ(second->others_ended, 1U);
    EXPECT_TRUE(superseded(id_of(2, 0)));
    EXPECT_TRUE(superseded(id_of(2, 1)));
    EXPECT_EQ(owner_of("order/1"), id_of(1, 5).raw());
    EXPECT_EQ(owner_of("order/2"), id_of(1, 6).raw());
    EXPECT_EQ(owner_of("order/9"), id_of(1, 1).raw());
    EXPECT_EQ(lanes_counted(), "3");
}

TEST_F(ReplacingTest, LeavesWhatIsOfANewerVersion)
{
    auto of_version = [](const char* version, retry::NewDelivery delivery) {
        delivery.version = version;
        return delivery;
    };
    placed(1, {of_version("i4", newer())});

    EXPECT_EQ(place_next(2, {of_version("i3", newer())}).others_ended, 0U);
    EXPECT_EQ(state_of(id_of(1)), "ready");
    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_EQ(place_next(3, {of_version("t1", newer())}).others_ended, 2U) << "of another kind: by arrival";
    EXPECT_EQ(place_next(4, {of_version("t2", newer())}).others_ended, 1U);
}

TEST_F(ReplacingTest, LeavesWhatHasBeenDoneInPart)
{
    auto half_done = newer(Replaces::nothing, DeliveryState::due);
    half_done.telling.progress = "step 1";
    placed(1, {half_done});

    EXPECT_EQ(place_next(2, {newer(Replaces::all)}).others_ended, 0U);
    EXPECT_EQ(state_of(id_of(1)), "due");
    EXPECT_EQ(state_of(id_of(2)), "lane");
}

TEST_F(ReplacingTest, ReplacesSoManyAtOnceAndTheNextOfThemGoes)
{
    for (auto partition : {Partition{3}, Partition{7}})
        for (std::uint64_t i = 0; i < 132; ++i)
            placed(1'000U * partition + i, {delivery_as(DeliveryState::ready)}, partition);

    auto answer = place_next(9, {newer()});

    EXPECT_EQ(answer.others_ended, 257U) << "who had the lane, and 128 of each partition";
    EXPECT_EQ(answer.ready, std::vector{named(id_of(3'129), 3)});
    EXPECT_EQ(owner_of("order/1"), id_of(3'129).raw());
    EXPECT_EQ(tally(3).lane, 2);
    EXPECT_EQ(tally(7).lane, 4);
    EXPECT_EQ(tally().lane, 1);
    EXPECT_EQ(finding_lines(), "");

    EXPECT_EQ(place_next(10, {newer()}).others_ended, 8U) << "the rest, and who came between";
    EXPECT_EQ(owner_of("order/1"), id_of(10).raw());
}

}  // namespace headgate::test
