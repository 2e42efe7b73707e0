#include <array>
#include <set>

#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryState;
using retry::FrameState;
using retry::Outcome;
using retry::Resolved;
using Verdict = retry::Decision::Verdict;

/// What waits for something that will come.
class ParkingTest : public VerifiedSlowPathTest {
protected:
    /// What waits for one that comes behind it in its lane.
    static retry::NewDelivery passing(const std::string& entity = "order/1", std::uint64_t slot = 0)
    {
        auto child = delivery_as(DeliveryState::park, entity, slot);
        child.telling.pass = true;
        return child;
    }
    static retry::Telling with(std::vector<retry::Come> come)
    {
        auto telling = telling_of();
        telling.come = std::move(come);
        return telling;
    }
    static std::string pk(const std::string& missing = "sku/1")
    {
        return "hg:pk:" + std::string(view(missing_of(missing)));
    }
    Result<Resolved> resolve_parked(retry::DeliveryId id, Outcome outcome, std::uint32_t attempts = 0,
                                    retry::Telling telling = telling_of())
    {
        return resolve({0, id, attempts, DeliveryState::park, outcome, std::move(telling), "overdue"});
    }
    bool nobody_waits()
    {
        return said_of() == "none" && number({"EXISTS", pk()}) == 0 && number({"EXISTS", "hg:work"}) == 0;
    }
};

TEST_F(ParkingTest, WhatIsParkedGoesOnlyWhenItIsReleasedWhereverItIs)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::park, "refund/1")});
    placed(3, {delivery_as(DeliveryState::park, "refund/2")}, 4);
    auto other = delivery_as(DeliveryState::park, "refund/3");
    other.telling = telling_of("sku/2");
    placed(4, {other});
    take(id_of(1));

    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->state, DeliveryState::applied);
    EXPECT_EQ(tally().park + tally(4).park, 3);
    auto released = release().value();

    EXPECT_EQ(released.count, 2U);
    EXPECT_FALSE(released.more);
    EXPECT_EQ(std::set(released.ready.begin(), released.ready.end()), (std::set{named(id_of(2)), named(id_of(3), 4)}));
    EXPECT_EQ(state_of(id_of(2)), "ready");
    EXPECT_EQ(state_of(id_of(3)), "ready");
    EXPECT_EQ(state_of(id_of(4)), "park");
    EXPECT_EQ(release()->count, 0U);
    EXPECT_EQ(said_of(), "none");
    EXPECT_EQ(said_of("sku/2"), "sku/2");
}

TEST_F(ParkingTest, ReleasesPageByPage)
{
    for (std::uint64_t i = 1; i <= 300; ++i)
        placed(i, {delivery_as(DeliveryState::park, "order/" + std::to_string(i))});
    std::uint64_t count = 0;
    int pages = 0;
    for (bool more = true; more; ++pages) {
        EXPECT_EQ(said_of(), "sku/1");
        auto released = release().value();
        count += released.count;
        more = released.more;
    }

    EXPECT_EQ(count, 300U);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(tally().ready, 300);
    EXPECT_EQ(waiting(DeliveryState::ready).size(), 300U);
    EXPECT_TRUE(nobody_waits());
}

TEST_F(ParkingTest, ADeadlineEndsParking)
{
    placed(1, {delivery_as(DeliveryState::park)});

    EXPECT_EQ(resolve_parked(id_of(1), Outcome::dead)->answer, Resolved::Answer::done);
    EXPECT_EQ(resolve_parked(id_of(1), Outcome::dead)->answer, Resolved::Answer::late);

    EXPECT_TRUE(nobody_waits());
    EXPECT_EQ(tally().d_dead, 1);
    EXPECT_EQ(tally().waiting(), 0);
    EXPECT_EQ(frames().back().state, FrameState::dead);
}

