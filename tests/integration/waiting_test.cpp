#include <algorithm>

#include "retry/envelopes.hpp"
#include "retry/integers.hpp"
#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryId;
using retry::DeliveryState;
using retry::Outcome;
using Verdict = retry::Decision::Verdict;

/// What is told of the slow path without a change.
class WaitingTest : public SlowPathTest {
protected:
    retry::NextDeliveries next(std::int64_t now, std::size_t count, Partition partition = 0,
                               const std::string& system = "erp")
    {
        return loop_.await(retry::next_deliveries(*redis_, scripts_, partition, system, at_ms(now), count)).value();
    }
    retry::OverdueDeliveries overdue(std::int64_t now, std::size_t count = 128, Partition partition = 0)
    {
        return loop_.await(retry::overdue_deliveries(*redis_, scripts_, partition, at_ms(now), count)).value();
    }
    void park(std::uint64_t event, std::int64_t until, Partition partition = 0, const std::string& missing = "sku/1")
    {
        auto delivery = delivery_as(DeliveryState::park, "order/" + std::to_string(event));
        delivery.telling = telling_of(missing);
        delivery.telling.at = at_ms(until);
        placed(event, {delivery}, partition);
    }
    retry::KnownEvent known(std::uint64_t event)
    {
        return loop_.await(retry::known_event(*redis_, scripts_, event_of(event))).value();
    }
    template <class Told>
    static std::vector<DeliveryId> ids(const Told& next)
    {
        std::vector<DeliveryId> all;
        for (const auto& delivery : next.deliveries)
            all.push_back(delivery.id);
        return all;
    }
    void place_due(std::uint64_t event, std::int64_t at)
    {
        auto delivery = delivery_as(DeliveryState::due, "due/" + std::to_string(event));
        delivery.telling.at = at_ms(at);
        placed(event, {delivery});
    }
    void place_ready(std::uint64_t event)
    {
        placed(event, {delivery_as(DeliveryState::ready, "ready/" + std::to_string(event))});
    }
    /// Due are 11, 12, 13 at 300, 100, 200, ready are 21 to 26 in this order, and 14 is due at 900.
    void place_both()
    {
        place_due(11, 300);
        place_due(12, 100);
        place_due(13, 200);
        place_due(14, 900);
        for (std::uint64_t event = 21; event <= 26; ++event)
            place_ready(event);
    }
};

TEST_F(WaitingTest, TellsWhatIsLongestDueFirstAndThenWhatIsReadyByArrival)
{
    auto second = accept(item_of(2, 2))->seq;
    placed(1, {delivery_as(DeliveryState::ready, "order/1")});
    place(placement_of(2, second, {delivery_as(DeliveryState::ready, "order/2")}));
    place_due(3, 500);
    place_due(4, 400);
    place_due(5, 1);

    auto told = next(500, 10);

    EXPECT_EQ(ids(told), (std::vector{id_of(5), id_of(4), id_of(3), id_of(2), id_of(1)}));
    EXPECT_EQ(told.ready, 2U);
    EXPECT_EQ(told.due, 3U);
    EXPECT_FALSE(told.next_due);
    EXPECT_EQ(told.deliveries[1].state, DeliveryState::due);
    EXPECT_EQ(told.deliveries[1].at, at_ms(400));
    EXPECT_EQ(told.deliveries[3].state, DeliveryState::ready);
    EXPECT_EQ(told.deliveries[3].seq, second);
}

TEST_F(WaitingTest, TellsAllOfADelivery)
{
    auto delivery = delivery_as(DeliveryState::due, "order/1", 3);
    delivery.order = Order::sequence;
    delivery.attempts = 2;
    delivery.telling.at = at_ms(50);
    delivery.telling.maybe = true;
    delivery.telling.progress = "step 2";
    auto seq = placed(1, {delivery}, 63);

    auto told = next(50, 1, 63).deliveries.at(0);

    EXPECT_EQ(told.id, id_of(1, 3));
    EXPECT_EQ(told.state, DeliveryState::due);
    EXPECT_EQ(told.slot, "orders#3");
    EXPECT_EQ(told.system, "erp");
    EXPECT_EQ(told.lane, lane_of("order/1"));
    EXPECT_EQ(told.type, "sales_order");
    EXPECT_EQ(told.order, Order::sequence);
    EXPECT_EQ(told.place, 3);
    EXPECT_EQ(told.seq, seq);
    EXPECT_EQ(told.attempts, 2U);
    EXPECT_TRUE(told.maybe);
    EXPECT_EQ(told.first, at_ms(1'700'000'000'000));
    EXPECT_EQ(told.at, at_ms(50));
    EXPECT_EQ(told.reason, "http_503");
    EXPECT_EQ(told.failure_class, FailureClass::transient);
    EXPECT_EQ(told.progress, "step 2");
    EXPECT_EQ(told.effect, delivery.effect);
}

