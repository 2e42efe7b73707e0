#include <poll.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "tests/faults/checker.hpp"
#include "tests/faults/faults.hpp"
#include "tests/faults/load.hpp"
#include "tests/support/headgate_process.hpp"

namespace headgate::test {

int kills_wanted = 20;
std::uint32_t seed_wanted = 1;
std::uint64_t events_wanted = 0;

namespace {

using namespace std::chrono_literals;

/// Runs load against one Headgate that is killed again and again, and judges what is left.
class FaultsTest : public ::testing::Test {
protected:
    FaultsTest() : headgate_({source_folder() / "tests/faults/config", folder_ / "data", {}, "127.0.0.1:0"}) {}

    /// The moment to strike: some load has to go by first, so that there is something to lose.
    void let_pass(Load& load, std::uint64_t answers)
    {
        const auto enough = load.count() + answers;
        for (int i = 0; i < 20'000 && load.count() < enough && headgate_.running(); ++i)
            ::poll(nullptr, 0, 1);
    }

    void restart(Load& load)
    {
        load.target(0);
        ASSERT_TRUE(headgate_.start()) << headgate_.log();
        load.target(headgate_.port());
    }

    Verdicts judge(Load& load)
    {
        load.finish(false);
        EXPECT_TRUE(headgate_.wait_until_quiet(300s)) << headgate_.admin("GET", "/api/v1/verify").second;
        const auto state = headgate_.admin_json("/api/v1/verify");
        EXPECT_TRUE(state.is_object());
        if (state.is_object()) {
            EXPECT_EQ(state.at("unaccounted").to_number<int>(), 0);
            EXPECT_TRUE(state.at("findings").as_array().empty()) << boost::json::serialize(state);
            EXPECT_EQ(state.at("dead").to_number<int>(), 0);
        }
        return check_ledger((folder_ / "data/ledger.db").string(), headgate_.redis_socket(), load.answered());
    }

    void expect_all_well(const Verdicts& verdicts)
    {
        std::cout << verdicts.text() << "\n";
        EXPECT_GT(verdicts.events, 0U);
        EXPECT_EQ(verdicts.sum(), 0U) << verdicts.text() << "\nseed " << seed_wanted;
    }

    TemporaryFolder folder_;
    HeadgateProcess headgate_;
};

TEST_F(FaultsTest, LosesAndDoublesNothingWhenHeadgateIsKilledAtRandomMoments)
{
    ASSERT_TRUE(headgate_.start());
    Load load(headgate_.secret("shop"), 4, seed_wanted);
    load.target(headgate_.port());
    std::mt19937 random(seed_wanted);

    for (int kill = 0; kill < kills_wanted; ++kill) {
        let_pass(load, 20 + random() % 200);
        headgate_.kill_hard();
        restart(load);
    }

    expect_all_well(judge(load));
}

TEST_F(FaultsTest, LosesAndDoublesNothingWhenRedisIsKilledAtRandomMoments)
{
    ASSERT_TRUE(headgate_.start());
    Load load(headgate_.secret("shop"), 4, seed_wanted);
    load.target(headgate_.port());
    std::mt19937 random(seed_wanted);

    for (int kill = 0; kill < kills_wanted; ++kill) {
        let_pass(load, 20 + random() % 200);
        const auto redis = headgate_.redis_pid();
        ASSERT_GT(redis, 0);
        ::kill(redis, SIGKILL);
        for (int i = 0; i < 20'000 && (headgate_.redis_pid() == 0 || headgate_.redis_pid() == redis); ++i)
            ::poll(nullptr, 0, 1);
    }

    expect_all_well(judge(load));
    EXPECT_TRUE(headgate_.running()) << "Redis going away is no reason to end";
}

class FaultPointTest : public FaultsTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(FaultPointTest, LosesAndDoublesNothingWhenKilledThere)
{
    ASSERT_TRUE(headgate_.start());
    Load load(headgate_.secret("shop"), 4, seed_wanted);
    load.target(headgate_.port());
    let_pass(load, 50);
    headgate_.kill_hard();
    std::mt19937 random(seed_wanted);

    const int rounds = std::max(2, kills_wanted / 10);
    for (int round = 0; round < rounds; ++round) {
        load.target(0);
        // The point is reached hundreds of times a second; which of them is drawn.
        headgate_.environment("HEADGATE_FAULT", std::string(GetParam()) + ":" + std::to_string(1 + random() % 10));
        if (headgate_.start())
            load.target(headgate_.port());
        for (int i = 0; i < 30'000 && headgate_.running(); ++i)
            ::poll(nullptr, 0, 1);
        ASSERT_FALSE(headgate_.running()) << "the point " << GetParam() << " was never reached";
        ASSERT_EQ(headgate_.exit_code(), 128 + SIGKILL);
    }
    headgate_.unset("HEADGATE_FAULT");
    restart(load);

    expect_all_well(judge(load));
}

INSTANTIATE_TEST_SUITE_P(Points, FaultPointTest,
                         ::testing::Values("accept_stored", "accept_answered", "after_reserve", "after_ledger_commit",
                                           "after_finish", "after_history"),
                         [](const auto& point) { return std::string(point.param); });

/// A copy of the scripts with one of them broken on purpose.
class MutationTest : public FaultsTest {
protected:
    void mutate(const std::string& script, const std::string& what, const std::string& with)
    {
        std::ifstream original(source_folder() / "retry/scripts" / (script + ".lua"));
        std::string text{std::istreambuf_iterator<char>(original), {}};
        const auto at = text.find(what);
        ASSERT_NE(at, std::string::npos) << script << ".lua no longer holds: " << what;
        text.replace(at, what.size(), with);
        std::filesystem::create_directories(folder_ / "scripts");
        std::ofstream(folder_ / "scripts" / (script + ".lua")) << text;
        headgate_.environment("HEADGATE_SCRIPTS", (folder_ / "scripts").string());
    }
};

TEST_F(MutationTest, ACLaimWithoutAnEnqueueIsCaughtAsLoss)
{
    mutate("accept", "redis.pcall('XADD', 'hg:in:' .. item.p, text(item.seq) .. '-0', 'e', event)",
           "item.seq % 7 ~= 0 and redis.pcall('XADD', 'hg:in:' .. item.p, text(item.seq) .. '-0', 'e', event)");
    ASSERT_TRUE(headgate_.start()) << headgate_.log();
    Load load(headgate_.secret("shop"), 2, seed_wanted);
    load.target(headgate_.port());
    let_pass(load, 200);
    headgate_.kill_hard();  // what was only in memory is gone now
    restart(load);
    let_pass(load, 50);
    headgate_.kill_hard();
    restart(load);

    load.finish(false);
    headgate_.wait_until_quiet(60s);
    const auto state = headgate_.admin_json("/api/v1/verify");
    const auto verdicts =
        check_ledger((folder_ / "data/ledger.db").string(), headgate_.redis_socket(), load.answered());

    EXPECT_GT(verdicts.lost, 0U) << verdicts.text();
    ASSERT_TRUE(state.is_object());
    EXPECT_NE(state.at("unaccounted").to_number<int>(), 0);
}

TEST_F(MutationTest, ASkippedReserveIsCaughtInTheLedger)
{
    mutate("reserve", "redis.call('HSET', key, 'hw', text(mark))", "");
    ASSERT_TRUE(headgate_.start()) << headgate_.log();
    Load load(headgate_.secret("shop"), 2, seed_wanted);
    load.target(headgate_.port());
    let_pass(load, 100);

    load.finish(false);
    headgate_.wait_until_quiet(60s);
    const auto verdicts =
        check_ledger((folder_ / "data/ledger.db").string(), headgate_.redis_socket(), load.answered());

    EXPECT_GT(verdicts.unreserved, 0U) << verdicts.text();
}

}  // namespace

}  // namespace headgate::test

/// faults [--kills N] [--seed N] [--events N] and GoogleTest's own options.
int main(int argc, char** argv)
{
    ::testing::InitGoogleTest(&argc, argv);
    if (const char* kills = std::getenv("HEADGATE_KILLS"))
        headgate::test::kills_wanted = std::atoi(kills);
    if (const char* events = std::getenv("HEADGATE_EVENTS"))
        headgate::test::events_wanted = std::strtoull(events, nullptr, 10);
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--kills")
            headgate::test::kills_wanted = std::atoi(argv[i + 1]);
        else if (option == "--events")
            headgate::test::events_wanted = std::strtoull(argv[i + 1], nullptr, 10);
        else if (option == "--seed")
            headgate::test::seed_wanted = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    }
    return RUN_ALL_TESTS();
}
