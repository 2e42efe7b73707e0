#include "store.hpp"

namespace headgate::test {

using retry::Claim;

TEST_F(StoreTest, AcceptsEachKeyOnceWhenTwoConnectionsRaceForIt)
{
    constexpr std::uint64_t keys = 10'000;
    net::Redis second(loop_.context.get_executor(), server_.options());
    ASSERT_TRUE(loop_.await(second.wait_connected(60s)));
    retry::Inbox other(second, scripts_);
    std::vector<Task<retry::AcceptAnswer>> tasks;
    for (std::uint64_t key = 0; key < keys; ++key) {
        auto partition = static_cast<Partition>(key % partition_count);
        tasks.push_back(inbox_->accept(item_of(2 * key, key, partition)));
        tasks.push_back(other.accept(item_of(2 * key + 1, key, partition)));
    }

    auto answers = loop_.await_all(std::move(tasks));

    std::uint64_t by_first = 0;
    for (std::uint64_t key = 0; key < keys; ++key) {
        const auto& left = answers[2 * key];
        const auto& right = answers[2 * key + 1];
        ASSERT_TRUE(left && right);
        ASSERT_EQ((left->claim == Claim::accepted) + (right->claim == Claim::accepted), 1) << key;
        ASSERT_EQ((left->claim == Claim::duplicate) + (right->claim == Claim::duplicate), 1) << key;
        ASSERT_EQ(left->event, right->event);
        ASSERT_EQ(left->seq, right->seq);
        by_first += left->claim == Claim::accepted ? 1 : 0;
    }
    RecordProperty("accepted_by_first", std::to_string(by_first));
    std::int64_t accepted = 0;
    auto tallies = loop_.await(retry::tally_all(*redis_, scripts_)).value();
    for (const auto& one : tallies)
        accepted += one.accepted;
    EXPECT_EQ(accepted, static_cast<std::int64_t>(keys));
    EXPECT_EQ(finding_lines(), "");
}

}  // namespace headgate::test
