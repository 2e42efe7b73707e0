#include "observability/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace headgate::observability {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, CountsFromManyThreadsAddUp)
{
    Metrics metrics;
    Counter& events = metrics.counter("headgate_events_total", "Events.");
    Histogram& sizes =
        metrics.histogram("headgate_body_bytes", "Bytes of a body.", std::array<std::uint64_t, 2>{10, 100}, 1);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 20; ++i)
            threads.emplace_back([&] {
                for (std::uint64_t value = 0; value < 1000; ++value) {
                    events.add();
                    sizes.observe(value);
                }
            });
    }

    EXPECT_EQ(events.value(), 20'000U);
    EXPECT_EQ(sizes.count(), 20'000U);
    EXPECT_EQ(sizes.sum(), 20U * 999U * 1000U / 2U);
    EXPECT_EQ(sizes.cumulative(), (std::vector<std::uint64_t>{20 * 11, 20 * 101, 20'000}));
}

TEST(MetricsTest, ShowsEverythingInPrometheusTextFormat)
{
    Metrics metrics;
    metrics.counter("headgate_events_total", "Events.", {{"state", "applied"}, {"channel", "shop"}}).add(3);
    metrics.counter("headgate_events_total", "Events.", {{"channel", "shop"}, {"state", "dead"}}).add();
    metrics.gauge("headgate_open_connections", "Connections.").set(-2);
    metrics.gauge("headgate_unaccounted_events", "Read at each scrape.", {}, [] { return 0.5; });
    Histogram& waits = metrics.histogram("headgate_wait_seconds", "Waits.", duration_buckets_us, microseconds);
    waits.observe(100);
    waits.observe(101);
    waits.observe(70'000'000);

    const std::string text = metrics.expose();

    EXPECT_THAT(text, HasSubstr("# HELP headgate_events_total Events.\n# TYPE headgate_events_total counter\n"));
    EXPECT_THAT(text, HasSubstr("headgate_events_total{channel=\"shop\",state=\"applied\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("headgate_events_total{channel=\"shop\",state=\"dead\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE headgate_open_connections gauge\nheadgate_open_connections -2\n"));
    EXPECT_THAT(text, HasSubstr("headgate_unaccounted_events 0.5\n"));
    EXPECT_THAT(text, HasSubstr("headgate_wait_seconds_count 3\n"));
    EXPECT_THAT(text, HasSubstr("headgate_wait_seconds_sum 70.000201"));
    EXPECT_THAT(
        text,
        HasSubstr("headgate_wait_seconds_bucket{le=\"0.0001\"} 1\nheadgate_wait_seconds_bucket{le=\"0.00025\"} 2\n"));
    EXPECT_THAT(text,
                HasSubstr("headgate_wait_seconds_bucket{le=\"60\"} 2\nheadgate_wait_seconds_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_EQ(metrics.expose(), text);
}

TEST(MetricsTest, EscapesTheValuesOfLabels)
{
    Metrics metrics;
    metrics.counter("headgate_events_total", "Events.", {{"channel", "a\"b\\c\nd"}}).add();

    EXPECT_THAT(metrics.expose(), HasSubstr(R"(headgate_events_total{channel="a\"b\\c\nd"} 1)"));
}

TEST(MetricsTest, RegisteringAgainGivesTheSameObject)
{
    Metrics metrics;
    Counter& first = metrics.counter("headgate_events_total", "Events.", {{"a", "1"}, {"b", "2"}});

    EXPECT_EQ(&first, &metrics.counter("headgate_events_total", "Events.", {{"b", "2"}, {"a", "1"}}));
    EXPECT_NE(&first, &metrics.counter("headgate_events_total", "Events.", {{"a", "1"}}));

    metrics.gauge("headgate_backlog_events", "Waiting.", {}, [] { return 1.0; });
    metrics.gauge("headgate_backlog_events", "Waiting.", {}, [] { return 2.0; });
    EXPECT_THAT(metrics.expose(), HasSubstr("headgate_backlog_events 2\n"));
    EXPECT_THAT(metrics.expose(), Not(HasSubstr("headgate_backlog_events 1\n")));
}

TEST(MetricsTest, RefusesNamesThatBreakTheRules)
{
    Metrics metrics;
    metrics.counter("headgate_events_total", "Events.");

    for (const std::string name :
         {"events_total", "headgate_events", "headgate_Events_total", "headgate_wait_ms_total", ""})
        EXPECT_THROW(metrics.counter(name, "x"), std::invalid_argument) << name;
    EXPECT_THROW(metrics.gauge("headgate_wait_milliseconds", "x"), std::invalid_argument);
    EXPECT_THROW(metrics.gauge("headgate_events_total", "Events."), std::invalid_argument);
    EXPECT_THROW(metrics.counter("headgate_events_total", "Other help."), std::invalid_argument);
    EXPECT_THROW(metrics.counter("headgate_events_total", "Events.", {{"le", "x"}}), std::invalid_argument);
    EXPECT_THROW(metrics.counter("headgate_events_total", "Events.", {{"a", "x"}, {"a", "y"}}), std::invalid_argument);
    EXPECT_THROW(metrics.histogram("headgate_wait_seconds", "x", std::array<std::uint64_t, 2>{2, 1}, 1),
                 std::invalid_argument);
}

}  // namespace
}  // namespace headgate::observability