TEST_F(WaitingTest, TellsNothingThatIsNotDueYetAndWhenItWillBe)
{
    place_due(1, 300);
    place_due(2, 200);
    place_due(3, 200);

    auto before = next(199, 10);
    auto at = next(200, 10);
    auto after = next(300, 10);

    EXPECT_TRUE(before.deliveries.empty());
    EXPECT_EQ(before.due, 0U);
    EXPECT_EQ(before.next_due, at_ms(200));
    EXPECT_EQ(at.deliveries.size(), 2U);
    EXPECT_EQ(at.due, 2U);
    EXPECT_EQ(at.next_due, at_ms(300));
    EXPECT_EQ(after.due, 3U);
    EXPECT_FALSE(after.next_due);
    EXPECT_EQ(next(1'799'999'999'999, 10).due, 3U) << "as large as real ones";
}

TEST_F(WaitingTest, HalfOfWhatItTellsIsDueAndHalfIsReady)
{
    place_both();

    auto two = next(300, 2);
    auto four = next(300, 4);

    EXPECT_EQ(ids(two), (std::vector{id_of(12), id_of(21)}));
    EXPECT_EQ(ids(four), (std::vector{id_of(12), id_of(13), id_of(21), id_of(22)}));
    for (const auto& told : {two, four}) {
        EXPECT_EQ(told.due, 3U) << "however many are told of";
        EXPECT_EQ(told.ready, 6U);
        EXPECT_EQ(told.next_due, at_ms(900));
    }
    EXPECT_EQ(next(300, 1).deliveries.size(), 1U);
    EXPECT_EQ(next(300, 3).deliveries.size(), 3U);
}

TEST_F(WaitingTest, WhatOneHalfLeavesIsTheOthers)
{
    place_both();

    EXPECT_EQ(ids(next(300, 8)),
              (std::vector{id_of(12), id_of(13), id_of(11), id_of(21), id_of(22), id_of(23), id_of(24), id_of(25)}))
        << "little is due";
    EXPECT_EQ(ids(next(1, 4)), (std::vector{id_of(21), id_of(22), id_of(23), id_of(24)})) << "nothing is due";
    for (std::uint64_t event = 22; event <= 26; ++event)
        take(id_of(event));
    EXPECT_EQ(ids(next(900, 4)), (std::vector{id_of(12), id_of(13), id_of(11), id_of(21)})) << "little is ready";
    take(id_of(21));
    EXPECT_EQ(ids(next(900, 4)), (std::vector{id_of(12), id_of(13), id_of(11), id_of(14)})) << "nothing is ready";
    EXPECT_EQ(ids(next(900, 3)), (std::vector{id_of(12), id_of(13), id_of(11)}));
    EXPECT_EQ(next(900, 256).deliveries.size(), 4U);
}

TEST_F(WaitingTest, TellsOnlyOfOnePartitionAndSystemAndOnlyWhatMayGo)
{
    placed(1,
           {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/1", 1),
            delivery_as(DeliveryState::park, "order/2", 2), delivery_as(DeliveryState::hold, "order/3", 3),
            delivery_as(DeliveryState::dead, "order/4", 4), delivery_as(DeliveryState::applied, "order/5", 5),
            delivery_as(DeliveryState::ready, "order/6", 6), delivery_as(DeliveryState::ready, "order/1", 0, "wms")});
    placed(2, {delivery_as(DeliveryState::ready, "order/7")}, 1);
    take(id_of(1, 6));

    EXPECT_EQ(ids(next(9, 10)), std::vector{id_of(1, 0)});
    EXPECT_EQ(ids(next(9, 10, 0, "wms")), std::vector{id_of(1, 0, "wms")});
    EXPECT_EQ(ids(next(9, 10, 1)), std::vector{id_of(2)});
    auto nothing = next(9, 10, 1, "wms");
    EXPECT_TRUE(nothing.deliveries.empty());
    EXPECT_EQ(nothing.ready, 0U);
    EXPECT_EQ(nothing.due, 0U);
    EXPECT_FALSE(nothing.next_due);
}

