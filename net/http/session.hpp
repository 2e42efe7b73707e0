#pragma once

// Internal to net/http: one connection of a server, and what all connections of a server share.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include "net/http/head.hpp"
#include "net/http/server.hpp"

namespace headgate::net {

using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using Hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

inline constexpr Refusal gone{0, ""};  // the peer has left, or is to be left, without a word

/// Bytes that have come and have not been used. Fixed room: a head fits or is refused. The room is not touched before
/// bytes come, so an idle connection costs the pages it has used.
class InputBuffer {
public:
    explicit InputBuffer(std::size_t room) : bytes_(std::make_unique_for_overwrite<char[]>(room)), room_(room) {}

    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t count);
    /// Where the next bytes go; never empty while fewer than `room` bytes wait.
    [[nodiscard]] asio::mutable_buffer space();
    void filled(std::size_t count) { end_ += count; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t room_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// One connection. Owned by its coroutine; the server's list only knows it. Outside its own steps it is always waiting:
/// for bytes, for room to write, or for the handler.
class Session : public Hook, public std::enable_shared_from_this<Session> {
public:
    explicit Session(std::shared_ptr<ServerState> state);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] Socket& socket() { return socket_; }
    /// Joins the server's list and starts to serve; `overloaded` answers 503 instead.
    void start(const asio::ip::tcp::endpoint& peer, bool overloaded);

    // None of these ends the session on the spot: they make its wait end, and it goes when the context runs.
    void sweep(std::chrono::steady_clock::time_point now);
    void close_if_idle();
    void cut();

private:
    using Time = std::chrono::steady_clock::time_point;
    enum class Phase : std::uint8_t { idle, head, body, handling, writing, lingering };

    static asio::awaitable<void> run(std::shared_ptr<Session> session, bool overloaded);
    asio::awaitable<void> serve();
    asio::awaitable<std::optional<Refusal>> read_request();
    asio::awaitable<std::optional<Refusal>> read_head(Framing& framing);
    asio::awaitable<std::optional<Refusal>> read_sized_body(std::uint64_t length);
    asio::awaitable<std::optional<Refusal>> read_chunked_body();
    asio::awaitable<std::optional<Refusal>> read_into_sink(const Framing& framing);
    asio::awaitable<std::optional<Refusal>> fill();
    asio::awaitable<bool> answer();
    asio::awaitable<bool> send(std::string_view body);
    asio::awaitable<void> refuse(Refusal refusal);
    asio::awaitable<void> linger();

    [[nodiscard]] std::optional<Refusal> after_read(bool failed, std::size_t count);
    bool send_now(std::string_view body, std::size_t& sent);
    void enter(Phase phase);
    void end(const std::exception_ptr& fault);
    void leave();

    std::shared_ptr<ServerState> state_;
    Socket socket_;
    asio::cancellation_signal cancel_;
    InputBuffer in_;
    std::string out_;  // the head of the answer
    std::string remote_;
    Request request_;  // used again, so its room is
    Time deadline_ = Time::max();
    Phase phase_ = Phase::idle;
    bool expired_ = false;  // the wait under way was ended by the sweep, a drain or a cut
};

struct ServerState : std::enable_shared_from_this<ServerState> {
    using Sessions = boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>>;

    ServerState(asio::io_context& context, Limits given, Handler handle, HttpServer::Clock time);

    void sweep();
    void arm_sweep();
    void cut();
    void stop_accepting();

    asio::io_context& io;
    Limits limits;
    Handler handler;
    OpenSink open_sink;  // may be empty
    HttpServer::Clock clock;
    HttpServer::OnRefusal on_refusal = [](int, std::string_view) {};
    HttpServer::OnFault on_fault = [](std::string_view) {};
    asio::steady_timer sweep_timer;
    asio::steady_timer idle_signal;  // never expires; cancelled when the last session ends
    std::vector<std::shared_ptr<Acceptor>> acceptors;
    Sessions sessions;
    std::size_t active = 0;
    bool sweeping = false;
    bool draining = false;
    bool is_cut = false;
};

}  // namespace headgate::net
