#include <algorithm>

#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryState;
using retry::Ended;
using retry::FinishAnswer;
using retry::FrameState;
using retry::Outcome;
using retry::Placed;
using retry::Readmitted;
using retry::Resolved;
using retry::Taken;
using Verdict = retry::Decision::Verdict;

class DeliveriesTest : public SlowPathTest {
protected:
    void TearDown() override
    {
        EXPECT_EQ(finding_lines(), "");
        SlowPathTest::TearDown();
    }
    bool in_backlog(std::uint64_t event)
    {
        auto entries = loop_.await(backlog_->load(0, 0)).value();
        return std::ranges::any_of(entries, [&](const auto& entry) { return entry.event == event_of(event); });
    }
    static const std::string nobody;
};
const std::string DeliveriesTest::nobody(32, '\0');

TEST_F(DeliveriesTest, PlacesAnEventOnceWithARecordForEachDelivery)
{
    auto seq = accept(item_of(1, 1))->seq;
    auto placement = placement_of(1, seq,
                                  {delivery_as(DeliveryState::applied, "order/1", 0, "erp"),
                                   delivery_as(DeliveryState::due, "order/1", 0, "wms")});

    auto first = place(placement);
    auto again = place(placement);

    ASSERT_TRUE(first) << first.error().detail;
    EXPECT_EQ(first->answer, Placed::Answer::placed);
    EXPECT_FALSE(first->ended);
    EXPECT_EQ(again->answer, Placed::Answer::gone);
    EXPECT_FALSE(in_backlog(1));
    EXPECT_EQ(tally().open, 1);
    EXPECT_EQ(tally().waiting(), 1);
    EXPECT_EQ(tally().d_created, 2);
    EXPECT_EQ(tally().d_applied, 1);
    EXPECT_EQ(tally().due, 1);
    EXPECT_EQ(owner_of("order/1", "erp"), "");
    EXPECT_EQ(owner_of("order/1", "wms"), id_of(1, 0, "wms").raw());
    EXPECT_EQ(frames().at(0).state, FrameState::waiting);
    EXPECT_EQ(finish(finished_of(1, seq)), FinishAnswer::in_open);
    auto due = waiting(DeliveryState::due, 0, "wms");
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].id, id_of(1, 0, "wms"));
    EXPECT_EQ(due[0].slot, "orders#0");
    EXPECT_EQ(due[0].lane, lane_of("order/1", "wms"));
    EXPECT_EQ(due[0].at, at_ms(1'800'000'000'000));
    EXPECT_EQ(due[0].first, at_ms(1'700'000'000'000));
    EXPECT_EQ(due[0].seq, seq);
    EXPECT_EQ(due[0].reason, "http_503");
    EXPECT_EQ(due[0].failure_class, FailureClass::transient);
    EXPECT_EQ(loop_.await(retry::placed_systems(*redis_, 0)).value().size(), 2U);
}

TEST_F(DeliveriesTest, FinishesAnEventThatHasNothingLeftAsItIsPlaced)
{
    auto seq = accept(item_of(1, 1))->seq;

    auto answer = place(placement_of(
        1, seq,
        {delivery_as(DeliveryState::applied, "order/1", 0), delivery_as(DeliveryState::suppressed, "order/2", 1)}));

    EXPECT_EQ(answer->ended, Ended::applied);
    EXPECT_EQ(tally().applied, 1);
    EXPECT_EQ(tally().open, 0);
    EXPECT_EQ(tally().d_suppressed, 1);
    EXPECT_EQ(loop_.await(frames_->archive(0, frames().at(0).id)), 1U);
    EXPECT_EQ(number({"EVAL", "return #redis.call('KEYS', 'hg:[bed]:*')", "0"}), 0);
}

TEST_F(DeliveriesTest, RefusesALaneThatIsAnothers)
{
    placed(1, {delivery_as(DeliveryState::due)});
    auto seq = accept(item_of(2, 2))->seq;
    auto before = digest();

    for (auto state : {DeliveryState::ready, DeliveryState::due, DeliveryState::park, DeliveryState::hold})
        EXPECT_EQ(place(placement_of(2, seq, {delivery_as(state)})).error().detail, "BADSTATE");
    EXPECT_EQ(digest(), before);

    EXPECT_TRUE(place(placement_of(2, seq,
                                   {delivery_as(DeliveryState::lane), delivery_as(DeliveryState::dead, "order/1", 1),
                                    delivery_as(DeliveryState::applied, "order/1", 2)})));
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
}

