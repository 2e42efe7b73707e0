#include <poll.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/faults/erp_checker.hpp"
#include "tests/faults/faults.hpp"
#include "tests/faults/load.hpp"
#include "tests/faults/redis_look.hpp"
#include "tests/support/erp.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/order_sender.hpp"
#include "tests/support/small_disk.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t mib = 1U << 20U;

/// What is accepted at the limit is still placed and finished, so Redis may be above it by that: docs/operations.md.
constexpr std::uint64_t above_maxmemory = 8 * mib;

/// So long a test waits for something that never comes; no test that passes depends on it.
std::chrono::seconds given_up()
{
    return 120s + std::chrono::seconds(events_or(20'000) / 100);
}

/// The most memory a process ever had, in bytes.
std::uint64_t peak_memory(pid_t process)
{
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:"))
            return std::stoull(line.substr(6)) * 1024;
    return 0;
}

double seconds_since(Clock::time_point then)
{
    return std::chrono::duration<double>(Clock::now() - then).count();
}

/// An ERP that is away for long, a Redis that is full, a history that is full: senders go on all the while, and in the
/// end each event that was answered 2xx is at the ERP once, in the order of its entity.
class OutageTest : public ::testing::Test {
protected:
    bool begin(std::map<std::string, std::string> environment)
    {
        erp_ = std::make_unique<Erp>(Erp::Options{.knows_keys = true, .remembers_calls = false});
        environment["ERP_PORT"] = std::to_string(erp_->port());
        headgate_ = std::make_unique<HeadgateProcess>(HeadgateProcess::Options{
            source_folder() / "tests/faults/outage", folder_ / "data", std::move(environment), "127.0.0.1:0"});
        return headgate_->start();
    }

    /// False when it never comes to that, or Headgate ends before.
    bool wait_until(const std::function<bool()>& condition)
    {
        for (const auto deadline = Clock::now() + given_up(); Clock::now() < deadline; ::poll(nullptr, 0, 20)) {
            if (condition())
                return true;
            if (!headgate_->running())
                return false;
        }
        return false;
    }

    /// Many orders of few changes each, as shops have them.
    static Load::Habits habits(std::uint64_t events, std::size_t padding)
    {
        return {.senders = 8, .orders = 2000, .twice_percent = 5, .events = events, .padding = padding};
    }

    void expect_all_at_the_erp_once(const Load& load)
    {
        EXPECT_TRUE(headgate_->wait_until_quiet(given_up())) << headgate_->admin("GET", "/api/v1/verify").second;
        expect_verified(*headgate_);
        const auto verdicts = check_erp(*headgate_, *erp_, load.answered());
        std::cout << verdicts.text() << "\n";
        EXPECT_GT(verdicts.events, 0U);
        EXPECT_EQ(verdicts.made, verdicts.events);
        EXPECT_EQ(verdicts.sum(), 0U) << "seed " << seed_wanted;
    }

    /// A new order goes the whole way.
    void expect_works_as_ever()
    {
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        const auto answer =
            sender.post(headgate_->port(), {"orders/updated", "afterwards", order_body(9'999'999, 1), {}});
        ASSERT_EQ(answer.status, 200) << answer.body;
        EXPECT_TRUE(
            headgate_->wait_until_told("/api/v1/events/" + event_of(answer.body), "\"state\":\"applied\"", given_up()));
    }

    /// By plain SQLite: history has each event with its end and its body.
    void expect_history_of(const Load& load)
    {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open_v2((folder_ / "data/history.db").c_str(), &database, SQLITE_OPEN_READONLY, nullptr),
                  SQLITE_OK);
        sqlite3_stmt* rows = nullptr;
        ASSERT_EQ(
            sqlite3_prepare_v2(database, "select event.event from event join body using (id) where state = 'applied'",
                               -1, &rows, nullptr),
            SQLITE_OK);
        std::set<std::string> applied;
        while (sqlite3_step(rows) == SQLITE_ROW)
            applied.emplace(reinterpret_cast<const char*>(sqlite3_column_text(rows, 0)));
        sqlite3_finalize(rows);
        sqlite3_close(database);
        std::uint64_t missing = 0;
        for (const auto& one : load.answered())
            missing += applied.contains(one.event) ? 0U : 1U;
        EXPECT_EQ(missing, 0U) << "of the answers, of " << applied.size() << " events in history";
    }

    /// The gauges are a second old at most, so they are waited for.
    double waiting() { return headgate_->metric("headgate_waiting_events"); }
    double refused_as_full()
    {
        return headgate_->metric(R"(headgate_refused_requests_total{channel="shop",code="redis_full",status="503"})");
    }

    TemporaryFolder folder_;
    std::unique_ptr<SmallDisk> disk_;
    std::unique_ptr<Erp> erp_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(OutageTest, ARedisAtMaxmemoryRefusesWhatItCannotKeepAndDrains)
{
    constexpr std::uint64_t limit = 64 * mib;
    ASSERT_TRUE(begin({{"MAXMEMORY", "64MiB"}, {"SPILL_AFTER", "1h"}})) << headgate_->log();
    erp_->go_away();
    Load load(headgate_->secret("shop"), habits(0, 16'000), seed_wanted);
    load.target(headgate_->port());

    ASSERT_TRUE(wait_until([&] { return refused_as_full() > 100; }));
    const auto answer = load.refused();
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.head.find("\r\nretry-after: 5\r\n"), std::string::npos) << answer.head;
    EXPECT_TRUE(headgate_->running());

    EXPECT_LE(RedisLook(headgate_->redis_socket()).info("used_memory_peak"), limit + above_maxmemory);

    // Who begins on a full Redis gets the lease and works as well.
    load.target(0);
    headgate_->kill_hard();
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    load.target(headgate_->port());
    ASSERT_TRUE(wait_until([&] { return refused_as_full() > 100; }));

    // Its own records may bring it above the limit; then too all goes on but accepting.
    const auto before = load.count();
    RedisLook redis(headgate_->redis_socket());
    redis.limit(limit - 4 * mib);
    erp_->come_back();
    ASSERT_TRUE(wait_until([&] { return erp_->made_count() >= before; })) << "what stood does not go on";
    ASSERT_TRUE(wait_until([&] { return load.count() > before + 500; })) << "nothing new is accepted";
    load.finish(false);

    expect_all_at_the_erp_once(load);
    expect_works_as_ever();
    const auto peak = redis.info("used_memory_peak");
    std::cout << fmt::format("accepted {} when full, Redis at {:.1f} MiB of {} at most\n", before,
                             static_cast<double>(peak) / mib, limit / mib);
    EXPECT_GE(peak, limit);
    EXPECT_LE(peak, limit + above_maxmemory);
    EXPECT_TRUE(headgate_->running());
}

TEST_F(OutageTest, AFullHistoryDelaysNothingButItself)
{
    std::string why;
    disk_ = SmallDisk::mount(folder_ / "small", 24 * mib, why);
    if (disk_ == nullptr)
        GTEST_SKIP() << "a file system for history cannot be mounted here: " << why;
    fs::create_directories(folder_ / "data");
    fs::create_symlink(folder_ / "small/history.db", folder_ / "data/history.db");
    ASSERT_TRUE(begin({{"MAXMEMORY", "256MiB"}, {"SPILL_AFTER", "100ms"}})) << headgate_->log();
    Load load(headgate_->secret("shop"), habits(0, 500), seed_wanted);
    load.target(headgate_->port());
    // Accepting is faster than delivering: no more waits than a slow build delivers in the time that it is given.
    const auto paced = [&](const std::function<bool()>& condition) {
        return wait_until([&] {
            load.target(waiting() > 2000 ? 0 : headgate_->port());
            return condition();
        });
    };
    ASSERT_TRUE(paced([&] { return load.count() > 200; }));

    disk_->fill();
    ASSERT_TRUE(paced([&] { return headgate_->admin("GET", "/readyz").second.contains("history_behind"); }));
    const auto count = load.count();
    ASSERT_TRUE(paced([&] { return load.count() > count + events_or(4000); }));
    load.target(headgate_->port());
    load.finish(false);
    ASSERT_TRUE(wait_until([&] { return waiting() == 0; })) << "deliveries wait for history";
    const auto [ready, reasons] = headgate_->admin("GET", "/readyz");
    EXPECT_EQ(ready, 200) << reasons;
    EXPECT_TRUE(reasons.contains("history_behind")) << reasons;
    const auto unarchived = [&] { return headgate_->metric("headgate_unarchived_frames"); };
    EXPECT_TRUE(wait_until([&] { return unarchived() >= static_cast<double>(events_or(4000)) / 2; })) << unarchived();
    EXPECT_GE(erp_->made_count(), events_or(4000) / 2);

    disk_->make_room();
    expect_all_at_the_erp_once(load);
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "history_behind", 60s, false));
    expect_works_as_ever();
    expect_history_of(load);
}

/// What half an hour at 200 events/s leaves behind (`--events 360000`), or a twentieth of it.
TEST_F(OutageTest, AnErpThatIsAwayForLongFillsHistoryAndNotRedis)
{
    const std::uint64_t events = events_or(20'000);
    // Of an event that waits Redis keeps its key, its record and its delivery's; with its body it would not fit.
    constexpr std::uint64_t kept = 2000, padding = 4000;
    const std::uint64_t limit = std::max(64 * mib, events * kept);
    ASSERT_TRUE(begin({{"MAXMEMORY", std::to_string(limit) + "B"}, {"SPILL_AFTER", "100ms"}})) << headgate_->log();
    RedisLook redis(headgate_->redis_socket());
    const auto empty = redis.info("used_memory");

    erp_->go_away();
    const auto went = Clock::now();
    Load load(headgate_->secret("shop"), habits(events, padding), seed_wanted);
    load.target(headgate_->port());
    ASSERT_TRUE(wait_until([&] { return load.done(); }));
    const auto accepted_after = seconds_since(went);
    const auto carried = [&] { return headgate_->metric("headgate_unarchived_frames") == 0; };
    ASSERT_TRUE(wait_until([&] { return carried() && redis.bodies() == 0; })) << "bodies stay in Redis";
    const auto spilled_after = seconds_since(went);
    EXPECT_TRUE(wait_until([&] { return waiting() >= static_cast<double>(events); })) << waiting();
    EXPECT_EQ(erp_->made_count(), 0U);
    const auto waiting_memory = redis.info("used_memory");
    EXPECT_LE(waiting_memory, empty + events * kept);

    erp_->come_back();
    const auto came = Clock::now();
    ASSERT_TRUE(wait_until([&] { return erp_->made_count() >= events || waiting() == 0; })) << "it does not drain";
    const auto drained_after = seconds_since(came);
    load.finish(false);
    expect_all_at_the_erp_once(load);
    const auto peak = redis.info("used_memory_peak");
    EXPECT_LE(peak, limit + above_maxmemory);
    const auto resident = peak_memory(headgate_->pid());
#ifndef __SANITIZE_ADDRESS__  // which keeps what is freed for a while
    EXPECT_LE(resident, 256 * mib + events * 256);
#endif
    const auto each = [&](std::uint64_t bytes) {
        return static_cast<double>(bytes - empty) / static_cast<double>(events);
    };
    std::cout << fmt::format(
        "{} events of {} bytes: accepted in {:.1f} s, bodies out of Redis after {:.1f} s, drained in {:.1f} s "
        "({:.0f}/s); Redis {:.1f} MiB at most, {:.0f} bytes each while they waited, {:.0f} afterwards; Headgate {:.1f} "
        "MiB at most; {:.0f} refused meanwhile\n",
        events, padding, accepted_after, spilled_after, drained_after, static_cast<double>(events) / drained_after,
        static_cast<double>(peak) / mib, each(waiting_memory), each(redis.info("used_memory")),
        static_cast<double>(resident) / mib, refused_as_full());
}

}  // namespace

}  // namespace headgate::test