TEST_F(ParkingTest, TheFirstThatParksSaysWhatIsWaitedFor)
{
    auto says = [](std::string what) {
        auto telling = telling_of();
        telling.what = std::move(what);
        return telling;
    };
    auto first = delivery_as(DeliveryState::park, "order/1");
    first.telling = says("first");
    auto second = delivery_as(DeliveryState::park, "order/2");
    second.telling = says("second");
    placed(1, {first});
    placed(2, {second}, 9);
    placed(3, {delivery_as(DeliveryState::ready, "order/3")});
    take(id_of(3));

    resolve(id_of(3), Outcome::park, 1, says("third"));
    EXPECT_EQ(said_of(), "first");
    EXPECT_EQ(waiting(DeliveryState::park, 9).at(0).what, "second");
    resolve_parked(id_of(1), Outcome::suppressed);
    EXPECT_EQ(said_of(), "first") << "others wait still";
    decide(id_of(2), Verdict::discard, DeliveryState::park);
    EXPECT_EQ(said_of(), "first");
    resolve_parked(id_of(3), Outcome::park, 1, says("the last, again"));
    EXPECT_EQ(said_of(), "the last, again") << "for a moment nobody waited";
    decide(id_of(3), Verdict::discard, DeliveryState::park, 1);

    EXPECT_TRUE(nobody_waits());
}

TEST_F(ParkingTest, WhatParksTwiceInOneCallWaitsForTheLast)
{
    placed(1, {passing()});
    std::vector<Task<Resolved>> tasks;
    for (const char* missing : {"sku/2", "sku/3"}) {
        retry::Resolution again{0, id_of(1), 0, DeliveryState::park, Outcome::park, telling_of(missing), "frame"};
        again.telling.pass = true;
        tasks.push_back(deliveries_->resolve(std::move(again)));
    }

    for (const auto& answer : loop_.await_all(std::move(tasks)))
        EXPECT_EQ(answer->state, DeliveryState::park);

    EXPECT_EQ(frames().size(), 3U) << "none of it was said again, one by one";
    EXPECT_EQ(said_of(), "none");
    EXPECT_EQ(said_of("sku/2"), "none");
    EXPECT_EQ(said_of("sku/3"), "sku/3");
    EXPECT_EQ(number({"EXISTS", pk(), pk("sku/2"), pk("sku/3")}), 1);
    EXPECT_EQ(owner_of("order/1"), "");
}

TEST_F(ParkingTest, IsNotParkedWhenItHasComeAlready)
{
    command({"SET", "there", "x"});
    command({"HSET", "hash", "field", "x"});
    const std::vector<std::pair<std::vector<retry::Come>, bool>> all{
        {{}, false},
        {{{"there", "", true}}, true},
        {{{"there", "", false}}, false},
        {{{"hash", "", true}}, true},
        {{{"elsewhere", "", true}}, false},
        {{{"elsewhere", "", false}}, true},
        {{{"hash", "field", true}}, true},
        {{{"hash", "field", false}}, false},
        {{{"hash", "other", true}}, false},
        {{{"hash", "other", false}}, true},
        {{{"elsewhere", "field", true}}, false},
        {{{"elsewhere", "field", false}}, true},
        {{{"elsewhere", "", true}, {"hash", "field", true}}, true},
        {{{"hash", "field", true}, {"elsewhere", "", true}}, true},
        {{{"hash", "other", true}, {"elsewhere", "", true}}, false}};
    std::vector<retry::NewDelivery> at_once, tried;
    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        at_once.push_back(delivery_as(DeliveryState::park, "order/" + std::to_string(slot), slot));
        at_once.back().telling = with(all[slot].first);
        tried.push_back(delivery_as(DeliveryState::ready, "refund/" + std::to_string(slot), slot));
    }
    placed(1, at_once);
    placed(2, tried);

    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        const auto& [come, has_come] = all[slot];
        take(id_of(2, slot));
        auto resolved = resolve(id_of(2, slot), Outcome::park, 1, with(come));

        EXPECT_EQ(resolved->answer, Resolved::Answer::done);
        EXPECT_EQ(resolved->state, has_come ? DeliveryState::ready : DeliveryState::park) << slot;
        EXPECT_EQ(frames().back().state, has_come ? FrameState::waiting : FrameState::parked) << slot;
        EXPECT_FALSE(resolved->next);
        for (std::uint64_t event : {1, 2}) {
            EXPECT_EQ(state_of(id_of(event, slot)), has_come ? "ready" : "park") << event << " " << slot;
            EXPECT_EQ(field_of_delivery(id_of(event, slot), "pk"),
                      has_come ? "none" : std::string(view(missing_of("sku/1"))));
        }
        EXPECT_EQ(owner_of("order/" + std::to_string(slot)), id_of(1, slot).raw());
        EXPECT_EQ(owner_of("refund/" + std::to_string(slot)), id_of(2, slot).raw());
    }
    EXPECT_EQ(release()->count, 14U) << "seven of each";
}