TEST_F(DeliveriesTest, CountsATakeAndAnswersTheSameWhenItIsSaidAgain)
{
    placed(1, {delivery_as(DeliveryState::ready)});

    auto first = take(id_of(1));
    auto again = take(id_of(1));
    auto later = take(id_of(1), 1);

    EXPECT_EQ(first->answer, Taken::Answer::taken);
    EXPECT_EQ(first->attempts, 1U);
    EXPECT_EQ(again->answer, Taken::Answer::taken);
    EXPECT_EQ(again->attempts, 1U);
    EXPECT_EQ(later->answer, Taken::Answer::gone);
    EXPECT_EQ(take(id_of(9))->answer, Taken::Answer::gone);
    EXPECT_EQ(tally().busy, 1);
    EXPECT_EQ(waiting(DeliveryState::busy).at(0).at, at_ms(5'000));
}

TEST_F(DeliveriesTest, TakesNothingOfASystemThatIsPaused)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    loop_.await(decisions_->pause("system:erp", R"({"who":"ann"})"));

    EXPECT_EQ(take(id_of(1))->answer, Taken::Answer::paused);
    EXPECT_EQ(loop_.await(decisions_->paused()).value().at("system:erp"), R"({"who":"ann"})");
    loop_.await(decisions_->go_on("system:erp"));

    EXPECT_EQ(take(id_of(1))->answer, Taken::Answer::taken);
    EXPECT_TRUE(loop_.await(decisions_->paused()).value().empty());
}

TEST_F(DeliveriesTest, HandsALaneOnInTheOrderOfArrivalAndThenOfTheEvent)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0)});
    auto second = accept(item_of(2, 2, 5))->seq;  // of another partition, yet before the third
    placed(3, {delivery_as(DeliveryState::lane, "order/1", 0), delivery_as(DeliveryState::lane, "order/1", 1),
               delivery_as(DeliveryState::lane, "order/1", 2)});
    place(placement_of(2, second, {delivery_as(DeliveryState::lane, "order/1", 0)}, 5));
    take(id_of(1));
    EXPECT_EQ(take(id_of(3))->answer, Taken::Answer::gone);

    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->next, id_of(2));
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
    take(id_of(2), 0, 5);
    EXPECT_EQ(resolve(id_of(2), Outcome::suppressed, 1, telling_of(), 5)->next, id_of(3, 0));
    take(id_of(3, 0));
    EXPECT_EQ(resolve(id_of(3, 0), Outcome::dead)->next, id_of(3, 1));
    take(id_of(3, 1));
    EXPECT_EQ(resolve(id_of(3, 1), Outcome::applied)->next, id_of(3, 2));
    take(id_of(3, 2));
    EXPECT_FALSE(resolve(id_of(3, 2), Outcome::applied)->next);
    EXPECT_EQ(owner_of("order/1"), "");
}

TEST_F(DeliveriesTest, ADeadOneOfASequenceKeepsItsLaneUntilItIsDiscarded)
{
    auto patch = delivery_as(DeliveryState::ready);
    patch.order = Order::sequence;
    placed(1, {patch});
    placed(2, {delivery_as(DeliveryState::lane)});
    take(id_of(1));

    EXPECT_FALSE(resolve(id_of(1), Outcome::dead)->next);
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    auto decided = decide(id_of(1), Verdict::discard, DeliveryState::dead, 1);

    EXPECT_EQ(decided->answer, retry::Decided::Answer::done);
    EXPECT_EQ(decided->next, id_of(2));
    EXPECT_EQ(decided->ended, Ended::discarded);
    EXPECT_EQ(tally().discarded, 1);
    EXPECT_EQ(tally().d_discarded, 1);
    EXPECT_EQ(tally().dead, 0);
    EXPECT_EQ(tally().cause_sum, 0);
}

