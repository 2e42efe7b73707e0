#include "observability/history.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <latch>
#include <optional>
#include <string>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observability/sqlite.hpp"

namespace headgate::observability {
namespace {

using namespace std::chrono_literals;

class HistoryTest : public ::testing::Test {
protected:
    HistoryTest()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "headgate-history-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~HistoryTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] HistoryOptions options() const
    {
        HistoryOptions options;
        options.file = folder_ / "history.db";
        options.busy_timeout = 1ms;
        return options;
    }

    /// The nth event: a millisecond later than the one before.
    static HistoryRow row(int n, const std::string& state = "applied")
    {
        HistoryRow row;
        row.received_at = std::chrono::system_clock::time_point(1'800'000'000s + std::chrono::milliseconds(n));
        row.finished_at = row.received_at + 5ms;
        row.event = EventId::make(row.received_at);
        row.seq = static_cast<std::uint64_t>(n);
        row.source = "shop";
        row.channel = n % 2 == 0 ? "even" : "odd";
        row.topic = "orders/create";
        row.state = state;
        row.entity = "order/" + std::to_string(n % 3);
        row.order_number = "#" + std::to_string(n);
        row.frame = 1;
        row.happened = R"({"at":1})";
        row.body = std::string("body\0of ", 8) + std::to_string(n);
        return row;
    }

    static std::future<Result<void>> send(HistoryStore& store, std::vector<HistoryRow> rows)
    {
        std::promise<Result<void>> promise;
        auto future = promise.get_future();
        store.write({std::move(rows), {}}, [promise = std::move(promise)](Result<void> result) mutable {
            promise.set_value(std::move(result));
        });
        return future;
    }
    static std::string write(HistoryStore& store, std::vector<HistoryRow> rows)
    {
        const auto result = send(store, std::move(rows)).get();
        return result ? "ok" : std::string(name_of(result.error().failure_class)) + " " + result.error().code;
    }

    static std::string numbers(const Result<HistoryPage>& page)
    {
        if (!page)
            return page.error().code;
        std::string text;
        for (const auto& each : page->rows)
            text += each.order_number;
        return text;
    }

    std::filesystem::path folder_;
};

TEST_F(HistoryTest, GivesBackWhatWasWritten)
{
    HistoryStore store(options());
    HistoryRow written = row(1, "dead");
    written.reason = "missing_required";
    written.round = 2;
    written.frame = 9;

    ASSERT_EQ(write(store, {written}), "ok");

    const auto shown = store.show(written.event);
    ASSERT_TRUE(shown && *shown);
    EXPECT_EQ((*shown)->event, written.event);
    EXPECT_EQ((*shown)->seq, 1U);
    EXPECT_EQ((*shown)->round, 2);
    EXPECT_EQ((*shown)->source, "shop");
    EXPECT_EQ((*shown)->channel, "odd");
    EXPECT_EQ((*shown)->topic, "orders/create");
    EXPECT_EQ((*shown)->received_at, written.received_at);
    EXPECT_EQ((*shown)->finished_at, written.finished_at);
    EXPECT_EQ((*shown)->state, "dead");
    EXPECT_EQ((*shown)->reason, "missing_required");
    EXPECT_EQ((*shown)->entity, "order/1");
    EXPECT_EQ((*shown)->timeline, R"([{"at":1}])");
    EXPECT_TRUE((*shown)->body.empty());
    EXPECT_EQ(**store.raw(written.event), written.body);
}

TEST_F(HistoryTest, KnowsWhatItDoesNotHave)
{
    HistoryStore store(options());
    HistoryRow bare = row(1);
    bare.body.clear();
    write(store, {bare});

    EXPECT_FALSE(store.show(row(2).event)->has_value());
    EXPECT_FALSE(store.raw(row(2).event)->has_value());
    EXPECT_FALSE(store.raw(bare.event)->has_value());
    EXPECT_EQ(numbers(store.list({.state = "dead"})), "");
}

TEST_F(HistoryTest, AReplayedEventUpdatesItsRow)
{
    HistoryStore store(options());
    const HistoryRow dead = row(1, "dead");
    HistoryRow applied = dead;
    applied.round = 1;
    applied.frame = 2;
    applied.state = "applied";
    applied.body = "";
    applied.finished_at += 1h;
    write(store, {dead});

    write(store, {applied});
    EXPECT_EQ((*store.show(dead.event))->state, "applied");
    EXPECT_EQ(**store.raw(dead.event), dead.body);

    HistoryRow late = dead;
    late.finished_at += 2h;
    EXPECT_EQ(write(store, {late}), "ok");
    EXPECT_EQ((*store.show(dead.event))->state, "applied");
    EXPECT_EQ(numbers(store.list({})), "#1");
    EXPECT_EQ(numbers(store.list({.state = "dead"})), "");
}

TEST_F(HistoryTest, FramesThatComeAgainAfterACrashEndInTheSamePlace)
{
    HistoryStore store(options());
    const HistoryRow dead = row(1, "dead");
    HistoryRow discarded = dead;
    discarded.frame = 2;
    discarded.state = "discarded";
    discarded.happened = R"({"at":2})";

    write(store, {dead, discarded});
    write(store, {dead, discarded});

    EXPECT_EQ((*store.show(dead.event))->state, "discarded");
    EXPECT_EQ((*store.show(dead.event))->timeline, R"([{"at":1},{"at":2}])");
    EXPECT_EQ(numbers(store.list({})), "#1");
}

TEST_F(HistoryTest, AFileOfAVersionBeforeIsBroughtUp)
{
    {
        sqlite::Database old(options().file, {});
        old.must_run(R"sql(CREATE TABLE event (
            id INTEGER PRIMARY KEY, event TEXT NOT NULL, seq INTEGER NOT NULL, round INTEGER NOT NULL,
            source TEXT NOT NULL, channel TEXT NOT NULL, topic TEXT NOT NULL, received_at INTEGER NOT NULL,
            finished_at INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, entity TEXT NOT NULL,
            order_number TEXT NOT NULL, timeline TEXT NOT NULL) STRICT;
            INSERT INTO event VALUES (1, '01a2166c-e7ea-76a6-999a-a0d41319e7de', 5, 0, 'shop', 'shop', 'orders/create',
            1, 2, 'applied', '', 'order/1', '#1', '{"state":"applied"}'))sql");
    }
    HistoryStore store(options());
    HistoryRow row = this->row(2);

