#include "http_pool_harness.hpp"

#include <cerrno>
#include <csignal>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <boost/asio/co_spawn.hpp>

namespace headgate::net {

Peer::Peer(Turn turn, int socket, SSL_CTX* tls) : turn_(std::move(turn)), socket_(socket)
{
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls != nullptr) {
        ssl_ = {SSL_new(tls), SSL_free};
        SSL_set_fd(ssl_.get(), socket_);
        SSL_set_accept_state(ssl_.get());
    }
}

Peer::Peer(Peer&& other) noexcept
    : turn_(std::move(other.turn_)),
      socket_(std::exchange(other.socket_, -1)),
      ssl_(std::move(other.ssl_)),
      in_(std::move(other.in_)),
      end_(other.end_)
{}

Peer::~Peer()
{
    if (socket_ >= 0)
        ::close(socket_);
}

bool Peer::shake_hands()
{
    bool failed = false;
    turn_([&] {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        const int error = SSL_get_error(ssl_.get(), result);
        failed = result != 1 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
        return failed || result == 1;
    });
    return !failed && SSL_is_init_finished(ssl_.get()) == 1;
}

void Peer::receive()
{
    char room[16384];
    for (;;) {
        ssize_t count = 0;
        if (ssl_) {
            ERR_clear_error();
            count = SSL_read(ssl_.get(), room, sizeof room);
            const int error = SSL_get_error(ssl_.get(), static_cast<int>(count));
            if (count <= 0 && (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE))
                return;
        } else {
            count = ::recv(socket_, room, sizeof room, 0);
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return;
        }
        if (count <= 0) {
            end_ = true;
            return;
        }
        in_.append(room, static_cast<std::size_t>(count));
    }
}

std::string Peer::request()
{
    std::size_t length = std::string::npos;
    turn_([&] {
        receive();
        const auto head = in_.find("\r\n\r\n");
        if (head == std::string::npos)
            return end_;
        constexpr std::string_view name = "Content-Length: ";
        const auto field = in_.substr(0, head + 2).find(name);
        length = head + 4 + (field == std::string::npos ? 0 : std::stoul(in_.substr(field + name.size())));
        return end_ || in_.size() >= length;
    });
    EXPECT_LE(length, in_.size()) << "no whole request has come";
    std::string request = in_.substr(0, length);
    in_.erase(0, length);
    return request;
}

std::string Peer::read(std::size_t count)
{
    turn_([&] {
        receive();
        return end_ || in_.size() >= count;
    });
    std::string bytes = in_.substr(0, count);
    in_.erase(0, count);
    return bytes;
}

void Peer::write(std::string_view bytes)
{
    const bool written = turn_([&] {
        while (!bytes.empty()) {
            ERR_clear_error();
            const auto count = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                    : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0)
                return !ssl_ && errno != EAGAIN && errno != EWOULDBLOCK;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    });
    EXPECT_TRUE(written) << "the pool does not read";
}

void Peer::flood(std::string_view bytes)
{
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    EXPECT_GT(count, 0);
}

void Peer::answer(std::string_view body, int status)
{
    write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
          std::string(body));
}

bool Peer::ended()
{
    turn_([&] {
        receive();
        return end_;
    });
    return end_ && in_.empty();
}

bool Peer::quiet()
{
    receive();
    return !end_ && in_.empty();
}

void Peer::close()
{
    if (ssl_)
        SSL_shutdown(ssl_.get());
    cut();
}

void Peer::cut()
{
    ::shutdown(socket_, SHUT_WR);
    receive();  // what is left unread would make a reset of the end
    ::close(std::exchange(socket_, -1));
}

void Peer::reset()
{
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(socket_, -1));
}

std::string Peer::server_name() const
{
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

bool Peer::has_client_certificate() const
{
    return SSL_get0_peer_certificate(ssl_.get()) != nullptr;
}

Listener::Listener(const char* address, std::uint16_t port, int backlog)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
{
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &place.sin_addr);
    socklen_t size = sizeof place;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&place), size), 0);
    EXPECT_EQ(::listen(socket_, backlog), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&place), &size);
    port_ = ntohs(place.sin_port);
}

Listener::~Listener()
{
    close();
}

int Listener::accept() const
{
    return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
}

void Listener::close()
{
    if (socket_ >= 0)
        ::close(std::exchange(socket_, -1));
}