TEST_F(DeliveriesTest, TakesTheHeadOfALaneWhoseFirstEndedOnTheFastPath)
{
    placed(1, {delivery_as(DeliveryState::lane, "order/1", 0), delivery_as(DeliveryState::lane, "order/1", 1)});
    EXPECT_EQ(owner_of("order/1"), nobody);

    EXPECT_EQ(take(id_of(1, 1))->answer, Taken::Answer::gone) << "not its turn";
    EXPECT_EQ(take(id_of(1, 0))->answer, Taken::Answer::taken);

    EXPECT_EQ(owner_of("order/1"), id_of(1, 0).raw());
    EXPECT_EQ(resolve(id_of(1, 0), Outcome::applied)->next, id_of(1, 1));
}

TEST_F(DeliveriesTest, AFirstOfALaneThatLeavesTheFastPathLaterHasItStill)
{
    placed(2, {delivery_as(DeliveryState::lane)});
    placed(1, {delivery_as(DeliveryState::due)});

    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    take(id_of(1));
    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->next, id_of(2));
}

TEST_F(DeliveriesTest, IgnoresALateAnswerAndOneThatIsToldTwice)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    take(id_of(1));

    EXPECT_EQ(resolve(id_of(1), Outcome::retry)->answer, Resolved::Answer::done);
    auto before = digest();
    EXPECT_EQ(resolve(id_of(1), Outcome::retry)->answer, Resolved::Answer::late);
    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->answer, Resolved::Answer::late);
    EXPECT_EQ(resolve(id_of(7), Outcome::applied)->answer, Resolved::Answer::late);
    EXPECT_EQ(digest(), before);

    EXPECT_EQ(take(id_of(1), 1)->attempts, 2U);
    EXPECT_EQ(resolve(id_of(1), Outcome::applied, 1)->answer, Resolved::Answer::late) << "of the first attempt";
    std::vector<Task<Resolved>> tasks;
    for (int i = 0; i < 2; ++i) {
        retry::Resolution resolution;
        resolution.delivery = id_of(1);
        resolution.attempts = 2;
        tasks.push_back(deliveries_->resolve(resolution));
    }
    auto answers = loop_.await_all(std::move(tasks));
    EXPECT_EQ(answers[0]->answer, Resolved::Answer::done);
    EXPECT_EQ(answers[0]->ended, Ended::applied);
    EXPECT_EQ(answers[1]->answer, Resolved::Answer::late);
    EXPECT_EQ(tally().d_applied, 1);
}

TEST_F(DeliveriesTest, AThrottledOneDoesNotAgeAndAnUnknownOneIsRemembered)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    take(id_of(1));

    resolve(id_of(1), Outcome::throttled);
    EXPECT_EQ(field_of_delivery(id_of(1), "attempts"), "0");
    EXPECT_EQ(field_of_delivery(id_of(1), "maybe"), "0");
    EXPECT_EQ(take(id_of(1), 0)->attempts, 1U);
    resolve(id_of(1), Outcome::unknown);

    EXPECT_EQ(state_of(id_of(1)), "due");
    auto due = waiting(DeliveryState::due).at(0);
    EXPECT_EQ(due.attempts, 1U);
    EXPECT_TRUE(due.maybe);
}

TEST_F(DeliveriesTest, WritesGuardsAndReferencesOfWhatWasApplied)
{
    auto key = retry::guard_hash("erp", "order", "order/1");
    placed(1, {delivery_as(DeliveryState::ready)});
    take(id_of(1));
    auto telling = telling_of();
    retry::Guard guard;
    guard.seq = 4;
    guard.target_id = "SO-1";
    telling.guards.push_back({key, guard});
    guard.seq = 3;
    guard.target_id = "older";
    telling.guards.push_back({key, guard});
    telling.references.push_back({"erp", "sales_order", "order/1", "SO-1"});

    resolve(id_of(1), Outcome::applied, 1, telling);

    EXPECT_EQ(loop_.await(backlog_->guards({key})).value()[0]->target_id, "SO-1");
    EXPECT_EQ(loop_.await(references_->find("erp", "sales_order", {"order/0", "order/1"})).value()[1], "SO-1");
    EXPECT_EQ(field_of_delivery(id_of(1), "target"), "T-1");
}

