#include <csignal>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "redis_server.hpp"

namespace headgate::test {

using namespace std::chrono_literals;
using net::Redis;
using net::Reply;

class RedisConnectionTest : public RedisTest {
protected:
    /// Sends without waiting; the answers collect in `answers_`.
    void send(std::vector<std::string_view> args)
    {
        auto place = answers_.size();
        answers_.emplace_back();
        redis_->send(args, [this, place](Result<Reply> reply) {
            answers_[place] = std::move(reply);
            ++answered_;
        });
    }

    void wait_for_all()
    {
        loop_.run_until([&] { return answered_ == answers_.size(); });
    }

    std::vector<std::optional<Result<Reply>>> answers_;
    std::size_t answered_ = 0;
};

TEST_F(RedisConnectionTest, CompletesPipelinedCommandsInTheirOrder)
{
    for (int i = 0; i < 1'000; ++i)
        send({"INCR", "n"});
    wait_for_all();

    for (std::size_t i = 0; i < answers_.size(); ++i)
        ASSERT_EQ((*answers_[i])->integer, static_cast<std::int64_t>(i) + 1);
}

TEST_F(RedisConnectionTest, NeverCallsBackBeforeSendReturns)
{
    send({"PING"});
    EXPECT_EQ(answered_, 0U);
    redis_->close();
    send({"PING"});
    EXPECT_EQ(answered_, 0U);

    wait_for_all();

    EXPECT_EQ(answers_[0]->error().code, "redis_unavailable");
    EXPECT_EQ(answers_[1]->error().code, "redis_unavailable");
}

TEST_F(RedisConnectionTest, KeepsEveryByteAndEveryKindOfAnswer)
{
    std::string bytes("a\0\r\n\xff", 5);
    std::string large(3'000'000, 'x');
    EXPECT_EQ(text({"SET", bytes, large}), "OK");
    EXPECT_EQ(text({"GET", bytes}), large);
    EXPECT_TRUE(command({"GET", "none"})->is_nil());

    auto nested = command({"EVAL", "return {1, 'two', {3, {}, false}, redis.status_reply('FINE')}", "0"});

    ASSERT_TRUE(nested && nested->is_list(4));
    EXPECT_EQ(nested->list[0].integer, 1);
    EXPECT_EQ(nested->list[1].text, "two");
    ASSERT_TRUE(nested->list[2].is_list(3));
    EXPECT_TRUE(nested->list[2].list[1].is_list(0));
    EXPECT_TRUE(nested->list[2].list[2].is_nil());
    EXPECT_EQ(nested->list[3].kind, Reply::Kind::status);
}

TEST_F(RedisConnectionTest, TellsErrorsByTheirFirstWordOnly)
{
    command({"SET", "text", "secret"});

    auto answer = command({"LPUSH", "text", "1"});

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().failure_class, FailureClass::permanent);
    EXPECT_EQ(answer.error().code, "redis_error");
    EXPECT_EQ(answer.error().detail, "WRONGTYPE");
}

TEST_F(RedisConnectionTest, LoadsAScriptOnceWhenRedisHasForgottenIt)
{
    auto script = net::make_script("count", "#!lua\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])");
    command({"CONFIG", "RESETSTAT"});

    std::vector<Task<Reply>> calls;
    for (int i = 0; i < 50; ++i)
        calls.push_back(redis_->eval(script, {"n"}, {"2"}));
    auto first = loop_.await_all(std::move(calls));
    command({"SCRIPT", "FLUSH"});
    auto again = loop_.await(redis_->eval(script, {"n"}, {"2"}));

    for (auto& answer : first)
        ASSERT_TRUE(answer) << answer.error().detail;
    ASSERT_TRUE(again);
    EXPECT_EQ(again->integer, 102);
    auto stats = text({"INFO", "commandstats"});
    EXPECT_NE(stats.find("cmdstat_script|load:calls=2,"), std::string::npos) << stats;
}

TEST_F(RedisConnectionTest, ReportsAnUnknownOutcomeForWhatWasWrittenWhenTheServerDies)
{
    server_.signal(SIGSTOP);
    send({"INCR", "n"});
    loop_.context.poll();
    asio::post(loop_.context, [&] { server_.kill(); });

    wait_for_all();
    send({"INCR", "n"});
    wait_for_all();

    EXPECT_EQ(answers_[0]->error().failure_class, FailureClass::unknown_outcome);
    EXPECT_EQ(answers_[0]->error().code, "redis_no_answer");
    EXPECT_EQ(answers_[1]->error().failure_class, FailureClass::transient);
    EXPECT_EQ(answers_[1]->error().code, "redis_unavailable");
}

TEST_F(RedisConnectionTest, ConnectsAgainWhenTheServerIsBack)
{
    std::vector<bool> states;
    redis_->on_state([&](bool connected, const Failure*) { states.push_back(connected); });
    server_.kill();
    loop_.run_until([&] { return !redis_->connected(); });
    server_.start();

    auto connected = loop_.await(redis_->wait_connected(60s));

    ASSERT_TRUE(connected);
    EXPECT_EQ(text({"PING"}), "PONG");
    EXPECT_FALSE(states.front());
    EXPECT_TRUE(states.back());
}

TEST_F(RedisConnectionTest, FailsACommandPastItsDeadlineAndGoesOnWithAFreshConnection)
{
    auto options = server_.options();
    options.command_timeout = 50ms;
    connect(options);
    server_.signal(SIGSTOP);

    auto late = command({"PING"});
    server_.signal(SIGCONT);
    auto connected = loop_.await(redis_->wait_connected(60s));

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().failure_class, FailureClass::unknown_outcome);
    ASSERT_TRUE(connected);
    auto next = text({"ECHO", "mine"});
    while (next != "mine") {  // a slow machine may be late again, but no other's answer may come
        ASSERT_TRUE(next.starts_with("redis_")) << next;
        loop_.await(redis_->wait_connected(60s));
        next = text({"ECHO", "mine"});
    }
}

