#include <gmock/gmock.h>

#include "slow_path.hpp"

namespace headgate::test {

namespace {

using retry::DeliveryState;
using retry::Ended;

/// Letters of a fact of which something later is applied.
class SupersedingTest : public VerifiedSlowPathTest {
protected:
    static retry::NewDelivery delivery(DeliveryState state, std::int64_t version = 0, std::uint64_t slot = 0)
    {
        auto made = delivery_as(state, "stock/1", slot);
        made.fact = fact;
        if (version > 0)
            made.version = retry::ordered_version({Version::Kind::integer, std::to_string(version)});
        return made;
    }
    static retry::NewDelivery letter(std::int64_t version = 0, std::uint64_t slot = 0)
    {
        auto made = delivery(DeliveryState::dead, version, slot);
        made.attempts = 1;  // it was sent, and refused
        return made;
    }
    /// Applied at once, as its system was told of it.
    void apply(std::uint64_t event, std::int64_t version = 0)
    {
        const auto seq = accept(item_of(event, event))->seq;
        auto made = delivery(DeliveryState::applied, version);
        made.telling.guards.push_back({fact, {made.version, seq, {}, false, "S-1"}});
        ASSERT_TRUE(place(placement_of(event, seq, {made})));
    }
    std::vector<retry::Superseded> supersede(std::vector<retry::DeliveryId> letters)
    {
        return loop_.await(decisions_->supersede(std::move(letters), "why")).value();
    }
    std::string stands(retry::DeliveryId id) { return state_of(id) + " " + field_of_delivery(id, "reason"); }

    static const Hash16 fact;
};
const Hash16 SupersedingTest::fact = retry::guard_hash("erp", "inventory_level", "stock/1");

TEST_F(SupersedingTest, EndsALetterOnceSomethingLaterIsApplied)
{
    placed(1, {letter()});
    EXPECT_TRUE(supersede({id_of(1)}).empty()) << "nothing was applied yet";
    apply(2);

    const auto ended = supersede({id_of(1)});

    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].partition, 0);
    EXPECT_EQ(ended[0].ended, Ended::suppressed);
    EXPECT_EQ(stands(id_of(1)), "suppressed superseded");
    EXPECT_EQ(tally().dead, 0);
    EXPECT_EQ(tally().suppressed, 1);
    EXPECT_EQ(tally().kept, 0);
    const auto told = frames().back();
    EXPECT_EQ(told.bytes, "why");
    EXPECT_EQ(told.delivery, id_of(1));
    EXPECT_EQ(told.state, retry::FrameState::suppressed);
    EXPECT_EQ(told.ended, Ended::suppressed);
    EXPECT_TRUE(supersede({id_of(1)}).empty()) << "once";
}

TEST_F(SupersedingTest, GoesByVersionsBeforeItGoesByArrival)
{
    apply(1, 7);
    placed(2, {letter(8)});
    placed(3, {letter(6)});
    placed(4, {letter(7)});

    const auto ended = supersede({id_of(2), id_of(3), id_of(4)});

    EXPECT_EQ(ended.size(), 1U);
    EXPECT_EQ(state_of(id_of(2)), "dead") << "newer than what was applied";
    EXPECT_EQ(stands(id_of(3)), "suppressed superseded") << "it came later, and is older";
    EXPECT_EQ(state_of(id_of(4)), "dead") << "the same version, told later";
}

TEST_F(SupersedingTest, GoesByArrivalWhereOneHasNoVersion)
{
    placed(1, {letter(9)});
    apply(2);
    placed(3, {letter(1)});

    supersede({id_of(1), id_of(3)});

    EXPECT_EQ(stands(id_of(1)), "suppressed superseded");
    EXPECT_EQ(state_of(id_of(3)), "dead");
}

TEST_F(SupersedingTest, LeavesWhatMayHaveHadAnEffect)
{
    auto perhaps_sent = letter(0, 0);
    perhaps_sent.telling.maybe = true;
    auto begun = letter(0, 1);
    begun.telling.progress = "step one";
    placed(1, {perhaps_sent, begun});
    apply(2);

    EXPECT_TRUE(supersede({id_of(1, 0), id_of(1, 1)}).empty());

    EXPECT_EQ(tally().dead, 2);
}

TEST_F(SupersedingTest, LeavesWhatIsNoState)
{
    auto patch = letter(0, 0);
    patch.order = Order::sequence;
    auto delta = letter(0, 1);
    delta.order = Order::free;
    placed(1, {patch, delta});
    placed(2, {delivery_as(DeliveryState::dead, "stock/1")});
    const auto seq = accept(item_of(3, 3))->seq;
    auto later = delivery_as(DeliveryState::applied, "stock/2");
    later.telling.guards.push_back({fact, {"", seq, {}, false, "S-1"}});
    ASSERT_TRUE(place(placement_of(3, seq, {later})));

    EXPECT_TRUE(supersede({id_of(1, 0), id_of(1, 1), id_of(2)}).empty());

    EXPECT_EQ(tally().dead, 3) << "the last one's fact is not known";
}

TEST_F(SupersedingTest, LeavesTheOthersOfAnEvent)
{
    placed(1, {letter(0, 0), delivery_as(DeliveryState::hold, "stock/5", 1),
               delivery_as(DeliveryState::dead, "stock/6", 2)});
    apply(2);

    const auto ended = supersede({id_of(1, 0)});

    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].ended, std::nullopt);
    EXPECT_EQ(state_of(id_of(1, 1)), "hold");
    EXPECT_EQ(state_of(id_of(1, 2)), "dead");
    EXPECT_TRUE(frames().back().waiting);
}

TEST_F(SupersedingTest, LeavesWhatIsBackAtWork)
{
    placed(1, {letter()});
    apply(2);
    ASSERT_EQ(readmit(id_of(1), 0)->answer, retry::Readmitted::Answer::readmitted);

    EXPECT_TRUE(supersede({id_of(1)}).empty()) << "its own guard says that it is stale";
    EXPECT_TRUE(supersede({id_of(9)}).empty()) << "there is none";
}

TEST_F(SupersedingTest, EndsALetterThatIsNamedTwiceOnce)
{
    placed(1, {letter()});
    apply(2);

    EXPECT_EQ(supersede({id_of(1), id_of(1)}).size(), 1U);

    EXPECT_EQ(tally().suppressed, 1);
}

}  // namespace

}  // namespace headgate::test
