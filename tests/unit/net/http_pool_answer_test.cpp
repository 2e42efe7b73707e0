// Answers, whole and broken, and those that do not come.
#include "http_pool_harness.hpp"

namespace headgate::net {
namespace {

TEST_F(HttpPoolTest, ReadsAnAnswerThatComesInPieces)
{
    start();
    auto outcome = get();
    auto peer = accept();
    peer.request();

    for (const char letter :
         std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")) {
        EXPECT_FALSE(outcome->has_value());
        peer.write(std::string_view(&letter, 1));
        turn();
    }

    EXPECT_EQ(say(outcome), "ok");
    EXPECT_EQ(pool_->counts().idle, 1U);
}

TEST_F(HttpPoolTest, SkipsInterimAnswers)
{
    start();
    auto outcome = send(post_call("/", "body"));
    auto peer = accept();
    peer.request();

    peer.write("HTTP/1.1 100 Continue\r\n\r\n");
    turn();
    EXPECT_FALSE(outcome->has_value());
    peer.answer("ok", 202);

    EXPECT_EQ(wait(outcome)->status, 202);
    EXPECT_EQ(pool_->counts().idle, 1U);
}

TEST_F(HttpPoolTest, WaitsForNoBodyWhereThereIsNone)
{
    start();
    HttpCall head;
    head.method = "HEAD";
    auto first = send(head);
    auto peer = accept();
    peer.request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    EXPECT_EQ(say(first), "");

    for (const auto* line :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"}) {
        auto next = get();
        peer.request();
        peer.write(line);
        EXPECT_EQ(say(next), "");
    }
    EXPECT_EQ(pool_->counts().idle, 1U);
}

TEST_F(HttpPoolTest, ABodyMayEndWithTheConnection)
{
    start();
    auto outcome = get();
    auto peer = accept();
    peer.request();

    peer.write("HTTP/1.1 200 OK\r\n\r\nall of it");
    turn();
    EXPECT_FALSE(outcome->has_value());
    peer.close();

    EXPECT_EQ(say(outcome), "all of it");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, TakesAnAnswerThatComesBeforeTheRequestIsRead)
{
    start();
    auto outcome = send(post_call("/", std::string(64U << 20U, 'x')));  // more than any socket takes
    auto peer = accept();
    EXPECT_EQ(peer.read(5), "POST ");

    peer.flood("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    peer.reset();

    const auto& answer = wait(outcome);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 413);
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, RefusesAnAnswerThatIsTooLarge)
{
    auto options = local_options();
    options.answer = {1000, 2000};
    start(options);
    for (const auto& answer :
         {"HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x'),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"),
          "HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x'),
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x')}) {
        auto outcome = get();
        auto peer = accept();
        peer.request();
        peer.write(answer);
        EXPECT_EQ(say(outcome), "unknown_outcome answer_too_large");
        EXPECT_EQ(pool_->counts().open, 0U);
    }
}

TEST_F(HttpPoolTest, RefusesAnAnswerThatIsBroken)
{
    start();
    for (const auto* answer :
         {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01\x00\x02\x02\x50", "HTTP/1.1 200 OK\r\nContent-Length: a\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
        auto outcome = get();
        auto peer = accept();
        peer.request();
        peer.write(answer);
        EXPECT_EQ(say(outcome), "unknown_outcome answer_broken") << answer;
        EXPECT_EQ(pool_->counts().open, 0U);
    }
}

TEST_F(HttpPoolTest, RefusesAnAnswerThatIsCutOff)
{
    start();
    for (const bool by_reset : {false, true})
        for (const auto* answer :
             {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
              "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"}) {
            auto outcome = get();
            auto peer = accept();
            peer.request();
            peer.write(answer);
            turn();
            if (by_reset)
                peer.reset();
            else
                peer.close();
            EXPECT_EQ(say(outcome), "unknown_outcome answer_broken") << answer;
        }
}

TEST_F(HttpPoolTest, AResetEndsEvenABodyThatMayEndWithTheConnection)
{
    start();
    auto outcome = get();
    auto peer = accept();
    peer.request();
    peer.write("HTTP/1.1 200 OK\r\n\r\nsome");
    turn();

    peer.reset();

    EXPECT_EQ(say(outcome), "unknown_outcome answer_broken");
}

// --- no answer -------------------------------------------------------------------------------------------------

TEST_F(HttpPoolTest, AConnectionThatEndsWithoutAnAnswerLeavesTheOutcomeUnknown)
{
    start();
    for (const bool by_reset : {false, true})
        for (const std::size_t count : {1U, 20U, 1000U}) {
            auto outcome = send(post_call("/", std::string(4000, 'x')));
            auto peer = accept();
            EXPECT_EQ(peer.read(count).size(), count);
            if (by_reset)
                peer.reset();
            else
                peer.close();
            EXPECT_EQ(say(outcome), "unknown_outcome no_answer");
            EXPECT_EQ(pool_->counts().open, 0U);
        }
}

TEST_F(HttpPoolTest, AUsedConnectionThatEndsWithoutAnAnswerIsNotTriedAgain)
{
    start();
    for (const bool by_reset : {false, true}) {
        auto first = get();
        auto peer = accept();
        peer.request();
        peer.answer("ok");
        EXPECT_EQ(say(first), "ok");

        auto second = get();
        peer.request();
        if (by_reset)
            peer.reset();
        else
            peer.close();

        EXPECT_EQ(say(second), "unknown_outcome connection_closed");
        EXPECT_TRUE(nobody_waits());
    }
}

TEST_F(HttpPoolTest, AnAnswerThatDoesNotComeInTimeLeavesTheOutcomeUnknown)
{
    start();

    auto outcome = send_late({});

    EXPECT_EQ(say(outcome), "unknown_outcome answer_timeout");
    EXPECT_EQ(pool_->counts().open, 0U);
}

TEST_F(HttpPoolTest, AnAnswerOfWhichAPartComesInTimeLeavesTheOutcomeUnknown)
{
    start();
    std::string detail;
    for (auto limit = 50ms; limit < 60s && !detail.ends_with("only a part of its answer came in time"); limit *= 4) {
        auto outcome = send(call_until(limit));
        auto peer = accept();
        peer.flood("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");

        EXPECT_FALSE(wait(outcome));
        detail = wait(outcome).error().detail;
        EXPECT_EQ(pool_->counts().open, 0U);
    }
    EXPECT_EQ(detail, "127.0.0.1:" + std::to_string(listener_->port()) + ": only a part of its answer came in time");
}

TEST_F(HttpPoolTest, ARequestThatIsNotReadInTimeLeavesTheOutcomeUnknown)
{
    start();

    auto outcome = send_late(post_call("/", std::string(64U << 20U, 'x')));

    EXPECT_EQ(say(outcome), "unknown_outcome answer_timeout");
}

TEST_F(HttpPoolTest, AFailureNamesTheHostAndTheCauseAndNothingOfTheCall)
{
    start();
    auto call = post_call("/secret-path", "secret-body");
    call.headers = {{"Authorization", "secret-token"}};

    auto outcome = send(call);
    auto peer = accept();
    peer.request();
    peer.write("secret-answer");

    const auto& failure = wait(outcome).error();
    EXPECT_EQ(failure.detail,
              "127.0.0.1:" + std::to_string(listener_->port()) + ": its answer is not used: it is not HTTP");
}

class CountingSink final : public BodySink {
public:
    asio::awaitable<bool> take(std::string_view piece) override
    {
        text += piece;
        ++pieces;
        co_return text.size() <= most;
    }
    std::string text;
    std::size_t pieces = 0;
    std::size_t most = 100U << 20U;
};

TEST_F(HttpPoolTest, ASinkTakesTheBodyOfAGoodAnswerHoweverItIsFramed)
{
    start({.answer = {.bytes = 1U << 20U}});
    const std::string half(600'000, 'h');
    for (const std::string& wire : {"HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n" + half,
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n927c0\r\n" + half +
                                        "\r\n927c0\r\n" + half + "\r\n0\r\n\r\n",
                                    "HTTP/1.1 206 Part\r\n\r\n" + half}) {
        CountingSink sink;
        HttpCall call;
        call.sink = &sink;
        call.fresh = true;
        auto outcome = send(call);
        auto peer = accept();
        peer.request();
        peer.write(wire);
        peer.close();
        EXPECT_EQ(say(outcome), "");
        const bool chunked = wire.find("chunked") != std::string::npos;
        EXPECT_EQ(sink.text, chunked ? half + half : half);
        EXPECT_GE(sink.pieces, 2U);
    }
}

TEST_F(HttpPoolTest, ASinkGetsNothingOfOtherAnswers)
{
    start();
    CountingSink sink;
    HttpCall call;
    call.sink = &sink;
    auto outcome = send(call);
    auto peer = accept();
    peer.request();
    peer.answer("sorry", 404);
    EXPECT_EQ(say(outcome), "sorry");
    EXPECT_EQ(sink.pieces, 0U);
}

TEST_F(HttpPoolTest, ASinkThatHasEnoughEndsTheCall)
{
    start();
    CountingSink sink;
    sink.most = 10;
    HttpCall call;
    call.sink = &sink;
    auto outcome = send(call);
    auto peer = accept();
    peer.request();
    peer.answer(std::string(1000, 'x'), 200);
    EXPECT_THAT(say(outcome), ::testing::HasSubstr("answer_not_wanted"));
    EXPECT_EQ(pool_->counts().open, 0U);
}

}  // namespace
}  // namespace headgate::net