TEST_F(RedisConnectionTest, FollowsAFailoverBehindTheSameAddress)
{
    TempFolder folder;
    RedisServer next;
    auto address = folder.path() / "virtual";
    std::filesystem::create_symlink(server_.socket(), address);
    auto options = server_.options();
    options.address.unix_path = address;
    connect(options);
    command({"REPLICAOF", "127.0.0.1", "1"});
    std::filesystem::remove(address);
    std::filesystem::create_symlink(next.socket(), address);

    send({"SET", "a", "1"});
    send({"SET", "b", "2"});
    wait_for_all();
    auto connected = loop_.await(redis_->wait_connected(60s));

    EXPECT_EQ(answers_[0]->error().code, "redis_not_ready");
    EXPECT_EQ(answers_[1]->error().code, "redis_not_ready");
    ASSERT_TRUE(connected);
    EXPECT_EQ(text({"SET", "a", "1"}), "OK");
}

TEST_F(RedisConnectionTest, ConnectsEverLaterToWhatStaysReadonly)
{
    auto options = server_.options();
    options.first_backoff = 16ms;
    options.backoff_ceiling = 10s;
    connect(options);
    command({"REPLICAOF", "127.0.0.1", "1"});
    auto begun = std::chrono::steady_clock::now();

    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(text({"SET", "k", "v"}), "redis_not_ready READONLY");
        ASSERT_TRUE(loop_.await(redis_->wait_connected(60s)));
    }

    EXPECT_GE(std::chrono::steady_clock::now() - begun, 240ms);  // half of 16, 32, ... 256; not of five times 16
}

TEST_F(RedisConnectionTest, RefusesMoreThanItsBoundOfPendingCommands)
{
    auto options = server_.options();
    options.max_pending = 3;
    connect(options);

    for (int i = 0; i < 5; ++i)
        send({"PING"});
    wait_for_all();

    EXPECT_TRUE(*answers_[2]);
    EXPECT_EQ(answers_[3]->error().code, "redis_backlog");
    EXPECT_EQ(answers_[4]->error().failure_class, FailureClass::transient);
}

