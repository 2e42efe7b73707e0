#include <algorithm>
#include <csignal>

#include <gmock/gmock.h>

#include "retry/replay_jobs.hpp"
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
using retry::Spilling;
using retry::Taken;
using Verdict = retry::Decision::Verdict;

class DeliveriesTest : public VerifiedSlowPathTest {
protected:
    bool in_backlog(std::uint64_t event)
    {
        auto entries = loop_.await(backlog_->load(0, 0)).value();
        return std::ranges::any_of(entries, [&](const auto& entry) { return entry.event == event_of(event); });
    }
};

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
    EXPECT_EQ(loop_.await(retry::placed_systems(*redis_)).value()[0].size(), 2U);
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

TEST_F(DeliveriesTest, TakesOnlyWhatIsReadyOrDue)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::due, "order/2", 1),
               delivery_as(DeliveryState::ready, "order/1", 2), delivery_as(DeliveryState::park, "order/3", 3),
               delivery_as(DeliveryState::hold, "order/4", 4), delivery_as(DeliveryState::dead, "order/5", 5),
               delivery_as(DeliveryState::applied, "order/6", 6)});
    auto before = digest();

    for (std::uint64_t slot = 2; slot <= 6; ++slot)
        EXPECT_EQ(take(id_of(1, slot))->answer, Taken::Answer::gone) << slot;
    EXPECT_EQ(digest(), before);

    EXPECT_EQ(take(id_of(1, 0))->answer, Taken::Answer::taken);
    EXPECT_EQ(take(id_of(1, 1))->answer, Taken::Answer::taken);
}

TEST_F(DeliveriesTest, WhatIsReadmittedAndMapsToNothingAtAllIsSuppressed)
{
    auto patch = delivery_as(DeliveryState::dead, "order/1", 0);
    patch.order = Order::sequence;
    placed(1, {patch, delivery_as(DeliveryState::hold, "order/2", 1)});
    placed(2, {delivery_as(DeliveryState::ready, "order/1")}, 7);
    auto seq = readmit(id_of(1, 0), 0)->seq;

    auto answer = place(placement_of(1, seq, {}));

    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->answer, Placed::Answer::placed);
    EXPECT_FALSE(answer->ended) << "one is held";
    EXPECT_EQ(answer->ready, std::vector{named(id_of(2), 7)});
    EXPECT_EQ(state_of(id_of(1, 0)), "suppressed");
    EXPECT_EQ(field_of_delivery(id_of(1, 0), "reason"), "not_mapped");
    EXPECT_EQ(place(placement_of(1, seq, {}))->answer, Placed::Answer::gone);
    EXPECT_EQ(decide(id_of(1, 1), Verdict::supersede, DeliveryState::hold)->ended, Ended::suppressed);
}

TEST_F(DeliveriesTest, AnEventOfWhichNothingIsLeftAfterAReplayEnds)
{
    placed(1, {delivery_as(DeliveryState::dead, "order/1", 0), delivery_as(DeliveryState::applied, "order/2", 1)});

    EXPECT_EQ(place(placement_of(1, readmit(id_of(1, 0), 0)->seq, {}))->ended, Ended::applied);

    EXPECT_EQ(tally().d_suppressed, 1);
    EXPECT_EQ(tally().waiting(), 0);
}

