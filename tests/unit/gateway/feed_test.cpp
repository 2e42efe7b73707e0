#include "gateway/feed.hpp"

#include <random>

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

Event event(std::uint64_t seq, Partition partition = 3)
{
    Event made;
    made.partition = partition;
    made.seq = seq;
    made.origin_seq = seq;
    return made;
}

std::vector<Event> events(std::initializer_list<std::uint64_t> seqs)
{
    std::vector<Event> all;
    for (const auto seq : seqs)
        all.push_back(event(seq));
    return all;
}

class FeedTest : public ::testing::Test {
protected:
    std::vector<std::uint64_t> taken()
    {
        std::vector<std::uint64_t> seqs;
        while (feed_.ready_count() > 0)
            seqs.push_back(feed_.pop().seq);
        return seqs;
    }

    /// Every partition answers that it has nothing.
    void start_empty()
    {
        while (const auto load = feed_.next_load())
            feed_.loaded(*load, {});
    }

    /// Empty, and in step with the ordinals: the first event is loaded, as it always is.
    void start_in_step()
    {
        start_empty();
        feed_.hand(event(10), 1, true);
        const auto load = feed_.next_load();
        ASSERT_TRUE(load);
        feed_.loaded(*load, events({10}));
        EXPECT_EQ(taken(), std::vector<std::uint64_t>{10});
    }

    Feed feed_;
};

TEST_F(FeedTest, AtTheStartEveryPartitionIsLoadedFromItsBeginning)
{
    std::set<int> partitions;
    while (const auto load = feed_.next_load()) {
        EXPECT_EQ(load->after, 0U);
        partitions.insert(load->partition);
    }
    EXPECT_EQ(partitions.size(), 64U);
}

TEST_F(FeedTest, WhatIsHandedOverInOrderNeedsNoLoad)
{
    start_in_step();
    feed_.hand(event(12), 2, true);
    feed_.hand(event(15), 3, true);

    EXPECT_EQ(taken(), (std::vector<std::uint64_t>{12, 15}));
    EXPECT_FALSE(feed_.next_load());
    EXPECT_TRUE(feed_.caught_up());
}

TEST_F(FeedTest, WhatOvertookIsHeldUntilTheGapIsClosed)
{
    start_in_step();
    feed_.hand(event(15), 3, true);
    EXPECT_EQ(taken(), std::vector<std::uint64_t>{});
    feed_.hand(event(12), 2, true);

    EXPECT_EQ(taken(), (std::vector<std::uint64_t>{12, 15}));
    EXPECT_FALSE(feed_.next_load());
}

TEST_F(FeedTest, AGapThatStaysOpenIsFilledByLoading)
{
    start_in_step();
    feed_.hand(event(15), 3, true);
    feed_.tick();
    EXPECT_FALSE(feed_.next_load());
    feed_.tick();
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    EXPECT_EQ(load->after, 10U);
    feed_.loaded(*load, events({12, 15}));

    EXPECT_EQ(taken(), (std::vector<std::uint64_t>{12, 15}));
    feed_.hand(event(16), 4, true);
    EXPECT_EQ(taken(), std::vector<std::uint64_t>{16}) << "in step again";
}

TEST_F(FeedTest, WhatArrivesWhileALoadIsUnderWayIsNotLostWhenTheLoadMissedIt)
{
    start_in_step();
    feed_.hand(event(12), 2, false);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    feed_.hand(event(13), 3, true);
    feed_.loaded(*load, events({12}));
    EXPECT_EQ(taken(), std::vector<std::uint64_t>{12});
    const auto again = feed_.next_load();
    ASSERT_TRUE(again) << "13 was handed over during the load and is in the stream";
    EXPECT_EQ(again->after, 12U);
    feed_.loaded(*again, events({13}));
    EXPECT_EQ(taken(), std::vector<std::uint64_t>{13});
}

TEST_F(FeedTest, ALetterThatComesBackBehindTheCursorIsFetchedByItsSeq)
{
    start_in_step();
    feed_.hand(event(30), 2, true);
    taken();
    feed_.recall(3, 25);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    EXPECT_TRUE(load->recalled);
    EXPECT_EQ(load->after, 24U);
    EXPECT_EQ(load->limit, 1U);
    feed_.loaded(*load, events({25}));

    EXPECT_EQ(taken(), std::vector<std::uint64_t>{25});
    EXPECT_FALSE(feed_.next_load());
    feed_.hand(event(31), 3, true);
    EXPECT_EQ(taken(), std::vector<std::uint64_t>{31});
}