TEST_F(WaitingTest, ToldOfWhatIsNextInItsLaneOnceItMayGo)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::due)});
    take(id_of(1));
    EXPECT_TRUE(next(9, 10).deliveries.empty());

    resolve(id_of(1), Outcome::applied);

    EXPECT_EQ(ids(next(9, 10)), std::vector{id_of(2)});
}

TEST_F(WaitingTest, TellsWhatIsOverdueTheLongestFirst)
{
    park(1, 300);
    park(2, 100);
    park(3, 200);
    park(4, 900);
    park(5, 800);
    park(6, 1, 5);
    placed(7, {delivery_as(DeliveryState::hold, "order/7")});
    place_due(8, 1);

    auto none = overdue(99);
    EXPECT_TRUE(none.deliveries.empty());
    EXPECT_EQ(none.next, at_ms(100));
    EXPECT_EQ(ids(overdue(100)), std::vector{id_of(2)}) << "at the very instant";
    EXPECT_EQ(overdue(100).next, at_ms(200));
    auto three = overdue(799);
    EXPECT_EQ(ids(three), (std::vector{id_of(2), id_of(3), id_of(1)}));
    EXPECT_EQ(three.next, at_ms(800));
    auto two = overdue(799, 2);
    EXPECT_EQ(ids(two), (std::vector{id_of(2), id_of(3)}));
    EXPECT_EQ(two.next, at_ms(800)) << "of those that are not overdue";
    EXPECT_EQ(overdue(1'800'000'000'000).deliveries.size(), 5U) << "as large as real ones";
    EXPECT_FALSE(overdue(900).next);
    EXPECT_EQ(ids(overdue(1, 128, 5)), std::vector{id_of(6)});
    EXPECT_TRUE(overdue(900, 128, 6).deliveries.empty());
    EXPECT_FALSE(overdue(900, 128, 6).next);
}

TEST_F(WaitingTest, TellsAllOfWhatIsOverdue)
{
    auto delivery = delivery_as(DeliveryState::park, "order/1", 3);
    delivery.attempts = 2;
    delivery.telling.at = at_ms(50);
    delivery.telling.what = "the SKU sku/1";
    auto seq = placed(1, {delivery}, 63);

    auto told = overdue(50, 1, 63).deliveries.at(0);

    EXPECT_EQ(told.id, id_of(1, 3));
    EXPECT_EQ(told.state, DeliveryState::park);
    EXPECT_EQ(told.slot, "orders#3");
    EXPECT_EQ(told.system, "erp");
    EXPECT_EQ(told.lane, lane_of("order/1"));
    EXPECT_EQ(told.seq, seq);
    EXPECT_EQ(told.attempts, 2U);
    EXPECT_EQ(told.at, at_ms(50));
    EXPECT_EQ(told.missing, missing_of("sku/1"));
    EXPECT_EQ(told.what, "the SKU sku/1");
    EXPECT_EQ(told.effect, delivery.effect);
}

TEST_F(WaitingTest, TellsWhatIsMissingAndHowManyWaitForIt)
{
    EXPECT_TRUE(loop_.await(retry::missing_things(*redis_)).value().empty());
    park(1, 100);
    park(2, 100, 5);
    park(3, 100, 63);
    park(4, 100, 0, "sku/2");

    auto things = loop_.await(retry::missing_things(*redis_)).value();

    ASSERT_EQ(things.size(), 2U);
    std::ranges::sort(things, {}, &retry::MissingThing::what);
    EXPECT_EQ(things[0].key, missing_of("sku/1"));
    EXPECT_EQ(things[0].what, "sku/1");
    EXPECT_EQ(things[0].waiting, 3U);
    EXPECT_EQ(things[1].key, missing_of("sku/2"));
    EXPECT_EQ(things[1].waiting, 1U);
    release();
    things = loop_.await(retry::missing_things(*redis_)).value();
    ASSERT_EQ(things.size(), 1U);
    EXPECT_EQ(things[0].what, "sku/2");

    command({"DEL", "hg:pk:" + std::string(view(missing_of("sku/2")))});
    EXPECT_EQ(loop_.await(retry::missing_things(*redis_)).value().at(0).waiting, 0U);
}