TEST_F(DeliveriesTest, PlacesAsManyDeliveriesAsAnEventMayHave)
{
    std::vector<retry::NewDelivery> many;
    for (std::uint64_t slot = 0; slot < 10'000; ++slot)
        many.push_back(delivery_as(DeliveryState::ready, "order/" + std::to_string(slot / 2), slot));
    auto seq = accept(item_of(1, 1))->seq;

    auto answer = place(placement_of(1, seq, std::move(many)));

    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(tally().d_created, 10'000);
    EXPECT_EQ(tally().ready, 5'000);
    EXPECT_EQ(tally().lane, 5'000);
    EXPECT_EQ(lanes_counted(), "5000");
    EXPECT_EQ(loop_.await(retry::known_event(*redis_, scripts_, event_of(1)))->deliveries.size(), 10'000U);
}

TEST_F(DeliveriesTest, KeepsProgressThroughEveryChangeOfState)
{
    auto in_three_steps = delivery_as(DeliveryState::ready);
    in_three_steps.telling.progress = "step 1";
    placed(1, {in_three_steps});
    auto quiet = telling_of();
    auto further = telling_of();
    further.progress = "step 2";
    auto progress = [&] { return field_of_delivery(id_of(1), "progress"); };

    take(id_of(1));
    EXPECT_EQ(waiting(DeliveryState::busy).at(0).progress, "step 1");
    resolve(id_of(1), Outcome::retry, 1, quiet);
    EXPECT_EQ(waiting(DeliveryState::due).at(0).progress, "step 1");
    take(id_of(1), 1);
    resolve(id_of(1), Outcome::unknown, 2, further);
    EXPECT_EQ(waiting(DeliveryState::due).at(0).progress, "step 2");
    take(id_of(1), 2);
    resolve(id_of(1), Outcome::park, 3, quiet);
    EXPECT_EQ(waiting(DeliveryState::park).at(0).progress, "step 2");
    loop_.await(decisions_->release(missing_of("sku/1")));
    EXPECT_EQ(waiting(DeliveryState::ready).at(0).progress, "step 2");
    take(id_of(1), 3);
    resolve(id_of(1), Outcome::hold, 4, quiet);
    decide(id_of(1), Verdict::not_arrived, DeliveryState::hold, 4);
    EXPECT_EQ(progress(), "step 2");
    take(id_of(1), 4);
    resolve(id_of(1), Outcome::dead, 5, quiet);
    EXPECT_EQ(progress(), "step 2");

    auto seq = readmit(id_of(1), 0)->seq;
    EXPECT_EQ(progress(), "step 2");
    place(placement_of(1, seq, {delivery_as(DeliveryState::due)}));
    EXPECT_EQ(waiting(DeliveryState::due).at(0).progress, "step 2");
    take(id_of(1));
    auto done = telling_of();
    done.progress = "step 3";
    resolve(id_of(1), Outcome::applied, 1, done);
    EXPECT_EQ(progress(), "step 3");
}

TEST_F(DeliveriesTest, TheTimeOfAReadmittedOneBeginsAnew)
{
    placed(1, {delivery_as(DeliveryState::dead)});
    auto again = delivery_as(DeliveryState::due);
    again.first = at_ms(1'750'000'000'000);

    place(placement_of(1, readmit(id_of(1), 0)->seq, {again}));

    EXPECT_EQ(waiting(DeliveryState::due).at(0).first, at_ms(1'750'000'000'000));
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
    EXPECT_TRUE(first.at(1).waiting);
    EXPECT_FALSE(last.at(0).waiting);
    EXPECT_EQ(last.at(0).state, FrameState::suppressed);
    EXPECT_EQ(last.at(0).ended, Ended::applied);
    EXPECT_EQ(last.at(0).bytes, "resolved");
    loop_.await(frames_->archive(0, last.back().id));
    EXPECT_EQ(number({"EVAL", "return #redis.call('KEYS', 'hg:[bed]:*')", "0"}), 0);
}

TEST_F(DeliveriesTest, TellsHistoryOfEveryOutcome)
{
    std::vector<std::pair<Outcome, FrameState>> all{{Outcome::retry, FrameState::waiting},
                                                    {Outcome::throttled, FrameState::waiting},
                                                    {Outcome::unknown, FrameState::waiting},
                                                    {Outcome::park, FrameState::parked},
                                                    {Outcome::hold, FrameState::held},
                                                    {Outcome::dead, FrameState::dead},
                                                    {Outcome::suppressed, FrameState::suppressed},
                                                    {Outcome::applied, FrameState::applied}};
    std::vector<retry::NewDelivery> deliveries;
    for (std::uint64_t slot = 0; slot < all.size(); ++slot)
        deliveries.push_back(delivery_as(DeliveryState::ready, "order/" + std::to_string(slot), slot));
    placed(1, deliveries);
    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        take(id_of(1, slot));
        resolve(id_of(1, slot), all[slot].first);
    }

    auto written = frames();

    ASSERT_EQ(written.size(), 1 + all.size());
    EXPECT_FALSE(written[0].delivery);
    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        const auto& frame = written[1 + slot];
        EXPECT_EQ(frame.state, all[slot].second) << slot;
        EXPECT_EQ(frame.delivery, id_of(1, slot));
        EXPECT_EQ(frame.bytes, "resolved");
        EXPECT_FALSE(frame.ended) << slot;
        EXPECT_TRUE(frame.waiting) << slot;
    }
}

TEST_F(DeliveriesTest, AFrameOfADeliverySaysWhatItsEventIsThen)
{
    placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::hold, "order/2", 1),
               delivery_as(DeliveryState::hold, "order/3", 2)});
    take(id_of(1, 0));

    resolve(id_of(1, 0), Outcome::dead);
    EXPECT_TRUE(frames().back().waiting) << "two are held";
    decide(id_of(1, 1), Verdict::discard, DeliveryState::hold);
    EXPECT_TRUE(frames().back().waiting) << "one is held";
    retry::Resolution overdue{0, id_of(1, 2), 0, DeliveryState::hold, Outcome::dead, telling_of(), "overdue"};
    resolve(overdue);
    EXPECT_EQ(frames().back().state, FrameState::dead);
    EXPECT_FALSE(frames().back().waiting) << "only letters are left";
    EXPECT_FALSE(frames().back().ended);
    auto seq = readmit(id_of(1, 0), 0)->seq;
    decide(id_of(1, 2), Verdict::discard, DeliveryState::dead);
    EXPECT_TRUE(frames().back().waiting) << "one is readmitted";
    place(placement_of(1, seq, {delivery_as(DeliveryState::hold, "order/1", 0)}));
    decide(id_of(1, 0), Verdict::approve, DeliveryState::hold);
    EXPECT_EQ(frames().back().state, FrameState::waiting);
    EXPECT_TRUE(frames().back().waiting) << "back at work";
    take(id_of(1, 0));
    resolve(id_of(1, 0), Outcome::applied);

    EXPECT_EQ(frames().back().ended, Ended::discarded);
    EXPECT_FALSE(frames().back().waiting);
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

TEST_F(DeliveriesTest, DiscardsAnEventsLetter)
{
    placed(1, {delivery_as(DeliveryState::dead, "order/1", 0), delivery_as(DeliveryState::due, "order/2", 1)});
    auto seq = readmit(id_of(1, 0), 0)->seq;
    bury(burial_of(1, seq));
    const auto discard = [&](std::uint64_t event, std::uint32_t round) {
        return loop_.await(letters_->discard(event_of(event), round, "nobody needs it"));
    };

    EXPECT_EQ(discard(2, 0)->answer, retry::Discarded::Answer::gone);
    EXPECT_EQ(discard(1, 0)->answer, retry::Discarded::Answer::changed) << "it died again since";
    auto done = discard(1, 1);
    EXPECT_EQ(done->answer, retry::Discarded::Answer::done);
    EXPECT_EQ(done->ended, std::nullopt) << "the other delivery waits";
    EXPECT_EQ(discard(1, 1)->answer, retry::Discarded::Answer::gone);
    EXPECT_EQ(finding_lines(), "");
    EXPECT_EQ(tally().dead, 0);
    EXPECT_EQ(tally().waiting(), 1);
    EXPECT_EQ(tally().d_discarded, 1) << "the one that waited for the event goes with it";
    EXPECT_EQ(frames().back().bytes, "nobody needs it");
    EXPECT_EQ(loop_.await(letters_->of({event_of(1)}))->size(), 0U);

    take(id_of(1, 1));
    EXPECT_EQ(resolve(id_of(1, 1), Outcome::applied)->ended, Ended::discarded) << "not all of it was applied";
    EXPECT_EQ(tally().unaccounted(), 0);
}

TEST_F(DeliveriesTest, WhatADiscardedEventHeldUpGoesOn)
{
    auto dead = delivery_as(DeliveryState::dead);
    dead.order = Order::sequence;
    placed(1, {dead});
    placed(2, {delivery_as(DeliveryState::ready)});  // waits behind it in its lane
    bury(burial_of(1, readmit(id_of(1), 0)->seq));

    auto done = loop_.await(letters_->discard(event_of(1), 1, "nobody needs it"));

    EXPECT_EQ(done->ended, Ended::discarded);
    ASSERT_EQ(done->ready.size(), 1U);
    EXPECT_EQ(done->ready[0].id, id_of(2));
    EXPECT_EQ(finding_lines(), "");
    EXPECT_EQ(tally().discarded, 1);
    EXPECT_EQ(take(id_of(2))->answer, Taken::Answer::taken);
}

TEST_F(DeliveriesTest, KnowsAllLettersOfSomeEvents)
{
    placed(1, {delivery_as(DeliveryState::dead, "order/1", 0), delivery_as(DeliveryState::due, "order/2", 1),
               delivery_as(DeliveryState::dead, "order/3", 2)});
    placed(2, {delivery_as(DeliveryState::due, "order/4")});
    accept(item_of(3, 3));
    bury(burial_of(3, 3));

    const auto letters = loop_.await(letters_->of({event_of(1), event_of(2), event_of(3), event_of(4)})).value();

    ASSERT_EQ(letters.size(), 3U);
    EXPECT_EQ(letters[0].delivery, id_of(1, 0).half);
    EXPECT_EQ(letters[1].delivery, id_of(1, 2).half);
    EXPECT_EQ(letters[2].event, event_of(3));
    EXPECT_EQ(letters[2].delivery, std::nullopt);
    EXPECT_EQ(letters[2].entity, "order/3");
    EXPECT_EQ(letters[2].order_number, "#3");
    EXPECT_EQ(letters[2].type, "sales_order");
}

TEST_F(DeliveriesTest, AJobMovesOnInTheStepThatReadmits)
{
    retry::ReplayJobs jobs(*redis_, scripts_);
    placed(1, {delivery_as(DeliveryState::dead, "order/1", 0), delivery_as(DeliveryState::dead, "order/2", 1)});
    placed(2, {delivery_as(DeliveryState::dead, "order/3")});
    EXPECT_EQ(loop_.await(jobs.create("abcdefgh", "{}", 5, at_ms(1))), true);
    EXPECT_EQ(loop_.await(jobs.create("abcdefgh", "{}", 5, at_ms(1))), false);
    const std::vector<retry::JobLetter> letters{{event_of(1), id_of(1, 0).half},
                                                {event_of(1), id_of(1, 1).half},
                                                {event_of(2), id_of(2).half, 7},
                                                {event_of(9)}};
    EXPECT_TRUE(loop_.await(jobs.add("abcdefgh", 0, letters)));
    EXPECT_TRUE(loop_.await(jobs.add("abcdefgh", 0, letters))) << "the answer was lost, and it is said again";
    const auto put_back = [&](std::uint64_t at, const retry::JobLetter& letter) {
        return loop_
            .await(letters_->readmit({letter.event, letter.round, "by a job", "", letter.delivery, "ann",
                                      retry::Readmission::OfJob{"abcdefgh", at, true}}))
            ->answer;
    };
    EXPECT_EQ(put_back(0, letters[0]), Readmitted::Answer::not_its_turn) << "it does not run yet";
    EXPECT_EQ(loop_.await(jobs.begin("abcdefgh")).value(), retry::ReplayJob::State::running);
    EXPECT_EQ(put_back(1, letters[1]), Readmitted::Answer::not_its_turn);
    EXPECT_EQ(put_back(0, letters[1]), Readmitted::Answer::not_its_turn) << "another stands there";

    EXPECT_EQ(put_back(0, letters[0]), Readmitted::Answer::readmitted);
    EXPECT_EQ(put_back(0, letters[0]), Readmitted::Answer::not_its_turn) << "and not again";
    EXPECT_EQ(put_back(1, letters[1]), Readmitted::Answer::event_first);
    EXPECT_EQ(put_back(2, letters[2]), Readmitted::Answer::changed);
    EXPECT_EQ(put_back(3, letters[3]), Readmitted::Answer::gone);
    EXPECT_EQ(loop_.await(jobs.finish("abcdefgh")).value(), retry::ReplayJob::State::running) << "one came again";
    const auto again = loop_.await(jobs.letters("abcdefgh", 4, 10)).value();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].delivery, letters[1].delivery);
    EXPECT_EQ(again[0].tries, 1);
    EXPECT_TRUE(loop_.await(jobs.skip("abcdefgh", 4)));
    EXPECT_EQ(loop_.await(jobs.pause("abcdefgh")).value(), retry::ReplayJob::State::paused);
    EXPECT_EQ(put_back(5, letters[0]), Readmitted::Answer::not_its_turn);
    EXPECT_EQ(loop_.await(jobs.resume("abcdefgh", 9)).value(), retry::ReplayJob::State::running);
    EXPECT_EQ(loop_.await(jobs.finish("abcdefgh")).value(), retry::ReplayJob::State::done);
    EXPECT_EQ(loop_.await(jobs.cancel("abcdefgh")).value(), retry::ReplayJob::State::done);
    EXPECT_EQ(loop_.await(jobs.cancel("zzzzzzzz")).value(), std::nullopt);

    const auto job = loop_.await(jobs.show("abcdefgh")).value().value();
    EXPECT_EQ(job.total, 4U);
    EXPECT_EQ(job.rate, 9U);
    EXPECT_EQ(job.replayed, 1U);
    EXPECT_EQ(job.changed, 1U);
    EXPECT_EQ(job.gone, 1U);
    EXPECT_EQ(job.left, 1U);
    EXPECT_EQ(job.postponed, 1U);
    EXPECT_EQ(job.done(), 4U);
    EXPECT_EQ(finding_lines(), "");
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
    auto there = loop_.await(
        decisions_->decide({id_of(1), DeliveryState::hold, 1, Verdict::arrived, "by_hand", "ann", "step one"}));
    auto not_there = decide(id_of(2), Verdict::not_arrived, DeliveryState::hold, 1);
    auto away = decide(id_of(3), Verdict::discard, DeliveryState::hold, 1);

    EXPECT_EQ(there->state, DeliveryState::ready);
    EXPECT_EQ(there->ended, std::nullopt);
    EXPECT_EQ(field_of_delivery(id_of(1), "progress"), "step one");
    EXPECT_EQ(field_of_delivery(id_of(1), "maybe"), "0");
    EXPECT_EQ(not_there->state, DeliveryState::ready);
    EXPECT_EQ(field_of_delivery(id_of(2), "maybe"), "0");
    EXPECT_EQ(away->ended, Ended::discarded);
    EXPECT_EQ(take(id_of(2), 1)->attempts, 2U);
}

