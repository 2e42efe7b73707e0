#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include "net/http/pool.hpp"
#include "test_certificates.hpp"

namespace headgate::net {

using namespace std::chrono_literals;

using Turn = std::function<bool(const std::function<bool()>& enough)>;

/// The other end of one connection of a pool, in the test's hand: it says what it is told and nothing else. It and the
/// pool share one thread: while it waits, the pool's context turns. The wall clock only ends a test that hangs.
class Peer {
public:
    Peer(Turn turn, int socket, SSL_CTX* tls);
    Peer(Peer&& other) noexcept;
    Peer& operator=(Peer&&) = delete;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer();

    /// The server's half of TLS; false when there is none to be had.
    bool shake_hands();
    /// One whole request, head and body, by its Content-Length.
    std::string request();
    /// The next bytes; fewer when the connection ends first.
    std::string read(std::size_t count);
    void write(std::string_view bytes);
    /// As much as fits without the other side reading.
    void flood(std::string_view bytes);
    /// An answer with its length.
    void answer(std::string_view body, int status = 200);

    /// True when the other side has ended it without another byte.
    bool ended();
    /// True when nothing has come and the connection is open.
    bool quiet();
    /// In order, for TLS with a word.
    void close();
    /// For TLS without a word, as an attacker who cuts the line does.
    void cut();
    void reset();

    /// What the client has asked for by SNI.
    [[nodiscard]] std::string server_name() const;
    [[nodiscard]] bool has_client_certificate() const;

private:
    void receive();

    Turn turn_;
    int socket_;
    std::shared_ptr<SSL> ssl_;
    std::string in_;
    bool end_ = false;
};

/// A port of 127.0.0.1, or another address, that nobody is let in by until the test says so.
class Listener {
public:
    explicit Listener(const char* address = "127.0.0.1", std::uint16_t port = 0, int backlog = 64);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// -1 when nobody waits.
    [[nodiscard]] int accept() const;
    void close();

private:
    int socket_;
    std::uint16_t port_ = 0;
};

/// An address at which nobody refuses and nobody answers: the queue of a listener that is full.
class Hole {
public:
    explicit Hole(const char* address = "127.0.0.1", std::uint16_t port = 0);
    Hole(const Hole&) = delete;
    Hole& operator=(const Hole&) = delete;
    ~Hole();

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

private:
    Listener listener_;
    std::vector<int> sockets_;
};

using Outcome = std::shared_ptr<std::optional<Result<HttpAnswer>>>;

class HttpPoolTest : public ::testing::Test {
protected:
    ~HttpPoolTest() override;

    /// To 127.0.0.1 and the listener's port, without TLS.
    void start(HttpPoolOptions options = {});
    /// The same to a name that the test resolves: to 127.0.0.1, unless `addresses_` is set to others.
    void start_by_name(HttpPoolOptions options = {});

    void turn();
    /// Turns the context until it is so; false when it never was.
    bool until(const std::function<bool()>& enough);
    [[nodiscard]] Turn turner();

    Outcome send(HttpCall call);
    Outcome get(std::string target = "/");
    Peer accept(SSL_CTX* tls = nullptr);
    [[nodiscard]] bool nobody_waits();
    /// Its outcome, which must be near.
    Result<HttpAnswer>& wait(const Outcome& outcome);
    /// "class code" of a failure, the body of an answer.
    std::string say(const Outcome& outcome);

    /// Sends a call whose deadline passes between the last look at it and its first byte, so it is certain to be
    /// under way and late.
    Outcome send_late(HttpCall call, const std::function<void()>& meanwhile = [] {});

    asio::io_context io_;
    std::optional<Listener> listener_{std::in_place};
    std::optional<HttpPool> pool_;
    std::vector<std::string> addresses_{"127.0.0.1"};
    std::size_t resolved_ = 0;
};

inline HttpCall post_call(std::string target, std::string body)
{
    HttpCall call;
    call.method = "POST";
    call.target = std::move(target);
    call.body = std::move(body);
    return call;
}

inline HttpCall call_until(std::chrono::milliseconds limit)
{
    HttpCall call;
    call.deadline = std::chrono::steady_clock::now() + limit;
    return call;
}

inline HttpPoolOptions local_options()
{
    HttpPoolOptions options;
    options.allow = {*parse_network("127.0.0.0/8")};
    return options;
}

}  // namespace headgate::net