    const auto kept = **store.show(EventId::parse("01a2166c-e7ea-76a6-999a-a0d41319e7de").value());
    EXPECT_EQ(kept.state, "applied");
    EXPECT_EQ(kept.timeline, R"([{"state":"applied"}])");
    EXPECT_EQ(write(store, {row}), "ok");
}

TEST_F(HistoryTest, ATimelineIsKeptUpToItsLimit)
{
    HistoryStore store(options());
    HistoryRow one = row(1);
    one.happened = "\"" + std::string(100'000, 'x') + "\"";
    for (one.frame = 1; one.frame <= 5; ++one.frame) {
        one.seq = static_cast<std::uint64_t>(one.frame);
        write(store, {one});
    }

    const auto shown = **store.show(one.event);
    EXPECT_EQ(shown.seq, 5U);
    EXPECT_EQ(shown.timeline.size(), 2 + 3 * 100'002U + 2);
}

TEST_F(HistoryTest, TheLaterFrameWinsThoughTheClockSteppedBack)
{
    HistoryStore store(options());
    HistoryRow readmitted = row(1, "waiting");
    readmitted.round = 1;
    HistoryRow applied = readmitted;
    applied.frame = 2;
    applied.state = "applied";
    applied.finished_at -= 1h;

    write(store, {readmitted});
    write(store, {applied});
    write(store, {applied});

    EXPECT_EQ((*store.show(applied.event))->state, "applied");
    EXPECT_EQ((*store.show(applied.event))->finished_at, applied.finished_at);
}

TEST_F(HistoryTest, AFrameThatKnowsLessLeavesWhatIsKnown)
{
    HistoryStore store(options());
    const HistoryRow dead = row(1, "dead");
    HistoryRow readmitted;
    readmitted.event = dead.event;
    readmitted.round = 1;
    readmitted.state = "waiting";
    readmitted.frame = 2;
    readmitted.happened = "{}";
    write(store, {dead});

    write(store, {readmitted});

    const auto shown = **store.show(dead.event);
    EXPECT_EQ(shown.state, "waiting");
    EXPECT_EQ(shown.reason, "");
    EXPECT_EQ(shown.timeline, R"([{"at":1},{}])");
    EXPECT_EQ(shown.round, 1);
    EXPECT_EQ(shown.seq, dead.seq);
    EXPECT_EQ(shown.source, dead.source);
    EXPECT_EQ(shown.channel, dead.channel);
    EXPECT_EQ(shown.topic, dead.topic);
    EXPECT_EQ(shown.received_at, dead.received_at);
    EXPECT_EQ(shown.finished_at, dead.finished_at);
    EXPECT_EQ(shown.entity, dead.entity);
    EXPECT_EQ(shown.order_number, dead.order_number);
}

TEST_F(HistoryTest, ListsTheNewestFirstAndFilters)
{
    HistoryStore store(options());
    std::vector<HistoryRow> rows;
    for (const int n : {3, 1, 5, 2, 4})
        rows.push_back(row(n, n == 2 || n == 5 ? "dead" : "applied"));
    rows[0].source = "other";
    write(store, rows);

    EXPECT_EQ(numbers(store.list({})), "#5#4#3#2#1");
    EXPECT_EQ(numbers(store.list({.state = "dead"})), "#5#2");
    EXPECT_EQ(numbers(store.list({.state = "applied"})), "#4#3#1");
    EXPECT_EQ(numbers(store.list({.channel = "odd"})), "#5#3#1");
    EXPECT_EQ(numbers(store.list({.source = "other"})), "#3");
    EXPECT_EQ(numbers(store.list({.entity = "order/2"})), "#5#2");
    EXPECT_EQ(numbers(store.list({.state = "applied", .channel = "even", .source = "shop", .entity = "order/1"})),
              "#4");
    EXPECT_EQ(numbers(store.list({.limit = 0})), "bad_limit");
    EXPECT_EQ(numbers(store.list({.cursor = "' OR 1"})), "bad_cursor");
}

TEST_F(HistoryTest, PagesNeitherSkipNorRepeatWhileRowsArrive)
{
    HistoryStore store(options());
    std::vector<HistoryRow> rows;
    for (int n = 1; n <= 25; ++n)
        rows.push_back(row(n));
    write(store, rows);
    std::string all;
    std::string cursor;
    int pages = 0;

    do {
        const auto page = store.list({.cursor = cursor, .limit = 10});
        ASSERT_TRUE(page);
        all += numbers(page);
        cursor = page->next;
        ++pages;
        write(store, {row(100 + pages)});
    } while (!cursor.empty());

    std::string expected;
    for (int n = 25; n >= 1; --n)
        expected += "#" + std::to_string(n);
    EXPECT_EQ(all, expected);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(store.list({.limit = 28})->next, "");
}

TEST_F(HistoryTest, ListsUseAnIndexWhateverTheFilter)
{
    HistoryStore store(options());
    sqlite::Database database(options().file, {.read_only = true});
    const auto plan = [&](const std::string& where) {
        auto query = database.prepare("EXPLAIN QUERY PLAN SELECT event FROM event WHERE " + where +
                                      " ORDER BY event DESC LIMIT 3");
        std::string text;
        while (query.step() == SQLITE_ROW)
            text += std::string(query.text(3)) + ";";
        return text;
    };

    EXPECT_NE(plan("state = ?1 AND state <> 'applied' AND event < ?2").find("event_by_state"), std::string::npos);
    EXPECT_NE(plan("entity = ?1 AND entity <> ''").find("event_by_entity"), std::string::npos);
    EXPECT_NE(plan("channel = ?1 AND event < ?2").find("event_id"), std::string::npos);
    EXPECT_EQ(plan("state = ?1 AND state <> 'applied'").find("TEMP B-TREE"), std::string::npos);
    EXPECT_EQ(plan("state = ?1").find("TEMP B-TREE"), std::string::npos);
}

TEST_F(HistoryTest, AFullDiskIsTransientAndAllOrNothing)
{
    auto tight = options();
    tight.max_pages = 40;
    std::vector<HistoryRow> rows;
    for (int n = 1; n <= 60; ++n) {
        rows.push_back(row(n));
        rows.back().body = std::string(5000, 'x');
    }
    {
        HistoryStore store(tight);
        ASSERT_EQ(write(store, {rows[0], rows[1]}), "ok");

        EXPECT_EQ(write(store, rows), "transient sqlite_full");
        EXPECT_EQ(numbers(store.list({})), "#2#1");
        EXPECT_EQ(write(store, {rows[2]}), "ok");
    }

    HistoryStore roomy(options());
    EXPECT_EQ(write(roomy, rows), "ok");
    EXPECT_EQ(roomy.list({.limit = 100})->rows.size(), 60U);
}

TEST_F(HistoryTest, ALockedFileIsTransientAndItsQueueIsBounded)
{
    auto small = options();
    small.queue = 2;
    small.batch = 1;
    HistoryStore store(small);
    sqlite::Database other(options().file, {});
    other.must_run("BEGIN IMMEDIATE");
    EXPECT_EQ(write(store, {row(1)}), "transient sqlite_busy");
    other.must_run("ROLLBACK");
    std::latch entered(1);
    std::latch go_on(1);
    store.write({{row(1)}, {}}, [&](const Result<void>&) {
        entered.count_down();
        go_on.wait();
    });
    entered.wait();
    auto second = send(store, {row(2)});

    EXPECT_EQ(write(store, {row(3)}), "transient history_busy");
    go_on.count_down();

    EXPECT_TRUE(second.get());
    store.close();
    EXPECT_EQ(write(store, {row(4)}), "transient history_closed");
    EXPECT_EQ(store.list({})->rows.size(), 2U);
}

TEST_F(HistoryTest, WhatWasAnsweredOkIsThereAfterAKill)
{
    std::vector<HistoryRow> rows;
    for (int n = 1; n <= 40; ++n)
        rows.push_back(row(n));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto dying = options();
        dying.batch = 4;
        HistoryStore store(dying);
        int answered = 0;
        for (const auto& each : rows)
            store.write({{each}, {}}, [&answered](const Result<void>& result) {
                if (result && ++answered == 10)
                    ::kill(::getpid(), SIGKILL);
            });
        store.close();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));

    HistoryStore store(options());
    EXPECT_GE(store.list({.limit = 100})->rows.size(), 10U);
    EXPECT_EQ(write(store, rows), "ok");
    EXPECT_EQ(store.list({.limit = 100})->rows.size(), 40U);
}

}  // namespace
}  // namespace headgate::observability