TEST_F(DeliveriesTest, SpillsTheBodyOfWhatWaits)
{
    placed(1, {delivery_as(DeliveryState::due)});
    accept(item_of(2, 2));
    placed(3, {delivery_as(DeliveryState::dead)});

    EXPECT_EQ(spill(Spilling::What::waiting, {1, 2, 3}), envelope_of(1).size());
    EXPECT_EQ(spill(Spilling::What::waiting, {1}), 0U);

    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1))}), 0);
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(2))}), 1) << "it is in the backlog";
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(3))}), 1) << "it is a letter";
    command({"DEL", "hg:i:" + std::string(view(item_of(1, 1).key))});
    EXPECT_EQ(accept(item_of(1, 1))->claim, retry::Claim::duplicate) << "its key's window has passed, and it waits";
}

TEST_F(DeliveriesTest, CountsTheBodiesOfWhatIsNothingButLetters)
{
    placed(1, {delivery_as(DeliveryState::dead)});
    placed(2, {delivery_as(DeliveryState::dead, "order/2", 0), delivery_as(DeliveryState::hold, "order/3", 1)});
    bury(burial_of(3, accept(item_of(3, 3))->seq));
    EXPECT_EQ(loop_.await(letters_->resident_bytes()), 2 * envelope_of(1).size());

    decide(id_of(2, 1), Verdict::discard, DeliveryState::hold);
    EXPECT_EQ(loop_.await(letters_->resident_bytes()), 3 * envelope_of(1).size()) << "nothing of it waits any more";

    EXPECT_EQ(spill(Spilling::What::letters, {1, 2}), 2 * envelope_of(1).size());
    EXPECT_EQ(loop_.await(letters_->resident_bytes()), envelope_of(1).size());
    EXPECT_EQ(tally().kept, 1);
    EXPECT_EQ(tally().resting, 3);

    StoreTest::readmit(3, 0);
    EXPECT_EQ(loop_.await(letters_->resident_bytes()), 0U) << "it is back at work";
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(DeliveriesTest, TellsTheOldestLettersWhoseBodiesMayGo)
{
    placed(1, {delivery_as(DeliveryState::dead)});
    placed(2, {delivery_as(DeliveryState::dead, "order/2", 0), delivery_as(DeliveryState::hold, "order/3", 1)});
    for (std::uint64_t event : {3, 4, 5})
        bury(burial_of(event, accept(item_of(event, event))->seq));
    spill(Spilling::What::letters, {3});
    edit(4);

    const auto page = loop_.await(letters_->resident({})).value();

    std::vector<EventId> events;
    for (const auto& letter : page.letters)
        events.push_back(letter.event);
    EXPECT_EQ(events, (std::vector{event_of(1), event_of(5)})) << "of 2 something waits, 3 is away, 4 was edited";
    EXPECT_EQ(page.letters[0].bytes, envelope_of(1).size());
    EXPECT_FALSE(page.next);
}

TEST_F(DeliveriesTest, KeepsTheBodyThatWasEdited)
{
    bury(burial_of(1, accept(item_of(1, 1))->seq));

    edit(1);

    EXPECT_EQ(loop_.await(letters_->resident_bytes()), std::string_view(edited_envelope).size());
    EXPECT_EQ(spill(Spilling::What::letters, {1}), 0U);
    EXPECT_EQ(finding_lines(), "");
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

TEST_F(DeliveriesTest, WhatAPersonSaysIsThereLeavesWhatIsKnownOfItAlone)
{
    const auto told = retry::guard_hash("erp", "sales_order", "order/1");
    const auto untold = retry::guard_hash("erp", "sales_order", "order/2");
    retry::Guard known;
    known.seq = 7;
    known.target_id = "SO-1";
    command({"SET", "hg:g:" + std::string(view(told)), retry::encode(known)});

    for (const auto& fact : {told, untold})
        EXPECT_TRUE(loop_.await(decisions_->there(fact, "SO-2")));

    const auto guards = loop_.await(backlog_->guards({told, untold})).value();
    EXPECT_EQ(guards[0], known);
    EXPECT_EQ(guards[1]->seq, 0U);
    EXPECT_EQ(guards[1]->target_id, "SO-2");
    EXPECT_GT(number({"TTL", "hg:g:" + std::string(view(untold))}), 89 * 86'400);
}

TEST_F(DeliveriesTest, WhatMayBeAskedAgainIsNeverDoubtful)
{
    server_.signal(SIGSTOP);
    std::vector<FailureClass> classes;
    const auto ask = [&]<class T>(Task<T> task) {
        asio::co_spawn(loop_.context, std::move(task), [&](const std::exception_ptr& /*error*/, Result<T> result) {
            classes.push_back(result.error().failure_class);
        });
    };
    ask(references_->put({{"erp", "sku", "sku/1", "E1"}}));
    ask(references_->find("erp", "sku", {"sku/1"}));
    ask(references_->list("erp", "sku"));
    ask(backlog_->guards({retry::guard_hash("erp", "sales_order", "order/1")}));
    loop_.context.poll();  // written
    server_.kill();
    loop_.run_until([&] { return classes.size() == 4; });

    EXPECT_THAT(classes, testing::Each(FailureClass::transient));
    server_.start();  // for what is verified at the end
    ASSERT_TRUE(loop_.await(redis_->wait_connected(60s)));
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
    EXPECT_EQ(loop_.await(theirs.spill({Spilling::What::waiting, {{0, event_of(1)}}})).error().code, "lease_lost");
    EXPECT_EQ(digest(), before);
}

}  // namespace headgate::test