TEST_F(ParkingTest, WhatHasComeAlreadyWaitsBehindWhoHasTheLaneStill)
{
    command({"SET", "there", "x"});
    placed(1, {delivery_as(DeliveryState::ready)});
    auto next = delivery_as(DeliveryState::park);
    next.telling = with({{"there", "", true}});
    next.telling.pass = true;
    placed(2, {next});

    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_TRUE(nobody_waits());
    take(id_of(1));
    EXPECT_EQ(resolve(id_of(1), Outcome::applied)->next, named(id_of(2)));
}

TEST_F(ParkingTest, WhatHasComeWhenItWouldPassKeepsItsLane)
{
    command({"SET", "there", "x"});
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::ready)});
    take(id_of(1));
    auto telling = with({{"there", "", true}});
    telling.pass = true;

    auto resolved = resolve(id_of(1), Outcome::park, 1, telling);

    EXPECT_EQ(resolved->state, DeliveryState::ready);
    EXPECT_FALSE(resolved->next);
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_EQ(field_of_delivery(id_of(1), "pass"), "none");
}

TEST_F(ParkingTest, TellsTheStateThatADeliveryHasNow)
{
    const std::vector<std::pair<Outcome, DeliveryState>> all{
        {Outcome::retry, DeliveryState::due},       {Outcome::throttled, DeliveryState::due},
        {Outcome::unknown, DeliveryState::due},     {Outcome::park, DeliveryState::park},
        {Outcome::hold, DeliveryState::hold},       {Outcome::dead, DeliveryState::dead},
        {Outcome::applied, DeliveryState::applied}, {Outcome::suppressed, DeliveryState::suppressed}};
    std::vector<retry::NewDelivery> deliveries;
    for (std::uint64_t slot = 0; slot < all.size(); ++slot)
        deliveries.push_back(delivery_as(DeliveryState::ready, "order/" + std::to_string(slot), slot));
    placed(1, deliveries);

    for (std::uint64_t slot = 0; slot < all.size(); ++slot) {
        auto [outcome, state] = all[slot];
        take(id_of(1, slot));
        EXPECT_EQ(resolve(id_of(1, slot), outcome)->state, state);
        EXPECT_EQ(retry::state_of(outcome), state);
        EXPECT_FALSE(resolve(id_of(1, slot), outcome)->state) << "late";
    }
    EXPECT_FALSE(resolve(id_of(9), Outcome::applied)->state);
}

