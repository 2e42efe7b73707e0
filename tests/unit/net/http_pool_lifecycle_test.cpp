// How calls end when they are not left to end by themselves.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "http_pool_harness.hpp"

namespace headgate::net {
namespace {

constexpr const char* closed_unsent = "transient pool_closed";
constexpr const char* closed_unknown = "unknown_outcome no_answer";

class HttpPoolEndTest : public HttpPoolTest {
protected:
    /// A call that can be cancelled, once.
    Outcome send_cancellable(HttpCall call)
    {
        auto outcome = std::make_shared<std::optional<Result<HttpAnswer>>>();
        auto done = [outcome](const std::exception_ptr& fault, Result<HttpAnswer> answer) {
            EXPECT_FALSE(fault);
            outcome->emplace(std::move(answer));
        };
        asio::co_spawn(io_, pool_->send(std::move(call)),
                       asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
        turn();
        return outcome;
    }
    void cancel()
    {
        cancel_.emit(asio::cancellation_type::terminal);
        turn();
    }
    /// A pool whose names are never resolved.
    void start_unresolved()
    {
        auto options = local_options();
        options.resolve = [this](const std::string&, auto done) { unresolved_.push_back(std::move(done)); };
        start_by_name(options);
    }
    void start_to(const Hole& hole)
    {
        pool_.emplace(io_.get_executor(), HttpOrigin{false, "127.0.0.1", hole.port()}, local_options());
    }
    void start_with_tls()
    {
        pool_.emplace(io_.get_executor(), HttpOrigin{true, "127.0.0.1", listener_->port()}, local_options());
    }
    void start_with_one_connection()
    {
        auto options = local_options();
        options.connections = 1;
        start(options);
    }

    asio::cancellation_signal cancel_;
    std::vector<std::function<void(boost::system::error_code, Addresses)>> unresolved_;
};

TEST_F(HttpPoolEndTest, CloseEndsACallThatIsBeingResolved)
{
    start_unresolved();
    auto outcome = get();
    turn();
    ASSERT_EQ(unresolved_.size(), 1U);

    pool_->close();

    EXPECT_EQ(say(outcome), closed_unsent);
    unresolved_[0]({}, {asio::ip::make_address("127.0.0.1")});
    EXPECT_TRUE(nobody_waits());
}

TEST_F(HttpPoolEndTest, CloseEndsACallThatConnects)
{
    const Hole hole;
    start_to(hole);
    auto outcome = get();
    turn();

    pool_->close();

    EXPECT_EQ(say(outcome), closed_unsent);
}

TEST_F(HttpPoolEndTest, CloseEndsACallThatShakesHands)
{
    start_with_tls();
    auto outcome = get();
    auto peer = accept();
    EXPECT_EQ(peer.read(1), "\x16");

    pool_->close();

    EXPECT_EQ(say(outcome), closed_unsent);
}

TEST_F(HttpPoolEndTest, CloseEndsCallsInTheQueueAndThoseUnderWay)
{
    start_with_one_connection();
    auto under_way = get();
    auto queued = get();
    auto peer = accept();
    peer.request();
    ASSERT_EQ(pool_->counts().queued, 1U);

    pool_->close();

    EXPECT_EQ(say(under_way), closed_unknown);
    EXPECT_EQ(say(queued), closed_unsent);
    EXPECT_TRUE(peer.ended());
    EXPECT_EQ(pool_->counts().open, 0U);
    EXPECT_EQ(pool_->counts().queued, 0U);
}

TEST_F(HttpPoolEndTest, CloseEndsACallThatWrites)
{
    start();
    auto outcome = send(post_call("/", std::string(64U << 20U, 'x')));
    auto peer = accept();
    EXPECT_EQ(peer.read(5), "POST ");

    pool_->close();

    EXPECT_EQ(say(outcome), closed_unknown);
}

TEST_F(HttpPoolEndTest, CloseEndsIdleConnectionsAndEveryLaterCall)
{
    start();
    auto outcome = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(outcome), "ok");

    pool_->close();
    pool_->close();

