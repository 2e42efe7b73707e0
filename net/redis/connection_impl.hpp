#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "core/timer.hpp"
#include "net/redis/connection.hpp"
#include "net/redis/wire.hpp"

namespace headgate::net {

/// What outlives a Redis object until its last handler has run. Callbacks instead of coroutines: nothing runs on.
struct Redis::Impl : std::enable_shared_from_this<Redis::Impl> {
    using Clock = std::chrono::steady_clock;

    struct Pending {
        Callback done;
        Clock::time_point deadline;
    };

    /// One connection's life. A handler of an older link finds that it is not `link` any more and does nothing.
    struct Link {
        explicit Link(asio::any_io_executor executor) : socket(std::move(executor)) {}
        asio::generic::stream_protocol::socket socket;
        ReplyReader reader;
        std::string writing;
        std::vector<char> in = std::vector<char>(64 * 1024);
        std::size_t handshake_left = 0;
        bool up = false;
        bool leaving = false;  // no new commands; dropped once those that were written are answered
    };

    /// A reader that waits for the state, once.
    struct Waiter {
        std::move_only_function<void(Result<void>)> done;
        Clock::time_point deadline;
    };

    Impl(asio::any_io_executor executor_, RedisOptions options_);

    void start();
    void send(std::string_view command, Callback done);
    void send_script(const Script& script, std::shared_ptr<const std::string> command, Callback done, bool again);
    void add_waiter(std::chrono::milliseconds limit, std::move_only_function<void(Result<void>)> done);
    void close();
    [[nodiscard]] bool usable() const { return link && link->up && !link->leaving; }

    asio::any_io_executor executor;
    RedisOptions options;
    std::shared_ptr<Link> link;
    std::string out;                                 // not yet handed to a write
    std::size_t unsent = 0;                          // the last `unsent` of `pending` are in `out`
    std::deque<Pending> pending;                     // in the order of their replies
    std::uint64_t sent = 0;                          // commands ever sent
    std::map<std::string, std::uint64_t> loaded_at;  // sha1 -> `sent` when SCRIPT LOAD went out on this link
    std::deque<Waiter> waiters;
    std::move_only_function<void(bool, const Failure*)> state_callback;
    Failure why{FailureClass::transient, "redis_unavailable", "not connected yet", {}};
    bool closed = false;

private:
    void connect();
    void connect_to(const std::shared_ptr<Link>& to, const asio::generic::stream_protocol::endpoint& endpoint);
    void handshake(const std::shared_ptr<Link>& on);
    void handshake_reply(const std::shared_ptr<Link>& on, const Reply& reply);
    void read(const std::shared_ptr<Link>& on);
    void received(const std::shared_ptr<Link>& on, std::size_t size);
    void ask_flush();
    void flush();
    void lose(Failure reason);
    void retry_later();
    void sweep();
    void fail_pending(const std::string& reason);
    void settle_waiters(const Result<void>& result);
    void tell(bool connected, const Failure* reason);

    Timer sweep_timer_;
    Timer retry_timer_;
    asio::ip::tcp::resolver resolver_;
    Clock::time_point connect_deadline_{};
    std::chrono::milliseconds backoff_;
    std::minstd_rand random_;
    std::size_t place_ = 0;   // which of the host's addresses is tried
    bool read_only_ = false;  // the last loss was for READONLY: to have connected again proves nothing
    bool flush_asked_ = false;
};

}  // namespace headgate::net