TEST_F(ParkingTest, WhatWaitsForOneBehindItLetsThatGoFirst)
{
    placed(1, {passing()});
    EXPECT_EQ(owner_of("order/1"), "");
    EXPECT_EQ(lanes_counted(), "none");
    EXPECT_EQ(field_of_delivery(id_of(1), "pass"), "1");

    placed(2, {delivery_as(DeliveryState::ready)}, 5);
    EXPECT_EQ(state_of(id_of(2)), "ready");
    EXPECT_EQ(take(id_of(2), 0, 5)->answer, retry::Taken::Answer::taken);
    EXPECT_FALSE(resolve(id_of(2), Outcome::applied, 1, telling_of(), 5)->next) << "it has not been released yet";
    EXPECT_EQ(lanes_counted(), "none");
    auto released = release().value();

    EXPECT_EQ(released.count, 1U);
    EXPECT_EQ(released.ready, std::vector{named(id_of(1))});
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    EXPECT_EQ(lanes_counted(), "1");
    EXPECT_EQ(field_of_delivery(id_of(1), "pass"), "none");
    EXPECT_TRUE(nobody_waits());
    EXPECT_EQ(take(id_of(1))->answer, retry::Taken::Answer::taken);
}

TEST_F(ParkingTest, WhatParksAndLetsOthersByGivesItsLaneToTheNext)
{
    placed(1, {delivery_as(DeliveryState::ready)});
    placed(2, {delivery_as(DeliveryState::ready)}, 5);
    placed(3, {delivery_as(DeliveryState::ready)});
    take(id_of(1));
    auto telling = telling_of();
    telling.pass = true;

    auto resolved = resolve(id_of(1), Outcome::park, 1, telling);

    EXPECT_EQ(resolved->state, DeliveryState::park);
    EXPECT_EQ(resolved->next, named(id_of(2), 5));
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
    EXPECT_EQ(lanes_counted(), "1");

    // What it waited for has come while another has the lane: it is the first that waits there.
    EXPECT_TRUE(release()->ready.empty());
    EXPECT_EQ(state_of(id_of(1)), "lane");
    EXPECT_EQ(field_of_delivery(id_of(1), "pass"), "none");
    take(id_of(2), 0, 5);
    EXPECT_EQ(resolve(id_of(2), Outcome::applied, 1, telling_of(), 5)->next, named(id_of(1)));
    take(id_of(1), 1);
    EXPECT_EQ(resolve(id_of(1), Outcome::applied, 2)->next, named(id_of(3)));
}

TEST_F(ParkingTest, WhatParksWithoutLettingOthersByKeepsItsLane)
{
    placed(1, {delivery_as(DeliveryState::park)});
    placed(2, {delivery_as(DeliveryState::ready)});

    EXPECT_EQ(field_of_delivery(id_of(1), "pass"), "0");
    EXPECT_EQ(state_of(id_of(2)), "lane");
    EXPECT_EQ(release()->ready, std::vector{named(id_of(1))});
    EXPECT_EQ(field_of_delivery(id_of(1), "pass"), "none");
    EXPECT_EQ(state_of(id_of(2)), "lane");
}

TEST_F(ParkingTest, WhatIsPlacedToLetOthersByIsParkedEvenBehindWhoHasTheLane)
{
    placed(1, {delivery_as(DeliveryState::ready)});

    placed(2, {passing(), passing("order/1", 1), delivery_as(DeliveryState::park, "order/1", 2)});

    EXPECT_EQ(state_of(id_of(2, 0)), "park");
    EXPECT_EQ(state_of(id_of(2, 1)), "park");
    EXPECT_EQ(state_of(id_of(2, 2)), "lane") << "this one would have the lane";
    EXPECT_EQ(owner_of("order/1"), id_of(1).raw());
    EXPECT_EQ(lanes_counted(), "1");
}

TEST_F(ParkingTest, AReadmittedOneThatLetsOthersByLeavesTheLaneItHad)
{
    auto patch = delivery_as(DeliveryState::dead);
    patch.order = Order::sequence;
    placed(1, {patch});
    placed(2, {delivery_as(DeliveryState::ready)});
    auto child = passing();
    child.order = Order::sequence;

    auto answer = place(placement_of(1, readmit(id_of(1), 0)->seq, {child}));

    EXPECT_EQ(answer->ready, std::vector{named(id_of(2))});
    EXPECT_EQ(state_of(id_of(1)), "park");
    EXPECT_EQ(owner_of("order/1"), id_of(2).raw());
}