TEST_F(DeliveriesTest, WakesWhatIsParkedHereAndTellsOfWhatIsParkedElsewhere)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::park, "refund/1")});
    placed(3, {delivery_as(DeliveryState::park, "refund/2")}, 4);
    auto other = delivery_as(DeliveryState::park, "refund/3");
    other.telling = telling_of("sku/2");
    placed(4, {other});
    take(id_of(1));
    auto telling = telling_of();
    telling.wakes.push_back(missing_of("sku/1"));

    auto resolved = resolve(id_of(1), Outcome::applied, 1, telling);

    EXPECT_EQ(resolved->woken, std::vector{id_of(2)});
    EXPECT_EQ(resolved->still_parked, 1U);
    EXPECT_EQ(state_of(id_of(2)), "ready");
    EXPECT_EQ(state_of(id_of(3)), "park");
    EXPECT_EQ(state_of(id_of(4)), "park");
    auto released = loop_.await(decisions_->release(missing_of("sku/1"))).value();
    EXPECT_EQ(released.count, 1U);
    EXPECT_FALSE(released.more);
    ASSERT_EQ(released.ready.size(), 1U);
    EXPECT_EQ(released.ready[0].first, 4);
    EXPECT_EQ(released.ready[0].second, id_of(3));
    EXPECT_EQ(loop_.await(decisions_->release(missing_of("sku/1")))->count, 0U);
}

TEST_F(DeliveriesTest, ReleasesPageByPage)
{
    for (std::uint64_t i = 1; i <= 300; ++i)
        placed(i, {delivery_as(DeliveryState::park, "order/" + std::to_string(i))});
    std::uint64_t count = 0;
    int pages = 0;
    for (bool more = true; more; ++pages) {
        auto released = loop_.await(decisions_->release(missing_of("sku/1"))).value();
        count += released.count;
        more = released.more;
    }

    EXPECT_EQ(count, 300U);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(tally().ready, 300);
    EXPECT_EQ(waiting(DeliveryState::ready).size(), 300U);
}

TEST_F(DeliveriesTest, WhatHasParkedInTheSameCallIsToldOf)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1")});
    placed(2, {delivery_as(DeliveryState::ready, "order/2")});
    take(id_of(1));
    take(id_of(2));
    retry::Resolution applied{0, id_of(1), 1, DeliveryState::busy, Outcome::applied, telling_of(), "frame"};
    applied.telling.wakes.push_back(missing_of("sku/1"));
    retry::Resolution parked{0, id_of(2), 1, DeliveryState::busy, Outcome::park, telling_of(), "frame"};
    std::vector<Task<Resolved>> tasks;
    tasks.push_back(deliveries_->resolve(applied));
    tasks.push_back(deliveries_->resolve(parked));

    auto answers = loop_.await_all(std::move(tasks));

    EXPECT_TRUE(answers[0]->woken.empty());
    EXPECT_EQ(answers[0]->still_parked, 1U) << "or nothing would ever wake it";
}

TEST_F(DeliveriesTest, ADeadlineEndsParking)
{
    placed(1, {delivery_as(DeliveryState::park)});
    retry::Resolution late{0, id_of(1), 0, DeliveryState::park, Outcome::dead, telling_of(), "frame"};

    EXPECT_EQ(resolve(late)->answer, Resolved::Answer::done);
    EXPECT_EQ(resolve(late)->answer, Resolved::Answer::late);

    EXPECT_EQ(number({"EXISTS", "hg:pk:" + std::string(view(missing_of("sku/1")))}), 0);
    EXPECT_EQ(tally().d_dead, 1);
    EXPECT_EQ(tally().waiting(), 0);
    EXPECT_EQ(frames().back().state, FrameState::dead);
}

TEST_F(DeliveriesTest, TellsHistoryOfWhatEndsAndKeepsTheBodyUntilTheLast)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/2", 1)});
    take(id_of(1, 0));
    take(id_of(1, 1));

    resolve(id_of(1, 0), Outcome::applied);
    auto first = frames();
    EXPECT_EQ(loop_.await(frames_->archive(0, first.back().id)), 2U);
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1))}), 1);
    EXPECT_EQ(resolve(id_of(1, 1), Outcome::suppressed)->ended, Ended::applied);
    auto last = frames();

    EXPECT_EQ(first.at(1).state, FrameState::applied);
    EXPECT_EQ(first.at(1).delivery, id_of(1, 0));
    EXPECT_FALSE(first.at(1).ended);
    EXPECT_EQ(last.at(0).state, FrameState::suppressed);
    EXPECT_EQ(last.at(0).ended, Ended::applied);
    EXPECT_EQ(last.at(0).bytes, "resolved");
    loop_.await(frames_->archive(0, last.back().id));
    EXPECT_EQ(number({"EVAL", "return #redis.call('KEYS', 'hg:[bed]:*')", "0"}), 0);
}

