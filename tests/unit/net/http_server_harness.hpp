#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include "net/http/server.hpp"

namespace headgate::net {

using namespace std::chrono_literals;

/// A socket of ours that turns the server's context while it waits: server and client share one thread, so a test sees
/// each step. The wall clock only ends a test that hangs.
class WireClient {
public:
    WireClient(asio::io_context& server, std::uint16_t port) : server_(server)
    {
        socket_.connect({asio::ip::make_address("127.0.0.1"), port});
        socket_.set_option(asio::ip::tcp::no_delay(true));
        socket_.non_blocking(true);
        turn();
    }

    /// Runs what is ready at the server.
    void turn()
    {
        server_.restart();
        while (server_.poll() > 0) {}
    }

    void send(std::string_view bytes)
    {
        const auto give_up = std::chrono::steady_clock::now() + 10s;
        while (!bytes.empty() && std::chrono::steady_clock::now() < give_up) {
            boost::system::error_code error;
            bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), error));
            turn();
            if (error && error != asio::error::would_block)
                return;  // the server has closed; what it said can still be read
        }
        EXPECT_TRUE(bytes.empty()) << "the server does not read";
    }

    /// One answer: its head in `head`, its body returned. Empty head when the connection ended first.
    std::string answer(bool with_body = true)
    {
        head.clear();
        wait([this] { return in_.find("\r\n\r\n") != std::string::npos; });
        const auto end = in_.find("\r\n\r\n");
        if (end == std::string::npos)
            return {};
        head = in_.substr(0, end + 2);
        in_.erase(0, end + 4);
        const auto at = head.find("Content-Length: ");
        if (!with_body || at == std::string::npos)
            return {};
        const std::size_t length = std::stoul(head.substr(at + 16));
        wait([this, length] { return in_.size() >= length; });
        std::string body = in_.substr(0, length);
        in_.erase(0, length);
        return body;
    }

    [[nodiscard]] int status() const { return head.size() < 12 ? 0 : std::stoi(head.substr(9, 3)); }
    [[nodiscard]] bool says(std::string_view line) const
    {
        return head.find(std::string(line) + "\r\n") != std::string::npos;
    }

    /// Waits for the end of the connection; true when nothing came before it.
    bool ended()
    {
        wait([] { return false; });
        return end_ && in_.empty();
    }
    /// True when the server has sent nothing and not closed.
    bool quiet()
    {
        turn();
        receive();
        return !end_ && in_.empty();
    }
    void receive()
    {
        std::string room(1U << 16U, '\0');
        boost::system::error_code error;
        const auto count = socket_.read_some(asio::buffer(room), error);
        in_.append(room, 0, count);
        end_ = end_ || (error && error != asio::error::would_block);
    }
    void close() { socket_.close(); }
    void shutdown() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }

    std::string head;

private:
    void wait(const std::function<bool()>& enough)
    {
        const auto give_up = std::chrono::steady_clock::now() + 10s;
        while (!enough() && !end_ && std::chrono::steady_clock::now() < give_up) {
            server_.restart();
            server_.run_one_for(1ms);
            receive();
        }
    }

    asio::io_context& server_;
    asio::io_context own_;
    asio::ip::tcp::socket socket_{own_};
    std::string in_;
    bool end_ = false;
};

class HttpServerTest : public ::testing::Test {
protected:
    /// Echoes "<method> <path> <body>"; paths of their own: see `handle`.
    void start(Limits limits = {})
    {
        server_ = std::make_unique<HttpServer>(
            io_, limits, [this](Request& request) { return handle(*this, request); }, [this] { return now_; });
        server_->on_refusal([this](int status, std::string_view reason) { refused_.emplace_back(status, reason); });
        server_->on_fault([this](std::string_view what) { faults_.emplace_back(what); });
        const auto port = server_->listen("127.0.0.1", 0);
        ASSERT_TRUE(port) << port.error().detail;
        port_ = *port;
    }

    static asio::awaitable<Response> handle(HttpServerTest& test, Request& request)
    {
        test.handled_.push_back(std::string(request.method) + " " + std::string(request.path) + " " + request.body);
        test.remote_ = request.remote;
        Response response;
        response.content_type = "text/plain";
        response.body = test.handled_.back();
        if (request.path == "/throw")
            throw std::runtime_error("a bug");
        if (request.path == "/held")
            co_await test.gate_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (request.path == "/throw-late") {
            co_await test.gate_.async_wait(asio::as_tuple(asio::use_awaitable));
            throw 7;
        }
        if (request.path == "/inject")
            response.fields.emplace_back("X-Echo", "a\r\nSet-Cookie: b");
        if (request.path == "/field")
            response.fields.emplace_back("X-Echo", "a");
        if (request.path == "/frame")
            response.fields.emplace_back("Content-length", "3");
        if (request.path == "/close")
            response.close = true;
        if (request.path == "/none")
            response.status = 204;
        if (request.path == "/large")
            response.body.assign(24U << 20U, 'x');
        co_return response;
    }

    WireClient connect() { return WireClient(io_, port_); }
    void turn()
    {
        io_.restart();
        while (io_.poll() > 0) {}
    }
    /// Sets the clock forward and lets the server look at it.
    void pass(std::chrono::milliseconds time)
    {
        turn();
        now_ += time;
        server_->sweep();
        turn();
    }
    void open_gate()
    {
        gate_.cancel();
        turn();
    }

    asio::io_context io_;
    asio::steady_timer gate_{io_, std::chrono::steady_clock::time_point::max()};
    std::chrono::steady_clock::time_point now_{1h};
    std::unique_ptr<HttpServer> server_;
    std::uint16_t port_ = 0;
    std::vector<std::string> handled_;
    std::vector<std::pair<int, std::string>> refused_;
    std::vector<std::string> faults_;
    std::string remote_;
};

inline std::string get(std::string_view path)
{
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

inline std::string post(std::string_view path, std::string_view body)
{
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

}  // namespace headgate::net