TEST_F(ParkingTest, OfThoseReleasedIntoOneLaneTheFirstThatCameGoesFirst)
{
    // Whatever order the set has them in.
    std::vector<std::uint64_t> seqs;
    for (std::uint64_t event = 1; event <= 5; ++event)
        seqs.push_back(accept(item_of(event, event, static_cast<Partition>(event)))->seq);
    for (std::uint64_t event : {5, 3, 1, 2, 4}) {
        std::vector<retry::NewDelivery> children;
        for (std::uint64_t slot : {4, 2, 5, 0, 3, 1})
            children.push_back(passing("order/1", slot));
        place(placement_of(event, seqs[event - 1], children, static_cast<Partition>(event)));
    }

    auto released = release().value();

    EXPECT_EQ(released.count, 30U);
    EXPECT_EQ(released.ready, std::vector{named(id_of(1, 0), 1)});
    EXPECT_EQ(owner_of("order/1"), id_of(1, 0).raw());
    EXPECT_EQ(lanes_counted(), "1");
}

TEST_F(ParkingTest, WhatLetOthersByHasNoLaneThatAnotherHasWhateverBecomesOfIt)
{
    auto patch = passing("order/4");
    patch.order = Order::sequence;
    placed(1, {passing("order/1"), passing("order/2", 1), passing("order/3", 2)});
    placed(2, {patch});
    std::vector<retry::NewDelivery> first;
    for (std::uint64_t slot = 0; slot < 4; ++slot)
        first.push_back(delivery_as(DeliveryState::ready, "order/" + std::to_string(slot + 1), slot));
    placed(3, first);
    auto telling = telling_of();
    telling.progress = "step 2";
    telling.maybe = true;

    // Parked on something else, again: it waits in its turn, and finds out again what it is missing.
    const std::array<std::pair<retry::DeliveryId, Outcome>, 4> all{{{id_of(1, 0), Outcome::hold},
                                                                    {id_of(1, 1), Outcome::retry},
                                                                    {id_of(1, 2), Outcome::park},
                                                                    {id_of(2), Outcome::dead}}};
    for (const auto& [id, outcome] : all) {
        auto resolved = resolve_parked(id, outcome, 0, telling);
        EXPECT_EQ(resolved->state, DeliveryState::lane);
        EXPECT_FALSE(resolved->next);
        EXPECT_EQ(frames().back().state, FrameState::waiting);
        EXPECT_EQ(state_of(id), "lane");
    }

    EXPECT_EQ(lanes_counted(), "4");
    EXPECT_EQ(finding_lines(), "");
    EXPECT_EQ(tally().dead + tally().hold + tally().due + tally().park, 0);
    EXPECT_TRUE(nobody_waits());
    auto behind = waiting(DeliveryState::lane);
    ASSERT_EQ(behind.size(), 4U);
    EXPECT_EQ(behind[0].progress, "step 2");
    EXPECT_TRUE(behind[0].maybe);
    for (std::uint64_t slot = 0; slot < 4; ++slot) {
        take(id_of(3, slot));
        EXPECT_EQ(resolve(id_of(3, slot), Outcome::applied)->next, named(all[slot].first)) << slot;
    }
}

TEST_F(ParkingTest, WhatLetOthersByHasItsLaneWhenThatIsFree)
{
    placed(1, {passing("order/1"), passing("order/2", 1), passing("order/3", 2)});

    EXPECT_EQ(resolve_parked(id_of(1, 0), Outcome::hold)->state, DeliveryState::hold);
    EXPECT_EQ(resolve_parked(id_of(1, 1), Outcome::retry)->state, DeliveryState::due);
    EXPECT_EQ(resolve_parked(id_of(1, 2), Outcome::dead)->state, DeliveryState::dead);

    EXPECT_EQ(owner_of("order/1"), id_of(1, 0).raw());
    EXPECT_EQ(owner_of("order/2"), id_of(1, 1).raw());
    EXPECT_EQ(owner_of("order/3"), "");
    EXPECT_EQ(lanes_counted(), "2");
}