TEST_F(DeliveriesTest, ADeadDeliveryIsALetter)
{
    placed(1, {delivery_as(DeliveryState::ready), delivery_as(DeliveryState::due, "order/2", 1)}, 3);
    take(id_of(1), 0, 3);
    auto telling = telling_of();
    telling.failure_class = FailureClass::permanent;
    resolve(id_of(1), Outcome::dead, 1, telling, 3);

    auto letter = loop_.await(letters_->show(event_of(1), id_of(1).half)).value();
    auto page = loop_.await(letters_->list({3, {}, {}, {}}, 10)).value();

    ASSERT_TRUE(letter);
    EXPECT_EQ(letter->event, event_of(1));
    EXPECT_EQ(letter->delivery, id_of(1).half);
    EXPECT_EQ(letter->slot, "orders#0");
    EXPECT_EQ(letter->system, "erp");
    EXPECT_EQ(letter->type, "sales_order");
    EXPECT_EQ(letter->stage, "deliver");
    EXPECT_EQ(letter->failure_class, FailureClass::permanent);
    EXPECT_EQ(letter->attempts, 1U);
    EXPECT_EQ(letter->seq, 1U);
    EXPECT_EQ(page.letters.size(), 1U);
    EXPECT_FALSE(loop_.await(letters_->show(event_of(1))).value());
    EXPECT_EQ(tally(3).dead, 1);
    EXPECT_EQ(tally(3).cause_sum, 1);
    EXPECT_EQ(tally(3).waiting(), 1) << "its other delivery is not dead";
}

TEST_F(DeliveriesTest, ReadmitsADeadDeliveryAndLeavesTheOthersWhereTheyAre)
{
    placed(1, {delivery_as(DeliveryState::dead, "order/1", 0), delivery_as(DeliveryState::due, "order/2", 1),
               delivery_as(DeliveryState::applied, "order/3", 2)});

    EXPECT_EQ(readmit(id_of(1, 0), 7)->answer, Readmitted::Answer::changed);
    auto readmitted = readmit(id_of(1, 0), 0);
    EXPECT_EQ(readmitted->answer, Readmitted::Answer::readmitted);
    EXPECT_EQ(readmit(id_of(1, 0), 0)->answer, Readmitted::Answer::gone);
    EXPECT_EQ(finding_lines(), "");
    EXPECT_TRUE(in_backlog(1));
    EXPECT_EQ(state_of(id_of(1, 0)), "again");
    EXPECT_EQ(tally().d_again, 1);
    EXPECT_EQ(tally().due, 1);
    EXPECT_EQ(tally().cause_sum, 0);
    EXPECT_EQ(finish(finished_of(1, readmitted->seq)), FinishAnswer::in_open);

    take(id_of(1, 1));
    EXPECT_FALSE(resolve(id_of(1, 1), Outcome::applied)->ended) << "it is back in the backlog";
    loop_.await(frames_->archive(0, frames().back().id));
    auto entry = loop_.await(backlog_->load(0, 0)).value().at(0);
    EXPECT_EQ(entry.origin_seq, 1U);
    EXPECT_TRUE(entry.envelope);
    auto placed_again = place(placement_of(
        1, entry.seq,
        {delivery_as(DeliveryState::applied, "order/1", 0), delivery_as(DeliveryState::due, "order/2", 1)}));

    EXPECT_EQ(placed_again->ended, Ended::applied);
    EXPECT_EQ(frames().back().round, 1U);
    EXPECT_EQ(tally().d_created, 3);
    EXPECT_EQ(tally().d_applied, 3);
    EXPECT_EQ(tally().unaccounted(), 0);
}

