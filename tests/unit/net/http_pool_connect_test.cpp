// Names, the egress guard and the way to a connection.
#include "http_pool_harness.hpp"

namespace headgate::net {
namespace {

HttpPoolOptions without_allowance()
{
    HttpPoolOptions options;
    options.allow = {*parse_network("192.0.2.1")};
    return options;
}

TEST_F(HttpPoolTest, ResolvesTheNameAnewForEachConnection)
{
    start_by_name();
    for (std::size_t count = 1; count <= 3; ++count) {
        auto outcome = get();
        auto peer = accept();
        EXPECT_NE(peer.request().find("\r\nHost: erp.test:" + std::to_string(listener_->port()) + "\r\n"),
                  std::string::npos);
        peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        EXPECT_EQ(say(outcome), "ok");
        EXPECT_EQ(resolved_, count);
    }
}

TEST_F(HttpPoolTest, AsksTheSystemForAName)
{
    auto options = local_options();
    options.allow.push_back(*parse_network("::1"));
    pool_.emplace(io_.get_executor(), HttpOrigin{false, "localhost", listener_->port()}, std::move(options));
    auto outcome = get();

    auto peer = accept();
    peer.request();
    peer.answer("ok");

    EXPECT_EQ(say(outcome), "ok");
}

TEST_F(HttpPoolTest, TheSystemsFailureToResolveIsTransient)
{
    pool_.emplace(io_.get_executor(), HttpOrigin{false, "no..name", listener_->port()}, HttpPoolOptions{});

    EXPECT_EQ(say(get()), "transient dns_failed");
}

TEST_F(HttpPoolTest, ANameWithoutAddressesIsTransient)
{
    addresses_.clear();
    start_by_name();

    auto outcome = get();

    EXPECT_EQ(say(outcome), "transient dns_failed");
    EXPECT_EQ(wait(outcome).error().detail,
              "erp.test:" + std::to_string(listener_->port()) + ": the name has no address");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, ANameThatIsNotResolvedInTimeIsTransientAndItsLateAnswerHeardByNobody)
{
    std::vector<std::function<void(boost::system::error_code, Addresses)>> waiting;
    auto options = local_options();
    options.resolve = [&](const std::string&, auto done) { waiting.push_back(std::move(done)); };
    start_by_name(options);

    auto outcome = send(call_until(20ms));
    EXPECT_EQ(say(outcome), "transient dns_failed");
    ASSERT_EQ(waiting.size(), 1U);

    waiting[0]({}, {asio::ip::make_address("127.0.0.1")});
    EXPECT_TRUE(nobody_waits());
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, ANameThatIsResolvedLateIsConnectedToOnce)
{
    std::vector<std::function<void(boost::system::error_code, Addresses)>> waiting;
    auto options = local_options();
    options.resolve = [&](const std::string&, auto done) { waiting.push_back(std::move(done)); };
    start_by_name(options);
    auto outcome = get();
    turn();
    ASSERT_EQ(waiting.size(), 1U);

    waiting[0]({}, {asio::ip::make_address("127.0.0.1")});
    waiting[0]({}, {asio::ip::make_address("127.0.0.2")});
    auto peer = accept();
    peer.request();
    peer.answer("ok");

    EXPECT_EQ(say(outcome), "ok");
}

TEST_F(HttpPoolTest, NobodyListeningIsTransient)
{
    start();
    listener_->close();

    EXPECT_EQ(say(get()), "transient connect_refused");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, NobodyAnsweringIsTransient)
{
    const Hole hole;
    pool_.emplace(io_.get_executor(), HttpOrigin{false, "127.0.0.1", hole.port()}, local_options());

    EXPECT_EQ(say(send(call_until(20ms))), "transient connect_timeout");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, GoesOnToTheNextAddressWhenOneRefuses)
{
    addresses_ = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
    start_by_name();
    auto outcome = get();

    auto peer = accept();
    peer.request();
    peer.answer("ok");

    EXPECT_EQ(say(outcome), "ok");
}

TEST_F(HttpPoolTest, TriesAddressesInTheirOrder)
{
    addresses_ = {"127.0.0.1", "127.0.0.2"};
    const Listener second("127.0.0.2", listener_->port());
    start_by_name();
    auto outcome = get();

    auto peer = accept();
    peer.request();
    peer.answer("ok");

    EXPECT_EQ(say(outcome), "ok");
    EXPECT_EQ(second.accept(), -1);
}

TEST_F(HttpPoolTest, OneAddressThatDoesNotAnswerLeavesTimeForTheNext)
{
    addresses_ = {"127.0.0.2", "127.0.0.1"};
    const Hole hole("127.0.0.2", listener_->port());
    start_by_name();
    std::string body;
    for (auto limit = 100ms; limit < 60s && body != "ok"; limit *= 4) {
        auto outcome = send(call_until(limit));
        int socket = -1;
        until([&] { return (socket = listener_->accept()) >= 0 || outcome->has_value(); });
        if (socket < 0)
            continue;
        Peer peer(turner(), socket, nullptr);
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        body = say(outcome);
    }
    EXPECT_EQ(body, "ok");
}

// --- the egress guard ------------------------------------------------------------------------------------------

TEST_F(HttpPoolTest, AnAddressThatIsNotPublicIsNotConnectedTo)
{
    start(without_allowance());

    auto outcome = get();

    EXPECT_EQ(say(outcome), "permanent egress_refused");
    const auto port = std::to_string(listener_->port());
    EXPECT_EQ(wait(outcome).error().detail, "127.0.0.1:" + port +
                                                " is at 127.0.0.1 (loopback), which is not public: if "
                                                "it is meant, allow 127.0.0.1/32");
    EXPECT_TRUE(nobody_waits());
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, ANameThatLeadsInsideIsNotConnectedTo)
{
    start_by_name(without_allowance());
    for (const auto* address :
         {"127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0", "::", "64:ff9b::7f00:1", "169.254.169.254"}) {
        addresses_ = {address};
        EXPECT_EQ(say(get()), "permanent egress_refused") << address;
        EXPECT_TRUE(nobody_waits()) << address;
    }
}

TEST_F(HttpPoolTest, AnAddressWrittenAsANumberIsGuardedAsWhatItIs)
{
    for (const auto* host : {"2130706433", "0x7f000001", "127.1"}) {
        pool_.emplace(io_.get_executor(), HttpOrigin{false, host, listener_->port()}, without_allowance());
        EXPECT_EQ(say(get()), "permanent egress_refused") << host;
    }
    EXPECT_TRUE(nobody_waits());
}

TEST_F(HttpPoolTest, PassesOverTheAddressesThatAreRefused)
{
    addresses_ = {"127.0.0.2", "127.0.0.1"};
    const Listener inside("127.0.0.2", listener_->port());
    HttpPoolOptions options;
    options.allow = {*parse_network("127.0.0.1/32")};
    start_by_name(options);

    auto outcome = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");

    EXPECT_EQ(say(outcome), "ok");
    EXPECT_EQ(inside.accept(), -1);
}

TEST_F(HttpPoolTest, ANameThatTurnsInwardsIsCaughtAtTheNextConnection)
{
    HttpPoolOptions options;
    options.allow = {*parse_network("127.0.0.1/32")};
    start_by_name(options);
    auto first = get();
    auto peer = accept();
    peer.request();
    addresses_ = {"127.0.0.2"};  // looked up once for a connection, this changes nothing for the first
    peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(say(first), "ok");
    EXPECT_EQ(resolved_, 1U);

    EXPECT_EQ(say(get()), "permanent egress_refused");
}

TEST_F(HttpPoolTest, AnOriginThatIsNoneIsAFaultThatEveryCallGets)
{
    for (const auto& origin :
         {HttpOrigin{false, "", 80}, HttpOrigin{false, "a b", 80}, HttpOrigin{false, "a:80", 80},
          HttpOrigin{false, "[::1]", 80}, HttpOrigin{false, "a/b", 80}, HttpOrigin{false, "a\r\nb", 80},
          HttpOrigin{false, "fe80::1%1", 80}, HttpOrigin{false, "user@a", 80}, HttpOrigin{false, "a", 0}}) {
        pool_.emplace(io_.get_executor(), origin, local_options());
        ASSERT_TRUE(pool_->fault()) << origin.host;
        EXPECT_EQ(say(get()), "permanent origin_malformed");
    }
    pool_.emplace(io_.get_executor(), HttpOrigin{false, "::1", 80}, local_options());
    EXPECT_FALSE(pool_->fault());
}

}  // namespace
}  // namespace headgate::net