TEST_F(FeedTest, ASecondLetterThatComesBackDuringTheLoadForTheFirstIsFetchedAsWell)
{
    start_in_step();
    feed_.recall(3, 20);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    feed_.recall(3, 21);  // enters the stream behind what the load has already read
    feed_.loaded(*load, events({20}));
    const auto again = feed_.next_load();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->after, 20U);
}

TEST_F(FeedTest, AnEventThatRedisHasLostIsNotLookedForAgainAndAgain)
{
    start_in_step();
    feed_.hand(event(12), 2, false);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    feed_.loaded(*load, {});
    EXPECT_FALSE(feed_.next_load());
}

TEST_F(FeedTest, ALoadFromBeforeARestartChangesNothing)
{
    start_in_step();
    feed_.hand(event(12), 2, false);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    feed_.restart();
    feed_.loaded(*load, events({12}));
    EXPECT_EQ(taken(), std::vector<std::uint64_t>{});
}

TEST_F(FeedTest, AnEventThatOnlyADuplicateTellsOfIsLoaded)
{
    start_in_step();
    feed_.heard_of(3, 10);
    EXPECT_FALSE(feed_.next_load()) << "it was taken long ago";
    feed_.heard_of(3, 11);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    EXPECT_EQ(load->after, 10U);
}

TEST_F(FeedTest, AFailedLoadIsAskedForAgain)
{
    start_in_step();
    feed_.hand(event(12), 2, false);
    const auto load = feed_.next_load();
    ASSERT_TRUE(load);
    feed_.load_failed(*load);
    EXPECT_TRUE(feed_.next_load());
}

TEST_F(FeedTest, WhateverIsHandedOverLateTwiceOrNeverEveryEventIsTakenOnceAndInOrder)
{
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        std::mt19937 random(seed);
        Feed feed;
        std::vector<std::uint64_t> stream;                             // the truth: what is in Redis, by seq
        std::vector<std::pair<std::uint64_t, std::uint64_t>> answers;  // accepted, not handed over yet
        std::vector<Feed::Load> loads;
        std::vector<std::uint64_t> got;
        std::uint64_t seq = 0;
        const auto drain = [&] {
            while (feed.ready_count() > 0)
                got.push_back(feed.pop().seq);
        };
        const auto answer_load = [&](std::size_t at) {
            const auto load = loads[at];
            loads.erase(loads.begin() + static_cast<std::ptrdiff_t>(at));
            if (random() % 8 == 0)
                return feed.load_failed(load);
            std::vector<Event> found;
            if (load.partition == 3)
                for (const auto one : stream)
                    if (one > load.after && found.size() < load.limit)
                        found.push_back(event(one));
            feed.loaded(load, std::move(found));
        };
        for (int step = 0; step < 400; ++step) {
            switch (random() % 6) {
            case 0:
            case 1:
                seq += 1 + random() % 3;
                stream.push_back(seq);
                if (random() % 10 != 0)  // an answer that is lost
                    answers.emplace_back(seq, stream.size());
                break;
            case 2:
                if (!answers.empty()) {
                    const auto at = random() % std::min<std::size_t>(3, answers.size());
                    feed.hand(event(answers[at].first), answers[at].second, random() % 12 != 0);
                    answers.erase(answers.begin() + static_cast<std::ptrdiff_t>(at));
                }
                break;
            case 3: feed.tick(); break;
            case 4:
                if (const auto load = feed.next_load())
                    loads.push_back(*load);
                break;
            case 5:
                if (!loads.empty())
                    answer_load(random() % loads.size());
                break;
            }
            drain();
        }
        for (const auto& [late, ordinal] : answers)
            feed.hand(event(late), ordinal, true);
        // A last event shows any gap that is still open.
        stream.push_back(++seq);
        feed.hand(event(seq), stream.size(), true);
        for (int round = 0; round < 2000 && got.size() < stream.size(); ++round) {
            feed.tick();
            while (const auto load = feed.next_load())
                loads.push_back(*load);
            while (!loads.empty())
                answer_load(0);
            drain();
        }
        ASSERT_EQ(got, stream) << "seed " << seed;
    }
}

}  // namespace

}  // namespace headgate::gateway
