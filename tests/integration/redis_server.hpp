#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "core/async.hpp"
#include "net/redis/connection.hpp"

namespace headgate::test {

/// A folder of one test's own, gone after it.
class TempFolder {
public:
    TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// A redis-server of one test's own on a unix socket. Listens when the constructor returns.
class RedisServer {
public:
    explicit RedisServer(std::vector<std::string> more_settings = {});
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    ~RedisServer();

    [[nodiscard]] std::string socket() const { return (folder_.path() / "s").string(); }
    [[nodiscard]] net::RedisOptions options() const;
    void start();
    void signal(int number) const;
    void kill();  // as a crash does, and waits for its end

private:
    TempFolder folder_;
    std::vector<std::string> settings_;
    int pid_ = 0;
};

/// A context and a way to wait for a task from a test.
class Loop {
public:
    asio::io_context context{1};

    template <class T>
    Result<T> await(Task<T> task)
    {
        std::optional<Result<T>> result;
        asio::co_spawn(context, std::move(task), [&](const std::exception_ptr& error, Result<T> value) {
            if (error)
                std::rethrow_exception(error);
            result = std::move(value);
        });
        run_until([&] { return result.has_value(); });
        return std::move(*result);
    }

    /// All at once, in this order.
    template <class T>
    std::vector<Result<T>> await_all(std::vector<Task<T>> tasks)
    {
        std::vector<Result<T>> results(tasks.size());
        std::size_t missing = tasks.size();
        for (std::size_t i = 0; i < tasks.size(); ++i)
            asio::co_spawn(context, std::move(tasks[i]), [&, i](const std::exception_ptr& error, Result<T> value) {
                if (error)
                    std::rethrow_exception(error);
                results[i] = std::move(value);
                --missing;
            });
        run_until([&] { return missing == 0; });
        return results;
    }

    /// Runs the loop until it is so; a test that waits in vain ends by the runner's limit.
    void run_until(const std::function<bool()>& so);
};

/// A server and one connection to it.
class RedisTest : public ::testing::Test {
protected:
    explicit RedisTest(std::vector<std::string> more_settings = {}) : server_(std::move(more_settings)) {}
    void SetUp() override { connect(server_.options()); }
    void connect(net::RedisOptions options);

    Result<net::Reply> command(std::vector<std::string> args) { return loop_.await(redis_->command(std::move(args))); }
    /// The text of an answer, or the failure's code.
    std::string text(std::vector<std::string> args);
    std::int64_t number(std::vector<std::string> args);
    /// Of everything in Redis.
    std::string digest() { return text({"DEBUG", "DIGEST"}); }

    RedisServer server_;
    Loop loop_;
    std::optional<net::Redis> redis_;
};

}  // namespace headgate::test