Hole::Hole(const char* address, std::uint16_t port) : listener_(address, port, 0)
{
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(listener_.port());
    ::inet_pton(AF_INET, address, &place.sin_addr);
    for (int count = 0; count < 4; ++count) {  // more than a queue of none holds
        sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        ::connect(sockets_.back(), reinterpret_cast<sockaddr*>(&place), sizeof place);
    }
}

Hole::~Hole()
{
    for (const int socket : sockets_)
        ::close(socket);
}

HttpPoolTest::~HttpPoolTest()
{
    pool_.reset();
    turn();
}

void HttpPoolTest::start(HttpPoolOptions options)
{
    if (options.allow.empty())
        options.allow = local_options().allow;
    pool_.emplace(io_.get_executor(), HttpOrigin{false, "127.0.0.1", listener_->port()}, std::move(options));
}

void HttpPoolTest::start_by_name(HttpPoolOptions options)
{
    if (!options.resolve)
        options.resolve = [this](const std::string& host, const auto& done) {
            EXPECT_EQ(host, "erp.test");
            ++resolved_;
            Addresses addresses;
            for (const auto& address : addresses_)
                addresses.push_back(asio::ip::make_address(address));
            done({}, std::move(addresses));
        };
    if (options.allow.empty())
        options.allow = local_options().allow;
    const bool tls = !options.tls.ca_file.empty();
    pool_.emplace(io_.get_executor(), HttpOrigin{tls, "erp.test", listener_->port()}, std::move(options));
}

void HttpPoolTest::turn()
{
    io_.restart();
    while (io_.poll() > 0) {}
}

bool HttpPoolTest::until(const std::function<bool()>& enough)
{
    const auto give_up = std::chrono::steady_clock::now() + 10s;  // less than a connection may be idle
    while (!enough()) {
        if (std::chrono::steady_clock::now() >= give_up)
            return false;
        io_.restart();
        io_.run_one_for(1ms);
    }
    return true;
}

Turn HttpPoolTest::turner()
{
    return [this](const std::function<bool()>& enough) { return until(enough); };
}

Outcome HttpPoolTest::send(HttpCall call)
{
    auto outcome = std::make_shared<std::optional<Result<HttpAnswer>>>();
    asio::co_spawn(io_, pool_->send(std::move(call)),
                   [outcome](const std::exception_ptr& fault, Result<HttpAnswer> answer) {
                       EXPECT_FALSE(fault);
                       outcome->emplace(std::move(answer));
                   });
    return outcome;
}

Outcome HttpPoolTest::get(std::string target)
{
    HttpCall call;
    call.target = std::move(target);
    return send(std::move(call));
}

Peer HttpPoolTest::accept(SSL_CTX* tls)
{
    int socket = -1;
    EXPECT_TRUE(until([&] { return (socket = listener_->accept()) >= 0; })) << "nobody connects";
    return {turner(), socket, tls};
}

bool HttpPoolTest::nobody_waits()
{
    turn();
    const int socket = listener_->accept();
    if (socket >= 0)
        ::close(socket);
    return socket < 0;
}

Result<HttpAnswer>& HttpPoolTest::wait(const Outcome& outcome)
{
    EXPECT_TRUE(until([&] { return outcome->has_value(); })) << "the call does not return";
    if (!outcome->has_value())
        outcome->emplace(fail(FailureClass::permanent, "test_hangs", ""));
    return **outcome;
}

std::string HttpPoolTest::say(const Outcome& outcome)
{
    const auto& result = wait(outcome);
    if (result)
        return result->body;
    return std::string(name_of(result.error().failure_class)) + " " + result.error().code;
}

Outcome HttpPoolTest::send_late(HttpCall call, const std::function<void()>& meanwhile)
{
    for (auto limit = 50ms;; limit *= 4) {
        bool asked = false;
        call.deadline = std::chrono::steady_clock::now() + limit;
        call.may_send = [&, deadline = call.deadline]() -> std::optional<Failure> {
            asked = true;
            while (std::chrono::steady_clock::now() < deadline) {}
            return std::nullopt;
        };
        auto outcome = send(call);
        until([&] { return asked || outcome->has_value(); });
        meanwhile();
        wait(outcome);
        if (asked || limit > 60s)
            return outcome;
    }
}

}  // namespace headgate::net
