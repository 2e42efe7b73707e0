#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "net/redis/reply.hpp"
#include "net/redis/script.hpp"

namespace headgate::net {

/// Where a Redis listens. `unix_path` wins over `host`; without a password there is no AUTH.
struct RedisAddress {
    std::string unix_path;
    std::string host;  // each failed connect goes on to the next of its addresses
    std::uint16_t port = 6379;
    std::string username;  // empty: the default user
    std::string password;
    int db = 0;
};

struct RedisOptions {
    RedisAddress address;
    std::chrono::milliseconds command_timeout{5'000};  // from `send` to the reply; coarse, up to an eighth late
    std::chrono::milliseconds connect_timeout{5'000};  // connect, AUTH, SELECT and PING together
    std::chrono::milliseconds first_backoff{20};       // doubles per failed connect and READONLY, with jitter
    std::chrono::milliseconds backoff_ceiling{2'000};
    std::size_t max_pending = 100'000;  // commands without a reply
    std::size_t max_unsent_bytes = 256U << 20U;
};

/// One connection to one Redis on one single-threaded io_context, reconnecting by itself. Commands pipeline: what is
/// sent within one turn of the loop leaves in one write, and replies complete in order. Calls may overlap, all from
/// the context's thread. Callbacks never run inside the call that was given them.
///
/// Failures of every command:
///   transient `redis_unavailable`    not connected, or lost before this command was written: nothing happened
///   unknown_outcome `redis_no_answer` lost or past its deadline after it was written: it may have happened
///   transient `redis_backlog`        `max_pending` or `max_unsent_bytes` reached: nothing happened
///   transient `redis_full`           OOM: Redis is at maxmemory
///   transient `redis_not_ready`      READONLY, LOADING, MASTERDOWN, BUSY, TRYAGAIN, CLUSTERDOWN, NOREPLICAS, MISCONF
///                                    (its disk is full or broken)
///   permanent `redis_error`          any other error; `detail` is the first word of its text ("WRONGTYPE")
/// Replies are ordered, so a command past its deadline resets the connection and fails all that wait. READONLY drops it
/// once what was written is answered: behind the same address another may be the master now.
class Redis {
public:
    using Callback = std::move_only_function<void(Result<Reply>)>;
    using Args = std::span<const std::string_view>;

    /// Connects at the next turn of the loop and from then on again whenever the connection is lost.
    Redis(asio::any_io_executor executor, RedisOptions options);
    Redis(const Redis&) = delete;
    Redis& operator=(const Redis&) = delete;
    /// As `close`. Callbacks of pending commands still run, later, on the loop: they must not rely on this object.
    ~Redis();

    /// `args` need only live during the call. The callback runs exactly once, unless the loop is destroyed first.
    void send(Args args, Callback done);
    /// EVALSHA; on NOSCRIPT the script is loaded once and the call repeated. `script` must outlive the callback.
    void send(const Script& script, Args keys, Args args, Callback done);

    Task<Reply> command(std::vector<std::string> args);
    Task<Reply> eval(const Script& script, std::vector<std::string> keys, std::vector<std::string> args);

    /// True between the answered handshake and the loss of the connection.
    [[nodiscard]] bool connected() const;
    /// `redis_unavailable` with the last reason when not connected within `limit`; `redis_refused` (auth) at once
    /// when Redis refuses the password.
    Task<void> wait_connected(std::chrono::milliseconds limit);
    /// Called on each change with the reason of a loss (nullptr when connected), and for each failed connect.
    void on_state(std::move_only_function<void(bool connected, const Failure* why)> callback);
    [[nodiscard]] const asio::any_io_executor& executor() const;
    /// Commands without a reply yet.
    [[nodiscard]] std::size_t pending() const;
    /// Fails all that is pending and never connects again. May be repeated.
    void close();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace headgate::net