TEST_F(RedisConnectionTest, FailsWhatIsPendingWhenItIsDestroyed)
{
    server_.signal(SIGSTOP);
    send({"PING"});
    loop_.context.poll();
    send({"PING"});
    redis_.reset();

    wait_for_all();

    EXPECT_EQ(answers_[0]->error().code, "redis_no_answer");
    EXPECT_EQ(answers_[1]->error().code, "redis_unavailable");
}

TEST_F(RedisConnectionTest, LeavesNothingBehindWhenTheLoopGoesBeforeTheAnswers)
{
    Loop loop;
    net::Redis redis(loop.context.get_executor(), server_.options());
    ASSERT_TRUE(loop.await(redis.wait_connected(60s)));
    asio::co_spawn(loop.context, redis.command({"PING"}), [](const std::exception_ptr&, const Result<Reply>&) {});
    loop.context.poll_one();
}

TEST_F(RedisConnectionTest, RunsNothingMoreOnceItIsDestroyed)
{
    redis_.reset();

    loop_.context.restart();
    loop_.context.run();  // returns: no timer, no read and no coroutine is left
}

class RedisPasswordTest : public RedisTest {
protected:
    RedisPasswordTest() : RedisTest({"--requirepass", "right"}) {}
    void SetUp() override {}
};

TEST_F(RedisPasswordTest, SaysThatItWasRefusedWhenThePasswordIsWrong)
{
    auto options = server_.options();
    options.address.password = "wrong";
    redis_.emplace(loop_.context.get_executor(), options);

    auto connected = loop_.await(redis_->wait_connected(60s));

    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().failure_class, FailureClass::auth);
    EXPECT_EQ(connected.error().code, "redis_refused");
}

TEST_F(RedisPasswordTest, ConnectsWithAUserAPasswordAndADatabase)
{
    auto options = server_.options();
    options.address.username = "default";
    options.address.password = "right";
    options.address.db = 3;
    connect(options);

    EXPECT_NE(text({"CLIENT", "LIST"}).find("db=3"), std::string::npos);
}

class RedisTcpTest : public ::testing::Test {
protected:
    /// A port of this address that nobody has now; 0 when there is no such address here.
    static int free_port(const char* address)
    {
        addrinfo hints{};
        hints.ai_flags = AI_NUMERICHOST;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (getaddrinfo(address, "0", &hints, &found) != 0)
            return 0;
        int port = 0;
        int fd = ::socket(found->ai_family, SOCK_STREAM, 0);
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        if (fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 &&
            getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0) {
            char digits[8]{};
            getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, digits, sizeof digits, NI_NUMERICSERV);
            port = std::atoi(digits);
        }
        if (fd >= 0)
            ::close(fd);
        freeaddrinfo(found);
        return port;
    }

    /// Whether a server bound to `address` alone is found by `host`.
    void expect_reached(const char* address, const std::string& host)
    {
        auto port = free_port(address);
        if (port == 0)
            return;
        RedisServer server({"--bind", address, "--port", std::to_string(port)});
        auto options = server.options();
        options.address.unix_path.clear();
        options.address.host = host;
        options.address.port = static_cast<std::uint16_t>(port);
        Redis redis(loop_.context.get_executor(), options);

        auto connected = loop_.await(redis.wait_connected(20s));

        ASSERT_TRUE(connected) << address << " by '" << host << "': " << connected.error().detail;
        EXPECT_EQ(loop_.await(redis.command({"ECHO", "hello"}))->text, "hello");
    }

    Loop loop_;
};

TEST_F(RedisTcpTest, ConnectsByAddressAndByName)
{
    expect_reached("127.0.0.1", "127.0.0.1");
    expect_reached("127.0.0.1", "localhost");
}

TEST_F(RedisTcpTest, TriesEveryAddressOfAHost)
{
    // No name at all is both loopback addresses, ::1 first, as localhost is on most machines.
    expect_reached("127.0.0.1", "");
    expect_reached("::1", "");
}

}  // namespace headgate::test
