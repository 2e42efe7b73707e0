#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/startup_checks.hpp"

namespace headgate::retry {

struct ManagedRedisConfig {
    std::filesystem::path folder;          // made with mode 0700 when missing
    std::string program = "redis-server";  // looked up in PATH
    Durability durability = Durability::strict;
    std::uint64_t maxmemory = 1ULL << 30U;  // bytes
    std::chrono::seconds start_limit{600};  // until PING answers: reading a large AOF takes its time
    std::chrono::seconds stop_limit{10};    // from SIGTERM to SIGKILL, of ours and of a stale one
};

/// A private redis-server on a unix socket, started and supervised here. One call at a time, on the executor's thread,
/// which is the thread that forks: it must live as long as the server should (PR_SET_PDEATHSIG sends it SIGTERM when
/// that thread ends). A lock file that the server inherits keeps two servers from ever sharing the folder.
class ManagedRedis {
public:
    ManagedRedis(asio::any_io_executor executor, ManagedRedisConfig config);
    ManagedRedis(const ManagedRedis&) = delete;
    ManagedRedis& operator=(const ManagedRedis&) = delete;
    /// Sends SIGTERM to a server that still runs, and does not wait; the next start does.
    ~ManagedRedis();

    /// Waits for a stale server of a killed parent to end (then kills it), starts ours and waits until it answers;
    /// from then on it is started again whenever it dies, until that succeeds. `redis_not_started` (permanent), with
    /// its log's last line.
    Task<void> start();
    /// Ends a `start` that is under way: it fails as `redis_not_started`, its server ends as with `stop`. Else nothing.
    void interrupt();
    /// SIGTERM, wait, SIGKILL after `stop_limit`. No restart after it. Nothing to stop is fine.
    Task<void> stop();

    /// Called each time the server has died by itself, with the last line of its log, before it is started again.
    void on_death(std::function<void(std::string_view last_words)> call);

    [[nodiscard]] net::RedisAddress address() const;
    /// Where the socket went when the folder's path is too long for one (107 bytes); else empty. For the log.
    [[nodiscard]] std::string notice() const;
    [[nodiscard]] int pid() const;                 // 0: not running
    [[nodiscard]] std::uint64_t restarts() const;  // how often it died

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace headgate::retry
