#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "core/async.hpp"
#include "core/result.hpp"
#include "net/http/limits.hpp"
#include "net/http/message.hpp"

namespace headgate::net {

struct ServerState;

/// HTTP/1.1 and 1.0 (RFC 9112) on one single-threaded io_context; every call comes from its thread. Keep-alive and
/// pipelining, answers in order, one request of a connection at a time. Framing is judged before the handler is called;
/// what is refused never reaches it, and neither does anything behind it on that connection.
///
/// Stopping: `stop_accepting`, `close_idle`, await `wait_idle` within your deadline, `cut`, await `wait_idle`. The
/// destructor cuts. A handler under way at a cut is cancelled (terminal) and what it uses must outlive `wait_idle`;
/// no handler is started after a cut.
class HttpServer {
public:
    /// Several cores of one process may share a port (SO_REUSEPORT). Another process never may: two Headgates on one
    /// port would each get some of the requests, and neither would know.
    enum class PortUse : std::uint8_t {
        alone,
        first,   // nobody else has it; those after this one may join
        beside,  // joins what `first` has opened
    };

    using Clock = std::function<std::chrono::steady_clock::time_point()>;
    using OnRefusal = std::function<void(int status, std::string_view reason)>;
    using OnFault = std::function<void(std::string_view what)>;

    HttpServer(asio::io_context& io, Limits limits, Handler handler, Clock clock = &std::chrono::steady_clock::now);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Called for each refusal the server itself makes: those of `parse_head` and `ChunkDecoder`, 408 `head_too_slow`
    /// and `body_too_slow`, 503 `too_many_connections`. Must not throw.
    void on_refusal(OnRefusal observer);
    /// Asked for each request with a body or without. A sink is first given nothing, before the client is told to go
    /// on; then the body in pieces of about 256 KiB, at most `Limits::streamed_bytes`. When it wants no more, the
    /// handler is called at once and the connection closes behind its answer. A body that breaks off or comes too
    /// slowly never reaches the handler, and the sink goes.
    void stream_bodies(OpenSink open);
    /// Called when a handler throws or answers what cannot be sent; the client has got 500. Must not throw.
    void on_fault(OnFault observer);

    /// Starts accepting on an IP address; may be called for several. Port 0 is any. Returns the port. Fails with
    /// permanent `address_malformed` or `listen_failed`.
    Result<std::uint16_t> listen(const std::string& address, std::uint16_t port, PortUse use = PortUse::alone);
    /// Connections that the kernel has queued and we have not taken are lost with the listening socket.
    void stop_accepting();
    /// Closes connections that wait for a request; from now on each answer closes its connection.
    void close_idle();
    /// Closes every connection at once and stops accepting, for good.
    void cut();

    /// Connections that have not ended, lingering ones included.
    [[nodiscard]] std::size_t active() const;
    /// Ends when `active()` is 0. Does not need this object.
    [[nodiscard]] asio::awaitable<void> wait_idle();
    /// Enforces the deadlines by the clock; a timer calls it every 250 ms while there are connections, tests when they
    /// like.
    void sweep();

private:
    std::shared_ptr<ServerState> state_;
};

}  // namespace headgate::net
