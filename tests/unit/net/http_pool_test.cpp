// Calls, connections and their queue, and the last question before a call is sent.
#include "http_pool_harness.hpp"

namespace headgate::net {
namespace {

TEST_F(HttpPoolTest, SendsACallAndGivesBackItsAnswer)
{
    start();
    auto call = post_call("/orders?draft=1", "{\"a\":1}");
    call.headers = {{"X-Key", "k"}};

    auto outcome = send(call);
    auto peer = accept();

    EXPECT_EQ(peer.request(), "POST /orders?draft=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener_->port()) +
                                  "\r\nX-Key: k\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    peer.write("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\nok");
    const auto& answer = wait(outcome);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "ok");
    EXPECT_EQ(answer->headers, (HttpFields{{"content-length", "2"}, {"set-cookie", "a"}, {"set-cookie", "b"}}));
}

TEST_F(HttpPoolTest, ACallThatCannotBeWrittenOpensNoConnection)
{
    start();

    EXPECT_EQ(say(get("/a b")), "permanent call_malformed");
    EXPECT_TRUE(nobody_waits());
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, ARedirectIsAnAnswerLikeAnother)
{
    start();
    auto outcome = get();
    auto peer = accept();
    peer.request();

    peer.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");

    const auto& answer = wait(outcome);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(answer->header("location"), "http://127.0.0.1:1/");
    EXPECT_TRUE(peer.quiet());
}

TEST_F(HttpPoolTest, TheEnvironmentNamesNoProxy)
{
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    start();
    auto outcome = get();
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");

    auto peer = accept();
    EXPECT_TRUE(peer.request().starts_with("GET / HTTP/1.1\r\n"));
    peer.answer("direct");
    EXPECT_EQ(say(outcome), "direct");
}

TEST_F(HttpPoolTest, ContentCodingIsNeitherAskedForNorTakenOff)
{
    start();
    auto outcome = get();
    auto peer = accept();

    EXPECT_EQ(peer.request().find("ccept-"), std::string::npos);
    peer.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08");

    const auto& answer = wait(outcome);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "\x1f\x8b\x08");
    EXPECT_EQ(answer->header("content-encoding"), "gzip");
}

// --- connections -----------------------------------------------------------------------------------------------

TEST_F(HttpPoolTest, UsesAConnectionAgain)
{
    start();
    auto first = get("/1");
    auto peer = accept();
    peer.request();
    peer.answer("one");
    EXPECT_EQ(say(first), "one");
    EXPECT_EQ(pool_->counts().open, 1U);
    EXPECT_EQ(pool_->counts().idle, 1U);

    auto second = get("/2");
    EXPECT_TRUE(peer.request().starts_with("GET /2 "));
    EXPECT_EQ(pool_->counts().idle, 0U);
    peer.answer("two");

    EXPECT_EQ(say(second), "two");
    EXPECT_TRUE(nobody_waits());
}

TEST_F(HttpPoolTest, ClosesWhereTheAnswerSaysSo)
{
    start();
    for (const auto* fields : {"Connection: close\r\n", "Keep-Alive: timeout=0\r\n"}) {
        auto outcome = get();
        auto peer = accept();
        peer.request();
        peer.write(std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n") + fields + "\r\nok");

        EXPECT_EQ(say(outcome), "ok");
        EXPECT_EQ(pool_->counts().open, 0U);
        EXPECT_TRUE(peer.ended());
    }
}

TEST_F(HttpPoolTest, AnIdleConnectionEndsWithItsTime)
{
    auto options = local_options();
    options.idle_limit = 1ms;
    start(options);
    auto outcome = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(outcome), "ok");

    EXPECT_TRUE(peer.ended());
    EXPECT_TRUE(until([&] { return pool_->counts().open == 0; }));
}

TEST_F(HttpPoolTest, AnIdleConnectionThatIsLateIsNotUsedEvenBeforeItIsSeen)
{
    auto options = local_options();
    options.idle_limit = 1ms;
    start(options);
    auto first = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(first), "ok");
    const auto late = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < late) {}

    auto second = get();
    auto other = accept();
    other.request();
    other.answer("two");
    EXPECT_EQ(say(second), "two");
    EXPECT_TRUE(peer.ended());
}

TEST_F(HttpPoolTest, DropsAnIdleConnectionThatThePeerCloses)
{
    start();
    auto outcome = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(outcome), "ok");
    ASSERT_EQ(pool_->counts().idle, 1U);

    peer.close();

    EXPECT_TRUE(until([&] { return pool_->counts().idle == 0; }));
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, ACallThatComesRightBehindTheCloseGetsAConnectionOfItsOwn)
{
    start();
    for (const bool by_reset : {false, true}) {
        auto first = get();
        auto peer = accept();
        peer.request();
        peer.answer("ok");
        EXPECT_EQ(say(first), "ok");

        if (by_reset)
            peer.reset();
        else
            peer.close();
        auto second = get();
        auto other = accept();
        EXPECT_TRUE(other.request().starts_with("GET / "));
        other.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntwo");
        EXPECT_EQ(say(second), "two");
    }
}

