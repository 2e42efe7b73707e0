#include "gateway/oldest_letters.hpp"

#include <gtest/gtest.h>

namespace headgate::gateway {
namespace {

using namespace std::chrono_literals;
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

EventId event_of(std::uint8_t number)
{
    std::array<std::uint8_t, 16> bytes{};
    bytes[15] = number;
    return std::bit_cast<EventId>(bytes);
}

/// Partitions with a letter at each of these instants; what is named twice comes in two pages.
class OldestLettersTest : public ::testing::Test {
protected:
    void answer(Partition partition, std::vector<int> died_at, bool more = false)
    {
        retry::ResidentPage page;
        for (const int at : died_at)
            page.letters.push_back(
                {event_of(static_cast<std::uint8_t>(at)), Instant(std::chrono::milliseconds(at)), 10});
        if (more)
            page.next = retry::LetterCursor{.partition = partition,
                                            .after = page.letters.empty() ? event_of(0) : page.letters.back().event};
        letters_.add(partition, std::move(page));
    }
    /// Whatever was not answered is empty.
    void answer_the_rest()
    {
        while (const auto from = letters_.wanted())
            answer(from->partition, {});
    }
    std::vector<EventId> take_all()
    {
        std::vector<EventId> taken;
        while (const auto letter = letters_.take())
            taken.push_back(letter->event);
        return taken;
    }

    OldestLetters letters_;
};

TEST_F(OldestLettersTest, AreTheOldestOfAllPartitions)
{
    letters_.restart();
    answer(3, {10, 40});
    answer(7, {20, 30});
    answer_the_rest();

    const auto first = letters_.take();

    ASSERT_TRUE(first);
    EXPECT_EQ(first->partition, 3);
    EXPECT_EQ(first->bytes, 10U);
    EXPECT_EQ(take_all(), (std::vector{event_of(20), event_of(30), event_of(40)}));
}

TEST_F(OldestLettersTest, WantThePageThatMayHoldAnOlderOneFirst)
{
    letters_.restart();
    answer(3, {10}, true);
    answer(7, {20});
    answer_the_rest();
    ASSERT_TRUE(letters_.take());

    const auto wanted = letters_.wanted();

    ASSERT_TRUE(wanted) << "3 may have one that is older than 20";
    EXPECT_EQ(wanted->partition, 3);
    EXPECT_EQ(wanted->after, event_of(10));
    answer(3, {15});
    EXPECT_EQ(take_all(), (std::vector{event_of(15), event_of(20)}));
}

TEST_F(OldestLettersTest, WantTheNextPageOfOneWithoutAnyThatMayGo)
{
    letters_.restart();
    answer(0, {}, true);

    EXPECT_EQ(letters_.wanted()->partition, 0);
    EXPECT_TRUE(letters_.wanted()->after);
}

TEST_F(OldestLettersTest, BeginWithTheOldestAgain)
{
    letters_.restart();
    answer_the_rest();
    EXPECT_FALSE(letters_.take());

    letters_.restart();

    ASSERT_TRUE(letters_.wanted());
    EXPECT_FALSE(letters_.wanted()->after);
}

}  // namespace
}  // namespace headgate::gateway
