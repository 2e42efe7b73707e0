#include "http_server_harness.hpp"

namespace headgate::net {
namespace {

/// `wait_idle` as a task of its own; `done` tells when it has ended.
void watch_idle(asio::io_context& io, HttpServer& server, bool& done)
{
    asio::co_spawn(io, server.wait_idle(), [&done](const std::exception_ptr&) { done = true; });
}

TEST_F(HttpServerTest, Answers408ToASlowHeadHoweverItDrips)
{
    start();
    WireClient client = connect();
    client.send("GET / HTTP/1.1\r\n");

    pass(5s);
    client.send("Host: a\r\n");
    pass(4999ms);
    client.send("X: y\r\n");
    EXPECT_TRUE(client.quiet());
    pass(1ms);

    EXPECT_EQ(client.answer(), "{\"error\":\"head_too_slow\"}\n");
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(refused_, (std::vector<std::pair<int, std::string>>{{408, "head_too_slow"}}));
    EXPECT_TRUE(handled_.empty());
}

TEST_F(HttpServerTest, CountsTheHeadFromItsFirstByte)
{
    start();
    WireClient client = connect();

    pass(74s);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    pass(9s);
    client.send("\r\n");

    EXPECT_EQ(client.answer(), "GET / ");
}

TEST_F(HttpServerTest, Answers408ToASlowBody)
{
    start();
    WireClient sized = connect();
    WireClient chunked = connect();
    sized.send(post("/", "body").substr(0, post("/", "body").size() - 1));
    chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");

    pass(29s);
    chunked.send("c");
    EXPECT_TRUE(sized.quiet());
    EXPECT_TRUE(chunked.quiet());
    pass(1s);

    EXPECT_EQ(sized.answer(), "{\"error\":\"body_too_slow\"}\n");
    EXPECT_EQ(sized.status(), 408);
    EXPECT_TRUE(sized.ended());
    EXPECT_EQ(chunked.answer(), "{\"error\":\"body_too_slow\"}\n");
    EXPECT_TRUE(chunked.ended());
    EXPECT_TRUE(handled_.empty());
}

TEST_F(HttpServerTest, ClosesIdleConnectionsWithoutAWord)
{
    start();
    WireClient fresh = connect();
    WireClient used = connect();
    used.send(get("/"));
    EXPECT_EQ(used.answer(), "GET / ");

    pass(74s);
    EXPECT_TRUE(fresh.quiet());
    EXPECT_TRUE(used.quiet());
    pass(1s);

    EXPECT_TRUE(fresh.ended());
    EXPECT_TRUE(used.ended());
    EXPECT_TRUE(refused_.empty());
    EXPECT_EQ(server_->active(), 0U);
}

TEST_F(HttpServerTest, GivesAHandlerAllTheTimeItTakes)
{
    start();
    WireClient client = connect();
    client.send(get("/held"));

    pass(1h);
    open_gate();

    EXPECT_EQ(client.answer(), "GET /held ");
}

TEST_F(HttpServerTest, LeavesAClientThatDoesNotReadItsAnswer)
{
    start();
    WireClient client = connect();
    client.send(get("/large"));
    EXPECT_EQ(server_->active(), 1U);

    pass(29s);
    EXPECT_EQ(server_->active(), 1U);
    pass(1s);

    EXPECT_EQ(server_->active(), 0U);
}

TEST_F(HttpServerTest, LeavesAClientThatDoesNotCloseBehindItsLastAnswer)
{
    start();
    WireClient client = connect();
    client.send(get("/close"));
    EXPECT_EQ(client.answer(), "GET /close ");
    EXPECT_EQ(server_->active(), 1U);

    pass(2s);

    EXPECT_EQ(server_->active(), 0U);
}

TEST_F(HttpServerTest, SweepsByItselfWhileThereAreConnections)
{
    start();
    WireClient client = connect();
    now_ += 75s;

    EXPECT_TRUE(client.ended());  // waits for the timer, at most one period
}

TEST_F(HttpServerTest, Answers503BeyondTheConnectionLimit)
{
    start({.connections = 2});
    WireClient first = connect();
    {
        WireClient second = connect();
        WireClient third = connect();

        EXPECT_EQ(third.answer(), "{\"error\":\"too_many_connections\"}\n");
        EXPECT_EQ(third.status(), 503);
        EXPECT_TRUE(third.ended());
        EXPECT_EQ(refused_, (std::vector<std::pair<int, std::string>>{{503, "too_many_connections"}}));
        first.send(get("/1"));
        second.send(get("/2"));
        EXPECT_EQ(first.answer(), "GET /1 ");
        EXPECT_EQ(second.answer(), "GET /2 ");
    }
    turn();

    WireClient fourth = connect();
    fourth.send(get("/4"));
    EXPECT_EQ(fourth.answer(), "GET /4 ");
}

TEST_F(HttpServerTest, RefusesBeyondAnyMeasureWithoutKeepingTheSocket)
{
    start({.connections = 0});
    std::vector<std::unique_ptr<WireClient>> clients;

    for (int i = 0; i < 200; ++i)
        clients.push_back(std::make_unique<WireClient>(io_, port_));

    EXPECT_EQ(server_->active(), 128U);
    EXPECT_EQ(refused_.size(), 200U);
    EXPECT_TRUE(clients.back()->ended());
}

TEST_F(HttpServerTest, DrainsByAnsweringWhatHasBegunAndClosingTheRest)
{
    start();
    WireClient idle = connect();
    WireClient used = connect();
    WireClient held = connect();
    WireClient reading = connect();
    used.send(get("/"));
    EXPECT_EQ(used.answer(), "GET / ");
    held.send(get("/held"));
    reading.send(post("/r", "body").substr(0, 30));
    bool done = false;
    watch_idle(io_, *server_, done);

    server_->stop_accepting();
    server_->close_idle();

    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(used.ended());
    turn();
    EXPECT_EQ(server_->active(), 2U);
    EXPECT_FALSE(done);
    open_gate();
    EXPECT_EQ(held.answer(), "GET /held ");
    EXPECT_TRUE(held.says("Connection: close"));
    EXPECT_TRUE(held.ended());
    reading.send(post("/r", "body").substr(30));
    EXPECT_EQ(reading.answer(), "POST /r body");
    EXPECT_TRUE(reading.says("Connection: close"));
    EXPECT_TRUE(reading.ended());
    held.close();
    reading.close();
    turn();
    EXPECT_TRUE(done);
    EXPECT_EQ(server_->active(), 0U);
    EXPECT_THROW(connect(), boost::system::system_error);
}

TEST_F(HttpServerTest, ServesARequestThatCameJustBeforeTheDrain)
{
    start();
    WireClient client = connect();
    std::string request = get("/");

    asio::post(io_, [this] { server_->close_idle(); });  // runs when the bytes are there and not yet looked at
    client.send(request);
    client.answer();

    EXPECT_TRUE(client.head.empty() || client.says("Connection: close"));
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, CutsConnectionsInEveryPhase)
{
    start();
    WireClient idle = connect();
    WireClient head = connect();
    WireClient body = connect();
    WireClient held = connect();
    WireClient writing = connect();
    WireClient lingering = connect();
    head.send("GET /");
    body.send(post("/", "body").substr(0, 50));
    held.send(get("/held"));
    writing.send(get("/large"));
    lingering.send(get("/close"));
    EXPECT_EQ(server_->active(), 6U);
    const auto handled = handled_.size();
    bool done = false;
    watch_idle(io_, *server_, done);

    server_->cut();
    turn();

    EXPECT_TRUE(done);
    EXPECT_EQ(server_->active(), 0U);
    EXPECT_EQ(handled_.size(), handled);
    EXPECT_TRUE(faults_.empty());
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(held.ended());
    EXPECT_THROW(connect(), boost::system::system_error);
}

TEST_F(HttpServerTest, EndsItsSessionsWhenItIsDestroyed)
{
    start();
    WireClient idle = connect();
    WireClient held = connect();
    held.send(get("/held") + get("/never"));
    auto idle_again = server_->wait_idle();
    bool done = false;
    asio::co_spawn(io_, std::move(idle_again), [&done](const std::exception_ptr&) { done = true; });
    turn();

    server_.reset();
    turn();

    EXPECT_TRUE(done);
    EXPECT_TRUE(idle.ended());
    EXPECT_TRUE(held.ended());
    EXPECT_EQ(handled_, (std::vector<std::string>{"GET /held "}));
}

TEST(HttpServer, LeavesNothingBehindWhenTheContextGoesWithSessionsInIt)
{
    for (const bool server_first : {true, false}) {
        asio::io_context io;
        asio::steady_timer never(io, std::chrono::steady_clock::time_point::max());
        auto server = std::make_unique<HttpServer>(io, Limits{}, [&never](Request&) -> asio::awaitable<Response> {
            co_await never.async_wait(asio::as_tuple(asio::use_awaitable));
            co_return Response{};
        });
        const auto port = server->listen("127.0.0.1", 0);
        ASSERT_TRUE(port);
        WireClient idle(io, *port);
        WireClient held(io, *port);
        held.send(get("/"));
        bool done = false;
        watch_idle(io, *server, done);
        held.turn();
        EXPECT_EQ(server->active(), 2U);

        if (server_first)
            server.reset();  // the context ends without another turn
    }
}

TEST(HttpServer, ListensOnOnePortWithSeveralWhenToldTo)
{
    asio::io_context io;
    const Handler handler = [](Request&) -> asio::awaitable<Response> { co_return Response{}; };
    HttpServer alone(io, {}, handler);
    HttpServer shared(io, {}, handler);
    HttpServer other(io, {}, handler);

    using Use = HttpServer::PortUse;
    const auto port = alone.listen("127.0.0.1", 0);
    const auto taken = other.listen("127.0.0.1", *port);
    const auto first = shared.listen("127.0.0.1", 0, Use::first);
    const auto second = other.listen("127.0.0.1", *first, Use::beside);
    const auto third = other.listen("127.0.0.1", *first, Use::beside);
    const auto strangers = other.listen("127.0.0.1", *first, Use::first);
    const auto loner = other.listen("127.0.0.1", *first);
    const auto uninvited = other.listen("127.0.0.1", *port, Use::beside);
    const auto nonsense = other.listen("localhost", 0);
    const auto sixth = other.listen("::1", 0);

    EXPECT_NE(*port, 0);
    for (const auto* refused : {&taken, &strangers, &loner, &uninvited}) {
        ASSERT_FALSE(*refused);
        EXPECT_EQ(refused->error().code, "listen_failed");
    }
    ASSERT_TRUE(second);
    EXPECT_EQ(*second, *first);
    EXPECT_TRUE(third);
    ASSERT_FALSE(nonsense);
    EXPECT_EQ(nonsense.error().code, "address_malformed");
    EXPECT_TRUE(sixth || sixth.error().code == "listen_failed");  // where there is no IPv6
}

}  // namespace
}  // namespace headgate::net
