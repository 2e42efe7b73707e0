#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/steady_timer.hpp>

#include "redis_server.hpp"
#include "retry/managed_redis.hpp"
#include "retry/startup_checks.hpp"

namespace headgate::test {

using namespace std::chrono_literals;
using retry::Durability;
using retry::ManagedRedis;

class ManagedRedisTest : public ::testing::Test {
protected:
    retry::ManagedRedisConfig config() const
    {
        retry::ManagedRedisConfig config;
        config.folder = folder_.path() / "redis";
        return config;
    }

    net::Reply ask(const ManagedRedis& managed, std::vector<std::string> args)
    {
        net::RedisOptions options;
        options.address = managed.address();
        net::Redis redis(loop_.context.get_executor(), options);
        EXPECT_TRUE(loop_.await(redis.wait_connected(60s)));
        return loop_.await(redis.command(std::move(args))).value();
    }

    TempFolder folder_;
    Loop loop_;
};

TEST_F(ManagedRedisTest, StartsARedisThatPassesItsOwnChecksAndStopsIt)
{
    ManagedRedis managed(loop_.context.get_executor(), config());
    auto started = loop_.await(managed.start());
    ASSERT_TRUE(started) << started.error().detail;
    net::RedisOptions options;
    options.address = managed.address();
    net::Redis redis(loop_.context.get_executor(), options);
    ASSERT_TRUE(loop_.await(redis.wait_connected(60s)));

    auto findings = loop_.await(retry::check_redis(redis, Durability::strict)).value();
    auto pid = managed.pid();
    redis.close();
    auto stopped = loop_.await(managed.stop());

    for (const auto& finding : findings)
        ADD_FAILURE() << finding.name << " " << finding.text;
    EXPECT_TRUE(stopped);
    EXPECT_EQ(managed.pid(), 0);
    EXPECT_EQ(managed.restarts(), 0U);
    EXPECT_NE(::kill(pid, 0), 0);
    EXPECT_EQ(managed.notice(), "");
    struct stat status{};
    stat((folder_.path() / "redis").c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(ManagedRedisTest, KeepsWhatWasWrittenThroughStopAndStart)
{
    ManagedRedis managed(loop_.context.get_executor(), config());
    ASSERT_TRUE(loop_.await(managed.start()));
    ask(managed, {"SET", "k", "kept"});
    ASSERT_TRUE(loop_.await(managed.stop()));
    ASSERT_TRUE(loop_.await(managed.start()));

    EXPECT_EQ(ask(managed, {"GET", "k"}).text, "kept");
    loop_.await(managed.stop());
}

TEST_F(ManagedRedisTest, StartsAgainWhenTheServerDies)
{
    ManagedRedis managed(loop_.context.get_executor(), config());
    ASSERT_TRUE(loop_.await(managed.start()));
    ask(managed, {"SET", "k", "kept"});
    auto first = managed.pid();
    ::kill(first, SIGKILL);
    loop_.run_until([&] { return managed.restarts() == 1 && managed.pid() != 0; });

    EXPECT_EQ(ask(managed, {"GET", "k"}).text, "kept");
    EXPECT_NE(managed.pid(), first);
    loop_.await(managed.stop());
}

TEST_F(ManagedRedisTest, TriesOnWhenTheServerCannotBeStartedAgainAtOnce)
{
    ManagedRedis managed(loop_.context.get_executor(), config());
    ASSERT_TRUE(loop_.await(managed.start()));
    auto lock = folder_.path() / "redis" / "redis.lock";
    std::filesystem::remove(lock);
    std::filesystem::create_directory(lock);  // cannot be opened as a file
    ::kill(managed.pid(), SIGKILL);
    loop_.run_until([&] { return managed.pid() == 0; });
    bool tried = false;
    boost::asio::steady_timer past_the_first_try(loop_.context, 400ms);
    past_the_first_try.async_wait([&](boost::system::error_code) { tried = true; });
    loop_.run_until([&] { return tried; });
    EXPECT_EQ(managed.pid(), 0);

    std::filesystem::remove(lock);
    loop_.run_until([&] { return managed.pid() != 0; });

    EXPECT_EQ(ask(managed, {"PING"}).text, "PONG");
    EXPECT_EQ(managed.restarts(), 1U);
    loop_.await(managed.stop());
}

// kill -9 and power cuts tear the log's last write, which may be in the middle of what a script wrote. Whatever the
// place, nothing of the torn script may ever take effect: not now, and not at a later start together with what came
// behind it.
TEST_F(ManagedRedisTest, NothingOfATornTransactionTakesEffectNowOrLater)
{
    const std::string script = "redis.call('HINCRBY','h','a',1) redis.call('HINCRBY','h','b',1) return 1";
    const auto log = folder_.path() / "redis" / "appendonlydir" / "appendonly.aof.1.incr.aof";
    {
        ManagedRedis managed(loop_.context.get_executor(), config());
        ASSERT_TRUE(loop_.await(managed.start()));
        ask(managed, {"EVAL", script, "0"});
        ask(managed, {"EVAL", script, "0"});
        loop_.await(managed.stop());
    }
    const auto whole = folder_.path() / "whole.aof";
    std::filesystem::copy_file(log, whole);
    const auto size = std::filesystem::file_size(whole);
    for (std::uintmax_t cut = 1; cut < 100; cut += 7) {
        std::filesystem::copy_file(whole, log, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(log, size - cut);
        ManagedRedis managed(loop_.context.get_executor(), config());
        const auto started = loop_.await(managed.start());
        ASSERT_TRUE(started) << started.error().detail;
        EXPECT_EQ(ask(managed, {"HGET", "h", "a"}).text, "1") << cut;
        ask(managed, {"EVAL", script, "0"});
        ::kill(managed.pid(), SIGKILL);
        loop_.run_until([&] { return managed.restarts() == 1 && managed.pid() != 0; });

        EXPECT_EQ(ask(managed, {"HGET", "h", "a"}).text, "2") << cut;
        EXPECT_EQ(ask(managed, {"HGET", "h", "b"}).text, "2") << cut;
        loop_.await(managed.stop());
    }
}

TEST_F(ManagedRedisTest, TellsItsLastWordsWhenItDies)
{
    ManagedRedis managed(loop_.context.get_executor(), config());
    std::string words;
    managed.on_death([&](std::string_view last) { words = last; });
    ASSERT_TRUE(loop_.await(managed.start()));
    std::ofstream(folder_.path() / "redis" / "redis.log", std::ios::app) << "# the disk is full\n";
    ::kill(managed.pid(), SIGKILL);
    loop_.run_until([&] { return managed.restarts() == 1 && managed.pid() != 0; });

    EXPECT_EQ(words, "# the disk is full");
    loop_.await(managed.stop());
}

// A server that never answers, as one that reads an AOF of many gigabytes.
TEST_F(ManagedRedisTest, AStartThatIsUnderWayCanBeInterrupted)
{
    auto slow = config();
    slow.program = (folder_.path() / "slow").string();
    std::ofstream(slow.program) << "#!/bin/sh\nexec sleep 600\n";
    std::filesystem::permissions(slow.program, std::filesystem::perms::owner_all);
    ManagedRedis managed(loop_.context.get_executor(), slow);
    boost::asio::steady_timer soon(loop_.context, 50ms);
    std::function<void()> interrupt_once_it_runs = [&] {
        soon.async_wait([&](boost::system::error_code) {
            if (managed.pid() != 0)
                return managed.interrupt();
            soon.expires_after(20ms);
            interrupt_once_it_runs();
        });
    };
    interrupt_once_it_runs();

    auto started = loop_.await(managed.start());

    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().detail, "interrupted");
    EXPECT_EQ(managed.pid(), 0);
    EXPECT_TRUE(loop_.await(managed.stop()));
}

TEST_F(ManagedRedisTest, AStartThatWaitsForAStaleServerCanBeInterrupted)
{
    ManagedRedis first(loop_.context.get_executor(), config());
    ASSERT_TRUE(loop_.await(first.start()));
    ManagedRedis second(loop_.context.get_executor(), config());
    boost::asio::steady_timer soon(loop_.context, 200ms);
    soon.async_wait([&](boost::system::error_code) { second.interrupt(); });

    auto started = loop_.await(second.start());

    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().detail, "interrupted");
    EXPECT_EQ(ask(first, {"PING"}).text, "PONG");
    loop_.await(first.stop());
}

TEST_F(ManagedRedisTest, SaysWhyTheServerDoesNotStart)
{
    auto bad = config();
    bad.program = "no-such-redis-server";
    ManagedRedis none(loop_.context.get_executor(), bad);
    EXPECT_EQ(loop_.await(none.start()).error().code, "redis_not_started");

    std::filesystem::create_directories(folder_.path() / "redis" / "appendonlydir");
    std::ofstream(folder_.path() / "redis" / "appendonlydir" / "appendonly.aof.manifest") << "nonsense\n";
    ManagedRedis broken(loop_.context.get_executor(), config());
    auto started = loop_.await(broken.start());

    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, "redis_not_started");
    EXPECT_NE(started.error().detail, "");
}

TEST_F(ManagedRedisTest, MovesTheSocketWhenTheFoldersPathIsTooLong)
{
    auto deep = config();
    deep.folder = folder_.path() / std::string(120, 'd');
    ManagedRedis managed(loop_.context.get_executor(), deep);
    ASSERT_TRUE(loop_.await(managed.start()));

    EXPECT_LE(managed.address().unix_path.size(), 107U);
    EXPECT_NE(managed.notice().find(managed.address().unix_path), std::string::npos);
    EXPECT_EQ(ask(managed, {"PING"}).text, "PONG");
    loop_.await(managed.stop());
}

TEST_F(ManagedRedisTest, DiesWithTheThreadThatStartedIt)
{
    int pid = 0;
    std::thread([&] {
        Loop loop;
        ManagedRedis managed(loop.context.get_executor(), config());
        ASSERT_TRUE(loop.await(managed.start()));
        pid = managed.pid();
    }).join();

    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

TEST_F(ManagedRedisTest, WaitsForTheServerOfAKilledParentThenKillsIt)
{
    auto hurried = config();
    hurried.stop_limit = 1s;
    pid_t parent = fork();
    if (parent == 0) {
        Loop loop;
        ManagedRedis managed(loop.context.get_executor(), hurried);
        bool started = loop.await(managed.start()).has_value();
        ::kill(managed.pid(), SIGSTOP);  // deaf to the SIGTERM its parent's death will send
        ::kill(getpid(), started ? SIGKILL : SIGTERM);
    }
    int status = 0;
    waitpid(parent, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    ManagedRedis managed(loop_.context.get_executor(), hurried);
    auto started = loop_.await(managed.start());

    ASSERT_TRUE(started) << started.error().detail;
    EXPECT_EQ(ask(managed, {"PING"}).text, "PONG");
    loop_.await(managed.stop());
}

class StartupChecksTest : public RedisTest {};

TEST_F(StartupChecksTest, NamesEverySettingThatLosesData)
{
    command({"CONFIG", "SET", "no-appendfsync-on-rewrite", "yes"});
    command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});

    std::vector<std::string> names;
    auto findings = loop_.await(retry::check_redis(*redis_, Durability::strict)).value();
    for (const auto& finding : findings)
        names.push_back(finding.name + (finding.advice ? " (advice)" : ""));

    EXPECT_EQ(names, (std::vector<std::string>{"appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory",
                                               "maxmemory-policy", "auto-aof-rewrite-min-size",
                                               "aof-load-truncated (advice)"}));
}

TEST_F(StartupChecksTest, AsksForNoRewriteSizeWhereNothingIsRewritten)
{
    command({"CONFIG", "SET", "auto-aof-rewrite-percentage", "0"});

    auto findings = loop_.await(retry::check_redis(*redis_, Durability::strict)).value();
    for (const auto& finding : findings)
        EXPECT_NE(finding.name, "auto-aof-rewrite-min-size");
}

TEST_F(StartupChecksTest, TakesEverySecondWhenDurabilityIsRelaxed)
{
    command({"CONFIG", "SET", "appendfsync", "everysec"});

    auto findings = loop_.await(retry::check_redis(*redis_, Durability::relaxed)).value();
    for (const auto& finding : findings)
        EXPECT_NE(finding.name, "appendfsync");
}

TEST_F(StartupChecksTest, CountsASettingItMayNotReadAsAFinding)
{
    command({"ACL", "SETUSER", "weak", "on", ">pw", "+@all", "-config", "~*"});
    auto options = server_.options();
    options.address.username = "weak";
    options.address.password = "pw";
    connect(options);

    auto findings = loop_.await(retry::check_redis(*redis_, Durability::strict)).value();

    ASSERT_EQ(findings.size(), 7U);
    EXPECT_EQ(findings[3].name, "maxmemory");
    EXPECT_EQ(findings[3].text, "could not be read");
}

}  // namespace headgate::test