TEST_F(HttpPoolTest, DropsAnIdleConnectionThatSaysSomethingNobodyAskedFor)
{
    start();
    auto first = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(first), "ok");

    peer.answer("forged");
    auto second = get();
    auto other = accept();
    other.request();
    other.answer("true");

    EXPECT_EQ(say(second), "true");
    EXPECT_TRUE(peer.ended());
}

TEST_F(HttpPoolTest, TheSecondOfTwoAnswersIsNobodysAnswer)
{
    start();
    auto first = get();
    auto peer = accept();
    peer.request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");

    EXPECT_EQ(say(first), "one");
    EXPECT_EQ(pool_->counts().open, 0U);
    EXPECT_TRUE(peer.ended());
}

TEST_F(HttpPoolTest, AFreshCallIsSentOverANewConnection)
{
    start();
    auto first = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(first), "ok");

    HttpCall call;
    call.fresh = true;
    auto second = send(call);
    auto other = accept();
    other.request();
    other.answer("fresh");

    EXPECT_EQ(say(second), "fresh");
    EXPECT_TRUE(peer.quiet());
    EXPECT_EQ(pool_->counts().idle, 2U);
}

TEST_F(HttpPoolTest, AFreshCallTakesThePlaceOfAnIdleConnectionWhenThereIsNoOther)
{
    auto options = local_options();
    options.connections = 1;
    start(options);
    auto first = get();
    auto peer = accept();
    peer.request();
    peer.answer("ok");
    EXPECT_EQ(say(first), "ok");

    HttpCall call;
    call.fresh = true;
    auto second = send(call);
    EXPECT_TRUE(peer.ended());
    auto other = accept();
    other.request();
    other.answer("fresh");

    EXPECT_EQ(say(second), "fresh");
    EXPECT_EQ(pool_->counts().open, 1U);
}

TEST_F(HttpPoolTest, CallsBeyondTheLimitWaitInOrder)
{
    auto options = local_options();
    options.connections = 2;
    start(options);
    std::vector<Outcome> outcomes;
    for (const auto* target : {"/1", "/2", "/3", "/4"})
        outcomes.push_back(get(target));
    auto one = accept();
    auto two = accept();
    EXPECT_TRUE(one.request().starts_with("GET /1 "));
    EXPECT_TRUE(two.request().starts_with("GET /2 "));
    EXPECT_TRUE(nobody_waits());
    EXPECT_EQ(pool_->counts().open, 2U);
    EXPECT_EQ(pool_->counts().queued, 2U);

    two.answer("2");
    EXPECT_TRUE(two.request().starts_with("GET /3 "));
    one.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1");
    auto three = accept();
    EXPECT_TRUE(three.request().starts_with("GET /4 "));
    two.answer("3");
    three.answer("4");

    EXPECT_EQ(say(outcomes[0]), "1");
    EXPECT_EQ(say(outcomes[1]), "2");
    EXPECT_EQ(say(outcomes[2]), "3");
    EXPECT_EQ(say(outcomes[3]), "4");
    EXPECT_EQ(pool_->counts().queued, 0U);
}

TEST_F(HttpPoolTest, ACallThatGetsNoConnectionInTimeWasNotSent)
{
    auto options = local_options();
    options.connections = 1;
    start(options);
    auto first = get();
    auto peer = accept();
    peer.request();

    EXPECT_EQ(say(send(call_until(5ms))), "transient queue_timeout");
    EXPECT_EQ(pool_->counts().queued, 0U);

    peer.answer("ok");
    EXPECT_EQ(say(first), "ok");
    EXPECT_TRUE(peer.quiet());
}

TEST_F(HttpPoolTest, ACallWhoseDeadlineHasPassedIsNotSent)
{
    start();

    EXPECT_EQ(say(send(call_until(0ms))), "transient queue_timeout");
    EXPECT_TRUE(nobody_waits());
}

// --- may_send --------------------------------------------------------------------------------------------------

TEST_F(HttpPoolTest, WhatMaySendRefusesIsNotSentAndCostsNoConnection)
{
    start();
    HttpCall call;
    call.may_send = [] { return Failure{FailureClass::transient, "lease_lost", "another holds it", {}}; };

    EXPECT_EQ(say(send(call)), "transient lease_lost");
    auto peer = accept();
    EXPECT_TRUE(peer.quiet());

    auto second = get("/2");
    EXPECT_TRUE(peer.request().starts_with("GET /2 "));
    peer.answer("ok");
    EXPECT_EQ(say(second), "ok");
}

TEST_F(HttpPoolTest, AsksMaySendOnceAConnectionIsThereAndBeforeAByteOfTheRequest)
{
    start();
    std::vector<std::string> order;
    HttpCall call;
    std::optional<Peer> peer;
    call.may_send = [&]() -> std::optional<Failure> {
        const int socket = listener_->accept();
        EXPECT_GE(socket, 0) << "asked before there was a connection";
        peer.emplace(turner(), socket, nullptr);
        EXPECT_TRUE(peer->quiet());
        order.emplace_back("asked");
        return std::nullopt;
    };

    auto outcome = send(call);
    ASSERT_TRUE(until([&] { return peer.has_value(); }));
    peer->request();
    peer->answer("ok");

    EXPECT_EQ(say(outcome), "ok");
    EXPECT_EQ(order.size(), 1U);
}

}  // namespace
}  // namespace headgate::net
