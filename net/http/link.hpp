#pragma once

// Internal to net/http: one connection of a pool.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/http/answer_reader.hpp"
#include "net/http/pool.hpp"

namespace headgate::net {

/// Where the connections of a pool lead, the same for all of them.
struct Route {
    asio::any_io_executor executor;
    HttpOrigin origin;
    HttpPoolOptions options;
    std::shared_ptr<asio::ssl::context> tls;  // none for http
    std::string name;                         // host:port, for people
};

/// One connection from its making to its end: `open` once, then `exchange` and `begin_rest`, `end_rest` in turns. One
/// of them at a time. It is held by whoever has its place in the pool; what waits for it in the context only knows it.
class Link : public std::enable_shared_from_this<Link> {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Link(std::shared_ptr<const Route> route);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() = default;

    /// Name, connection and TLS. Fails as nothing sent.
    Task<void> open(Time deadline);
    /// One call, whose bytes are `request`.
    Task<HttpAnswer> exchange(const HttpCall& call, const std::string& request);

    /// True when it may wait for another call; then `gone` is called, at most once, when it need not wait any longer:
    /// its time is up, or the peer has closed it or said something.
    [[nodiscard]] bool begin_rest(std::function<void()> gone);
    /// False when it is of no more use: only now may it be seen that the peer has gone.
    [[nodiscard]] bool end_rest();

    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    /// Ends whatever waits, for good.
    void abort();

private:
    using Error = boost::system::error_code;

    asio::awaitable<std::pair<Error, Addresses>> resolve(Time deadline);
    Task<void> open_to(asio::ip::address address, Time until);
    Task<void> handshake();
    Task<HttpAnswer> talk(const HttpCall& call, const std::string& request);
    Task<bool> listen(AnswerReader& reader, BodySink* sink);
    Task<void> drain(AnswerReader& reader, BodySink* sink);

    [[nodiscard]] Result<Addresses> admitted(const Addresses& addresses) const;
    [[nodiscard]] std::optional<Failure> stopped(const asio::cancellation_state& cancellation, Time deadline) const;
    [[nodiscard]] Failure unsent(std::string code, const std::string& cause) const;
    [[nodiscard]] Failure unknown(std::string code, const std::string& cause) const;
    [[nodiscard]] Failure lost(const AnswerReader& reader, const std::string& cause,
                               const asio::cancellation_state& cancellation) const;

    /// From now on the socket is closed at `deadline`, and `expired_` tells that it was.
    void arm(Time deadline);
    void disarm();
    void cut();

    std::shared_ptr<const Route> route_;
    asio::ip::tcp::socket socket_;
    std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
    asio::steady_timer timer_;
    std::size_t turn_ = 0;  // what an earlier wait has to say is not listened to
    std::optional<std::chrono::milliseconds> rest_;
    Time rest_end_;
    bool reused_ = false;  // it has rested
    bool expired_ = false;
    bool aborted_ = false;
};

}  // namespace headgate::net
