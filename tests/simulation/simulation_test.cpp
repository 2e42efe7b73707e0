#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "home.hpp"

// A life that ends in the middle leaves what waited in it, as a process does that is killed.
extern "C" const char* __asan_default_options();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __asan_default_options()   // NOLINT(bugprone-reserved-identifier)
{
    return "detect_leaks=0";
}

namespace headgate::simulation {

namespace {

constexpr std::uint64_t slices = 20;  // each is a ctest of its own, so that they run side by side

std::uint64_t number(const char* text, std::uint64_t otherwise)
{
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

class SimulationTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulationTest, EverythingIsWhereItShouldBeInTheEnd)
{
    const auto seeds = number(std::getenv("HEADGATE_SIMULATION_SEEDS"), SIMULATION_SEEDS) / slices;
    const auto first = 1 + GetParam() * seeds;
    Simulation simulation;
    for (auto seed = first; seed < first + seeds; ++seed) {
        const auto findings = simulation.run(seed);
        ASSERT_EQ(findings, "") << "repeat with: simulation --seed " << seed << " --trace";
    }
}

INSTANTIATE_TEST_SUITE_P(Slices, SimulationTest, ::testing::Range(std::uint64_t{0}, slices));

struct Broken {
    const char* name;
    ScriptBreak script;
};

void PrintTo(const Broken& broken, std::ostream* out)
{
    *out << broken.name;
}

class BrokenSimulationTest : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenSimulationTest, IsSeen)
{
    constexpr std::uint64_t most = 1000;
    Simulation simulation(GetParam().script);
    std::string findings;
    try {
        for (std::uint64_t seed = 1; seed <= most && findings.empty(); ++seed)
            findings = simulation.run(seed);
    } catch (const std::exception& thrown) {
        findings = thrown.what();
    }
    EXPECT_NE(findings, "") << "in " << most << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, BrokenSimulationTest,
    ::testing::Values(Broken{"lane_not_passed_on", {"delivery", "redis.call('SET', key, head .. still)", ""}},
                      Broken{"lane_not_waited_for", {"place", "wait_for_its_turn(d, one.telling)", ""}},
                      Broken{"told_and_no_guard", {"telling", "write_guards(t.guards)", ""}},
                      Broken{"taken_and_not_counted", {"take", "d.attempts = d.attempts + 1", ""}},
                      Broken{"doubt_forgotten", {"resolve", "telling.maybe = '1'", ""}},
                      Broken{"lease_taken_from_who_has_it",
                             {"lease", "local free = not held[1] or", "local free = true or"}},
                      Broken{"high_water_not_kept", {"reserve", "redis.call('HSET', key, 'hw', text(mark))", ""}},
                      Broken{"parked_and_not_named", {"telling", "redis.call('SADD', 'hg:pk:' .. t.pk, d.id)", ""}},
                      Broken{"newer_snapshot_replaced", {"place", "and not is_newer(d, one)", ""}},
                      Broken{"a_retry_is_lost", {"next", "if take_due > 0 then", "if false then"}}),
    [](const auto& broken) { return std::string(broken.param.name); });

/// One life, or some, by hand.
int run(std::uint64_t first, std::uint64_t count, bool traced)
{
    Simulation simulation;
    std::uint64_t bad = 0;
    for (auto seed = first; seed < first + count; ++seed) {
        const auto findings = simulation.run(seed, traced);
        bad += findings.empty() ? 0 : 1;
        if (!findings.empty())
            std::printf("seed %llu: %s", static_cast<unsigned long long>(seed), findings.c_str());
    }
    std::printf("%llu of %llu seeds are bad\n", static_cast<unsigned long long>(bad),
                static_cast<unsigned long long>(count));
    return bad == 0 ? 0 : 1;
}

}  // namespace

}  // namespace headgate::simulation

/// `simulation --seed N [--seeds COUNT] [--trace]` runs these lives; else it is a test program.
int main(int argc, char** argv)
{
    std::uint64_t first = 0;
    std::uint64_t count = 1;
    bool traced = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--seed" && i + 1 < argc)
            first = headgate::simulation::number(argv[++i], 1);
        else if (word == "--seeds" && i + 1 < argc)
            count = headgate::simulation::number(argv[++i], 1);
        else if (word == "--trace")
            traced = true;
    }
    if (first != 0)
        return headgate::simulation::run(first, count, traced);
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