TEST_F(WaitingTest, TellsWhichOfManyHaveCome)
{
    command({"SET", "there", "1"});
    command({"HSET", "hash", "field", "1"});
    std::vector<retry::Come> asked{{"there", "", true},      {"there", "", false},      {"hash", "", true},
                                   {"elsewhere", "", true},  {"elsewhere", "", false},  {"hash", "field", true},
                                   {"hash", "field", false}, {"hash", "other", true},   {"hash", "other", false},
                                   {"there", "field", true}, {"there", "field", false}, {"elsewhere", "f", true}};
    const std::vector<bool> so{true, false, true, false, true, true, false, false, true, false, true, false};

    EXPECT_EQ(loop_.await(retry::have_come(*redis_, asked)).value(), so);
    EXPECT_TRUE(loop_.await(retry::have_come(*redis_, {})).value().empty());

    std::vector<retry::Come> many(1'000, asked[1]);
    many[700].there = true;
    auto told = loop_.await(retry::have_come(*redis_, many)).value();
    ASSERT_EQ(told.size(), 1'000U);
    EXPECT_EQ(std::ranges::count(told, true), 1);
    EXPECT_TRUE(told[700]);
}

TEST_F(WaitingTest, AsksForWholeNumbersInOneWrite)
{
    command({"SET", "text", "seven b"});
    command({"SADD", "set", "a", "b"});
    auto ask = [this](std::vector<std::vector<std::string>> commands) {
        return loop_.await(retry::integers(*redis_, std::move(commands)));
    };

    auto answers =
        ask({{"STRLEN", "text"}, {"SCARD", "text"}, {"SCARD", "set"}, {"EXISTS", "none"}, {"STRLEN", "set"}});

    EXPECT_EQ(*answers, (std::vector<std::int64_t>{7, 0, 2, 0, 0}));
    EXPECT_TRUE(ask({})->empty());
    EXPECT_EQ(ask({{"STRLEN", "text"}, {"NONESUCH"}, {"SCARD", "set"}}).error().code, "redis_error");
}

TEST_F(WaitingTest, TellsEnvelopesInTheOrderAsked)
{
    for (std::uint64_t event = 1; event <= 3; ++event)
        accept(item_of(event, event));
    command({"DEL", retry::event_key("b", event_of(2))});
    command({"SADD", retry::event_key("b", event_of(2)), "stranger"});
    auto large = std::string(3U << 20U, 'x');
    command({"SET", retry::event_key("b", event_of(4)), large});
    command({"SET", retry::event_key("b", event_of(5)), large});

    auto told = loop_
                    .await(retry::envelopes(*redis_, {event_of(4), event_of(3), event_of(9), event_of(5), event_of(2),
                                                      event_of(1), event_of(3)}))
                    .value();

    ASSERT_EQ(told.size(), 7U);
    EXPECT_EQ(told[0], large);
    EXPECT_EQ(told[1], "envelope of 3");
    EXPECT_FALSE(told[2]);
    EXPECT_EQ(told[3], large);
    EXPECT_FALSE(told[4]);
    EXPECT_EQ(told[5], "envelope of 1");
    EXPECT_EQ(told[6], "envelope of 3");
    EXPECT_TRUE(loop_.await(retry::envelopes(*redis_, {})).value().empty());
}

TEST_F(WaitingTest, KnowsNothingOfAnEventThatNeverLeftTheFastPath)
{
    accept(item_of(1, 1));

    for (std::uint64_t event : {1, 2}) {
        auto nothing = known(event);
        EXPECT_EQ(nothing.round, 0U);
        EXPECT_FALSE(nothing.maybe_sent);
        EXPECT_TRUE(nothing.deliveries.empty());
    }
}

TEST_F(WaitingTest, KnowsOfALetterWhetherSomeOfItMayHaveBeenSent)
{
    for (std::uint64_t event : {1, 2}) {
        auto burial = burial_of(event, accept(item_of(event, event))->seq);
        burial.maybe_sent = event == 2;
        ASSERT_EQ(bury(burial), retry::BuryAnswer::buried);
    }

    EXPECT_FALSE(known(1).maybe_sent);
    EXPECT_EQ(known(1).round, 0U);
    EXPECT_TRUE(known(1).deliveries.empty());
    EXPECT_TRUE(known(2).maybe_sent);

    auto again = StoreTest::readmit(2, 0);
    EXPECT_EQ(known(2).round, 1U);
    EXPECT_TRUE(known(2).maybe_sent);
    bury(burial_of(2, again->seq));
    EXPECT_TRUE(known(2).maybe_sent) << "what was sent before the first death was sent";
}

TEST_F(WaitingTest, KnowsWhatADeliveryThatComesAgainHasComeTo)
{
    auto unsure = delivery_as(DeliveryState::dead, "order/2", 1);
    unsure.attempts = 3;
    unsure.telling.maybe = true;
    placed(1, {delivery_as(DeliveryState::applied, "order/1", 0), unsure, delivery_as(DeliveryState::due, "order/3", 2),
               delivery_as(DeliveryState::hold, "order/4", 3)});
    take(id_of(1, 2));
    decide(id_of(1, 3), Verdict::discard, DeliveryState::hold);
    ASSERT_EQ(readmit(id_of(1, 1), 0)->answer, retry::Readmitted::Answer::readmitted);

    auto told = known(1);

    EXPECT_EQ(told.round, 1U);
    EXPECT_FALSE(told.maybe_sent);
    ASSERT_EQ(told.deliveries.size(), 4U);
    auto expect = [&](std::uint64_t slot, DeliveryState state, std::uint32_t attempts, bool maybe) {
        auto found = std::ranges::find(told.deliveries, id_of(1, slot).half, &retry::KnownEvent::Known::half);
        ASSERT_NE(found, told.deliveries.end()) << slot;
        EXPECT_EQ(found->state, state) << slot;
        EXPECT_EQ(found->attempts, attempts) << slot;
        EXPECT_EQ(found->maybe, maybe) << slot;
    };
    expect(0, DeliveryState::applied, 0, false);
    expect(1, DeliveryState::again, 3, true);
    expect(2, DeliveryState::busy, 1, false);
    expect(3, DeliveryState::discarded, 0, false);
}

TEST_F(WaitingTest, KnowsNothingMoreOfAnEventThatHasEndedAndIsArchived)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    take(id_of(1));
    resolve(id_of(1), Outcome::applied);
    EXPECT_EQ(known(1).deliveries.at(0).state, DeliveryState::applied);

    loop_.await(frames_->archive(0, frames().back().id));

    EXPECT_TRUE(known(1).deliveries.empty());
}

TEST_F(WaitingTest, KnowsWhichSystemsHaveLanesAndWhichLanesAreTaken)
{
    EXPECT_TRUE(loop_.await(retry::systems_with_lanes(*redis_)).value().empty());
    placed(1, {delivery_as(DeliveryState::applied, "order/1", 0), delivery_as(DeliveryState::dead, "order/2", 1),
               delivery_as(DeliveryState::hold, "order/3", 2, "wms")});

    EXPECT_EQ(loop_.await(retry::systems_with_lanes(*redis_)).value(), std::vector<std::string>{"wms"});
    auto taken = [&](const std::string& entity, const std::string& system) {
        return loop_.await(retry::lane_is_taken(*redis_, lane_of(entity, system))).value();
    };
    EXPECT_FALSE(taken("order/1", "erp"));
    EXPECT_FALSE(taken("order/2", "erp"));
    EXPECT_TRUE(taken("order/3", "wms"));
    EXPECT_FALSE(taken("order/3", "erp"));
}

TEST_F(WaitingTest, FailsAsRedisDoes)
{
    command({"SET", "hg:lanes", "stranger"});
    command({"SET", "hg:ready:0:erp", "stranger"});
    command({"SET", retry::event_key("e", event_of(1)), "stranger"});

    EXPECT_EQ(loop_.await(retry::systems_with_lanes(*redis_)).error().code, "redis_error");
    EXPECT_EQ(loop_.await(retry::next_deliveries(*redis_, scripts_, 0, "erp", at_ms(1), 1)).error().code,
              "redis_error");
    EXPECT_EQ(loop_.await(retry::next_deliveries(*redis_, scripts_, 1, "erp", at_ms(1), 257)).error().code,
              "redis_error");
    EXPECT_EQ(loop_.await(retry::known_event(*redis_, scripts_, event_of(1))).error().code, "redis_error");
    EXPECT_EQ(loop_.await(retry::overdue_deliveries(*redis_, scripts_, 0, at_ms(1), 129)).error().code, "redis_error");
    command({"HSET", "hg:work", "no sixteen", "what"});
    EXPECT_EQ(loop_.await(retry::missing_things(*redis_)).error().code, "redis_reply");
    command({"SET", "hg:work", "stranger"});
    EXPECT_EQ(loop_.await(retry::missing_things(*redis_)).error().code, "redis_error");
    server_.kill();
    EXPECT_FALSE(loop_.await(retry::have_come(*redis_, {{"a", "", true}, {"b", "", true}})));
    EXPECT_FALSE(loop_.await(retry::missing_things(*redis_)));
}

}  // namespace headgate::test