TEST_F(DeliveriesTest, AReadmittedOneThatIsMappedNoMoreIsSuppressedAndItsLaneGoesOn)
{
    auto patch = delivery_as(DeliveryState::dead, "order/1", 0);
    patch.order = Order::sequence;
    auto moved = delivery_as(DeliveryState::dead, "order/2", 1);
    moved.order = Order::sequence;
    placed(1, {patch, moved});
    placed(2, {delivery_as(DeliveryState::lane, "order/1", 0), delivery_as(DeliveryState::lane, "order/2", 1)});
    EXPECT_EQ(readmit(id_of(1, 0), 0)->answer, Readmitted::Answer::readmitted);
    EXPECT_EQ(readmit(id_of(1, 1), 0)->answer, Readmitted::Answer::event_first);
    auto seq = loop_.await(backlog_->load(0, 0)).value().at(0).seq;

    // The mended mapping makes another transaction of it.
    auto answer = place(placement_of(1, seq, {delivery_as(DeliveryState::due, "order/9", 5)}));
    EXPECT_EQ(answer->ready, std::vector{id_of(2, 0)});
    EXPECT_EQ(state_of(id_of(1, 0)), "suppressed");
    EXPECT_EQ(field_of_delivery(id_of(1, 0), "reason"), "not_mapped");
    EXPECT_EQ(state_of(id_of(1, 1)), "dead");

    // And the other one of another entity.
    auto again = readmit(id_of(1, 1), 0);
    ASSERT_EQ(again->answer, Readmitted::Answer::readmitted);
    auto elsewhere = place(placement_of(1, again->seq, {delivery_as(DeliveryState::due, "order/3", 1)}));
    EXPECT_EQ(elsewhere->ready, std::vector{id_of(2, 1)});
    EXPECT_EQ(owner_of("order/3"), id_of(1, 1).raw());
}

TEST_F(DeliveriesTest, AnEventThatDiesAfterAReplayIsALetterBesideItsDeliveries)
{
    placed(1, {delivery_as(DeliveryState::dead, "order/1", 0), delivery_as(DeliveryState::due, "order/2", 1)});
    auto seq = readmit(id_of(1, 0), 0)->seq;

    EXPECT_EQ(bury(burial_of(1, seq)), retry::BuryAnswer::buried);
    EXPECT_EQ(finding_lines(), "");
    EXPECT_EQ(tally().waiting(), 1);
    take(id_of(1, 1));
    EXPECT_FALSE(resolve(id_of(1, 1), Outcome::applied)->ended) << "it is a letter";
    EXPECT_EQ(tally().waiting(), 0);
    EXPECT_EQ(tally().dead, 1);

    auto again = StoreTest::readmit(1, 1);
    EXPECT_EQ(again->answer, Readmitted::Answer::readmitted);
    EXPECT_EQ(place(placement_of(1, again->seq, {delivery_as(DeliveryState::applied, "order/1", 0)}))->ended,
              Ended::applied);
}

TEST_F(DeliveriesTest, DecidesWhatIsHeld)
{
    placed(1, {delivery_as(DeliveryState::hold)});
    placed(2, {delivery_as(DeliveryState::hold, "order/2")});

    EXPECT_EQ(decide(id_of(9), Verdict::approve, DeliveryState::hold)->answer, retry::Decided::Answer::gone);
    EXPECT_EQ(decide(id_of(1), Verdict::approve, DeliveryState::park)->answer, retry::Decided::Answer::changed);
    EXPECT_EQ(decide(id_of(1), Verdict::arrived, DeliveryState::hold)->answer, retry::Decided::Answer::refused);
    auto approved = decide(id_of(1), Verdict::approve, DeliveryState::hold);
    auto twice = decide(id_of(1), Verdict::approve, DeliveryState::hold);
    auto superseded = decide(id_of(2), Verdict::supersede, DeliveryState::hold);

    EXPECT_EQ(approved->answer, retry::Decided::Answer::done);
    EXPECT_EQ(approved->state, DeliveryState::ready);
    EXPECT_EQ(twice->answer, retry::Decided::Answer::changed);
    EXPECT_EQ(twice->state, DeliveryState::ready);
    EXPECT_EQ(superseded->ended, Ended::suppressed);
    EXPECT_EQ(take(id_of(1))->answer, Taken::Answer::taken);
    EXPECT_EQ(frames().back().bytes, "ann");
}