    EXPECT_TRUE(peer.ended());
    EXPECT_EQ(say(get()), closed_unsent);
    EXPECT_TRUE(nobody_waits());
}

TEST_F(HttpPoolEndTest, CallsOutliveThePoolByOneTurn)
{
    start_with_one_connection();
    auto under_way = get();
    auto queued = get();
    auto peer = accept();
    peer.request();
    auto not_begun = get();

    pool_.reset();

    EXPECT_EQ(say(under_way), closed_unknown);
    EXPECT_EQ(say(queued), closed_unsent);
    EXPECT_EQ(say(not_begun), closed_unsent);
}

TEST_F(HttpPoolEndTest, AContextMayGoWithCallsUnderWay)
{
    asio::io_context io;
    auto options = local_options();
    options.connections = 2;
    HttpPool pool(io.get_executor(), {false, "127.0.0.1", listener_->port()}, options);
    int returned = 0;
    for (int count = 0; count < 4; ++count)
        asio::co_spawn(io, pool.send({}), [&](const std::exception_ptr&, const Result<HttpAnswer>&) { ++returned; });

    while (io.poll() > 0) {}

    EXPECT_EQ(pool.counts().open, 2U);
    EXPECT_EQ(pool.counts().queued, 2U);
    EXPECT_EQ(returned, 0);
}

TEST_F(HttpPoolEndTest, ACallIsCancelledBeforeItIsSent)
{
    const Hole hole;
    start_unresolved();
    auto resolving = send_cancellable({});
    cancel();
    EXPECT_EQ(say(resolving), "transient call_cancelled");

    start_to(hole);
    auto connecting = send_cancellable({});
    cancel();
    EXPECT_EQ(say(connecting), "transient call_cancelled");

    start_with_tls();
    auto shaking = send_cancellable({});
    auto peer = accept();
    peer.read(1);
    cancel();
    EXPECT_EQ(say(shaking), "transient call_cancelled");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolEndTest, ACallIsCancelledInTheQueueAndLeavesItsPlaceToTheNext)
{
    start_with_one_connection();
    auto first = get("/1");
    auto peer = accept();
    peer.request();
    auto second = send_cancellable({});
    auto third = get("/3");
    turn();
    ASSERT_EQ(pool_->counts().queued, 2U);

    cancel();
    EXPECT_EQ(say(second), "transient call_cancelled");
    peer.answer("one");
    EXPECT_EQ(say(first), "one");

    EXPECT_TRUE(peer.request().starts_with("GET /3 "));
    peer.answer("three");
    EXPECT_EQ(say(third), "three");
}

TEST_F(HttpPoolEndTest, ACallThatIsCancelledAsItIsServedGivesItsPlaceBack)
{
    start_with_one_connection();
    std::size_t queued_then = 2;
    auto cancelling = [&](const std::exception_ptr&, const Result<HttpAnswer>&) {
        queued_then = pool_->counts().queued;  // the second has been served and has not run yet
        cancel_.emit(asio::cancellation_type::terminal);
    };
    asio::co_spawn(io_, pool_->send({}), cancelling);
    auto peer = accept();
    peer.request();
    auto second = send_cancellable({});
    auto third = get("/3");
    turn();
    ASSERT_EQ(pool_->counts().queued, 2U);

    peer.answer("one");

    EXPECT_EQ(say(second), "transient call_cancelled");
    EXPECT_EQ(queued_then, 1U);
    EXPECT_TRUE(peer.request().starts_with("GET /3 "));
    peer.answer("three");
    EXPECT_EQ(say(third), "three");
}

TEST_F(HttpPoolEndTest, ACallThatIsCancelledUnderWayIsOfUnknownOutcome)
{
    start();
    auto reading = send_cancellable({});
    auto peer = accept();
    peer.request();
    cancel();
    EXPECT_EQ(say(reading), closed_unknown);
    EXPECT_TRUE(peer.ended());

    auto writing = send_cancellable(post_call("/", std::string(64U << 20U, 'x')));
    auto other = accept();
    other.read(5);
    cancel();
    EXPECT_EQ(say(writing), closed_unknown);
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolEndTest, ACallersOwnWayOfBeingCancelledIsLeftAsItWas)
{
    start();
    bool throws = false;
    const auto caller = [](HttpPool& pool, bool& after) -> asio::awaitable<void> {
        HttpCall call;
        const auto answer = co_await pool.send(std::move(call));
        EXPECT_TRUE(answer);
        after = co_await asio::this_coro::throw_if_cancelled();
    };
    bool ended = false;
    asio::co_spawn(io_, caller(*pool_, throws), [&](const std::exception_ptr&) { ended = true; });
    auto peer = accept();
    peer.request();
    peer.answer("ok");

    ASSERT_TRUE(until([&] { return ended; }));
    EXPECT_TRUE(throws);
}

}  // namespace
}  // namespace headgate::net