TEST_F(ParkingTest, WhatLetOthersByAndEndsLeavesTheLaneToWhoHasIt)
{
    placed(1, {passing("order/1"), passing("order/1", 1)});
    auto unsure = passing("order/1", 2);
    unsure.telling.maybe = true;
    placed(2, {unsure});
    placed(3, {delivery_as(DeliveryState::ready)});
    placed(4, {delivery_as(DeliveryState::ready)});

    EXPECT_FALSE(resolve_parked(id_of(1, 0), Outcome::suppressed)->next);
    EXPECT_FALSE(decide(id_of(1, 1), Verdict::supersede, DeliveryState::park)->next);
    auto decided = decide(id_of(2, 2), Verdict::not_arrived, DeliveryState::park);

    EXPECT_EQ(decided->state, DeliveryState::lane);
    EXPECT_EQ(owner_of("order/1"), id_of(3).raw());
    EXPECT_EQ(state_of(id_of(4)), "lane");
    EXPECT_EQ(lanes_counted(), "1");
    take(id_of(3));
    EXPECT_EQ(resolve(id_of(3), Outcome::applied)->next, named(id_of(2, 2)));
}

TEST_F(ParkingTest, ForgetsNamesOfWhatIsNotParkedOnIt)
{
    auto elsewhere = delivery_as(DeliveryState::park, "order/2", 1);
    elsewhere.telling = telling_of("sku/2");
    placed(1, {delivery_as(DeliveryState::ready), elsewhere});
    command({"SADD", pk(), id_of(1).raw(), id_of(1, 1).raw(), id_of(9).raw()});
    command({"HSET", "hg:work", std::string(view(missing_of("sku/1"))), "sku/1"});

    auto released = release().value();

    EXPECT_EQ(released.count, 0U);
    EXPECT_FALSE(released.more);
    EXPECT_TRUE(released.ready.empty());
    EXPECT_EQ(number({"EXISTS", pk()}), 0);
    EXPECT_EQ(said_of(), "none");
    EXPECT_EQ(state_of(id_of(1)), "ready");
    EXPECT_EQ(state_of(id_of(1, 1)), "park");
    EXPECT_EQ(said_of("sku/2"), "sku/2");
}

TEST_F(ParkingTest, VerifySeesWhatIsWaitedForAndNotKnownOrKnownAndNotWaitedFor)
{
    placed(1, {delivery_as(DeliveryState::park)});
    const std::string key(view(missing_of("sku/1")));
    const std::string other(view(missing_of("sku/2")));

    command({"HDEL", "hg:work", key});
    EXPECT_EQ(finding_lines(), "I5 p0: hg:work does not know of something that is waited for\n");
    command({"HSET", "hg:work", key, "sku/1", other, "sku/2"});
    EXPECT_EQ(finding_lines(), "I5 p0: hg:work knows of something that nothing waits for\n");
    command({"HDEL", "hg:work", other});
}

TEST_F(ParkingTest, VerifySeesALaneOfOneThatLetsOthersBy)
{
    placed(1, {passing()});
    const auto key = "hg:blk:" + std::string(view(lane_of("order/1")));
    command({"SET", key, id_of(1).raw()});
    command({"HSET", "hg:lanes", "erp", "1"});

    EXPECT_NE(finding_lines().find("has a lane that is not its own"), std::string::npos);
    command({"DEL", key, "hg:lanes"});
    command({"HSET", "hg:d:" + id_of(1).raw(), "pass", "0"});
    EXPECT_NE(finding_lines().find("does not have its lane"), std::string::npos);
    command({"HSET", "hg:d:" + id_of(1).raw(), "pass", "1"});
}

}  // namespace headgate::test