TEST_F(DeliveriesTest, DecidesWhatPerhapsArrived)
{
    for (std::uint64_t i = 1; i <= 3; ++i) {
        placed(i, {delivery_as(DeliveryState::ready, "order/" + std::to_string(i))});
        take(id_of(i));
        auto telling = telling_of();
        telling.maybe = true;
        resolve(id_of(i), Outcome::hold, 1, telling);
    }

    for (auto verdict : {Verdict::approve, Verdict::supersede})
        EXPECT_EQ(decide(id_of(1), verdict, DeliveryState::hold, 1)->answer, retry::Decided::Answer::refused);
    auto there = decide(id_of(1), Verdict::arrived, DeliveryState::hold, 1);
    auto not_there = decide(id_of(2), Verdict::not_arrived, DeliveryState::hold, 1);
    auto away = decide(id_of(3), Verdict::discard, DeliveryState::hold, 1);

    EXPECT_EQ(there->ended, Ended::applied);
    EXPECT_EQ(field_of_delivery(id_of(1), "target"), "T-9");
    EXPECT_EQ(not_there->state, DeliveryState::ready);
    EXPECT_EQ(field_of_delivery(id_of(2), "maybe"), "0");
    EXPECT_EQ(away->ended, Ended::discarded);
    EXPECT_EQ(take(id_of(2), 1)->attempts, 2U);
}

TEST_F(DeliveriesTest, SpillsTheBodyOfWhatWaits)
{
    placed(1, {delivery_as(DeliveryState::due)});
    accept(item_of(2, 2));

    EXPECT_EQ(loop_.await(deliveries_->spill(0, event_of(1))), true);
    EXPECT_EQ(loop_.await(deliveries_->spill(0, event_of(1))), true);
    EXPECT_EQ(loop_.await(deliveries_->spill(0, event_of(2))), false);

    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1))}), 0);
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(2))}), 1);
    command({"DEL", "hg:i:" + std::string(view(item_of(1, 1).key))});
    EXPECT_EQ(accept(item_of(1, 1))->claim, retry::Claim::duplicate) << "its key's window has passed, and it waits";
}

TEST_F(DeliveriesTest, KeepsReferencesBySystemAndKind)
{
    std::vector<retry::Reference> many;
    for (int i = 0; i < 200; ++i)
        many.push_back({"erp", "sku", "sku/" + std::to_string(i), "E" + std::to_string(i)});
    EXPECT_TRUE(loop_.await(references_->put(many)));
    EXPECT_TRUE(loop_.await(references_->put({{"wms", "sku", "sku/1", "W1"}, {"erp", "sku", "sku/2", ""}})));
    EXPECT_FALSE(loop_.await(references_->put({{"", "sku", "sku/1", "W1"}})));

    auto found = loop_.await(references_->find("erp", "sku", {"sku/1", "sku/2", "sku/3"})).value();
    EXPECT_EQ(found[0], "E1");
    EXPECT_FALSE(found[1]);
    std::size_t count = 0;
    std::string cursor;
    do {
        auto page = loop_.await(references_->list("erp", "sku", cursor)).value();
        count += page.references.size();
        cursor = page.next;
    } while (!cursor.empty());
    EXPECT_EQ(count, 199U);
    EXPECT_EQ(loop_.await(references_->find("wms", "sku", {"sku/1"})).value()[0], "W1");
}

TEST_F(DeliveriesTest, WritesNothingWithoutTheLease)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::ready, "order/2")});
    take(id_of(2));
    auto seq = accept(item_of(3, 3))->seq;
    retry::Lease other(*redis_, scripts_);
    retry::Deliveries theirs(*redis_, scripts_, other);
    auto before = digest();

    EXPECT_EQ(
        loop_.await(theirs.place(placement_of(3, seq, {delivery_as(DeliveryState::due, "order/3")}))).error().code,
        "lease_lost");
    EXPECT_EQ(loop_.await(theirs.take({0, id_of(1), 0, at_ms(1)})).error().code, "lease_lost");
    EXPECT_EQ(loop_.await(theirs.resolve({0, id_of(2), 1, DeliveryState::busy, Outcome::applied, {}, ""})).error().code,
              "lease_lost");
    EXPECT_EQ(loop_.await(theirs.spill(0, event_of(1))).error().code, "lease_lost");
    EXPECT_EQ(digest(), before);
}

}  // namespace headgate::test
