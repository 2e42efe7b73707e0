// What the server does with requests. What it does with time, load and stopping: http_server_lifecycle_test.cpp.
#include <algorithm>

#include "http_server_harness.hpp"

namespace headgate::net {
namespace {

TEST_F(HttpServerTest, AnswersAgainAndAgainOnOneConnection)
{
    start();
    WireClient client = connect();

    for (const std::string_view body : {"one", "", "three"}) {
        client.send(post("/a", body));

        EXPECT_EQ(client.answer(), "POST /a " + std::string(body));
        EXPECT_EQ(client.status(), 200);
        EXPECT_TRUE(client.says("Content-Type: text/plain"));
        EXPECT_NE(client.head.find("Date: "), std::string::npos);
        EXPECT_EQ(client.head.find("Connection:"), std::string::npos);
    }
    EXPECT_EQ(server_->active(), 1U);
    EXPECT_EQ(remote_, "127.0.0.1");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder)
{
    start();
    WireClient client = connect();

    client.send(post("/1", "body") + get("/2") + "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                "2\r\nab\r\n0\r\nX: y\r\n\r\n" + post("/4", "end") + get("/5").substr(0, 10));

    EXPECT_EQ(client.answer(), "POST /1 body");
    EXPECT_EQ(client.answer(), "GET /2 ");
    EXPECT_EQ(client.answer(), "POST /3 ab");
    EXPECT_EQ(client.answer(), "POST /4 end");
    EXPECT_TRUE(client.quiet());
    client.send(get("/5").substr(10));
    EXPECT_EQ(client.answer(), "GET /5 ");
}

TEST_F(HttpServerTest, DoesNotStartTheNextRequestBeforeItHasAnsweredTheOneBefore)
{
    start();
    WireClient client = connect();

    client.send(get("/held") + get("/2"));

    EXPECT_TRUE(client.quiet());
    EXPECT_EQ(handled_.size(), 1U);
    open_gate();
    EXPECT_EQ(client.answer(), "GET /held ");
    EXPECT_EQ(client.answer(), "GET /2 ");
}

TEST_F(HttpServerTest, AnswersMoreThanItsBufferHoldsOfPipelinedRequests)
{
    start();
    WireClient client = connect();
    std::string all;
    for (int i = 0; i < 1000; ++i)
        all += post("/" + std::to_string(i), std::string(static_cast<std::size_t>(i % 97), 'x'));

    client.send(all);

    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ(client.answer(),
                  "POST /" + std::to_string(i) + " " + std::string(static_cast<std::size_t>(i % 97), 'x'));
}

TEST_F(HttpServerTest, ReadsARequestSplitAnywhere)
{
    start();
    WireClient client = connect();
    for (const std::string& request : {post("/a", "some text"), "\r\n" + get("/a"),
                                       std::string("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                                                   "chunked\r\n\r\n4\r\nsome\r\n5;x\r\n text\r\n0\r\nA: b\r\n\r\n")})
        for (std::size_t split = 1; split < request.size(); ++split) {
            client.send(std::string_view(request).substr(0, split));
            ASSERT_TRUE(client.quiet()) << split;
            client.send(std::string_view(request).substr(split));
            ASSERT_EQ(client.answer(), request.starts_with("POST") ? "POST /a some text" : "GET /a ") << split;
        }
}

TEST_F(HttpServerTest, ReadsBodiesUpToTheLimit)
{
    start();
    WireClient client = connect();
    std::string body(8U << 20U, 'x');
    for (std::size_t at = 0; at < body.size(); at += 7)
        body[at] = static_cast<char>('a' + at % 26);

    client.send(post("/", body));

    EXPECT_EQ(client.answer(), "POST / " + body);
}

TEST_F(HttpServerTest, ReadsChunkedBodiesUpToTheLimitAndNotBeyond)
{
    start({.body_bytes = 100'000});
    WireClient client = connect();
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string half = "c350\r\n" + std::string(50'000, 'x') + "\r\n";

    client.send(head + half + half + "0\r\n\r\n");
    EXPECT_EQ(client.answer().size(), 7U + 100'000U);
    client.send(head + half + half + "1\r\nx\r\n0\r\n\r\n");

    EXPECT_EQ(client.answer(), "{\"error\":\"body_too_large\"}\n");
    EXPECT_EQ(client.status(), 413);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(handled_.size(), 1U);
}

TEST_F(HttpServerTest, SendsContinueOnlyWhenTheHeadIsAcceptedAndTheBodyIsStillToCome)
{
    start();
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    WireClient client = connect();

    client.send(head + "Content-Length: 4\r\n\r\n");
    client.answer();
    EXPECT_EQ(client.head, "HTTP/1.1 100 Continue\r\n");
    EXPECT_TRUE(client.quiet());
    client.send("body");
    EXPECT_EQ(client.answer(), "POST / body");

    client.send(head + "Content-Length: 4\r\n\r\nbody");
    EXPECT_EQ(client.answer(), "POST / body");
    client.send(head + "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(client.answer(), "POST / ");
    client.send(head + "Transfer-Encoding: chunked\r\n\r\n");
    client.answer();
    EXPECT_EQ(client.status(), 100);
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.answer(), "POST / ");

    client.send(head + "Content-Length: 99999999\r\n\r\n");
    EXPECT_EQ(client.answer(), "{\"error\":\"body_too_large\"}\n");
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, RefusesOtherExpectationsAndCodings)
{
    start();
    WireClient expecting = connect();
    WireClient packed = connect();

    expecting.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n" + get("/2"));
    packed.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx");

    expecting.answer();
    EXPECT_EQ(expecting.status(), 417);
    EXPECT_TRUE(expecting.ended());
    packed.answer();
    EXPECT_EQ(packed.status(), 415);
    EXPECT_TRUE(packed.says("Accept-Encoding: identity"));
    EXPECT_TRUE(packed.ended());
    EXPECT_TRUE(handled_.empty());
}

TEST_F(HttpServerTest, ClosesBehindHttp10UnlessAskedToStay)
{
    start();
    WireClient client = connect();

    client.send("POST /1 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab");
    EXPECT_EQ(client.answer(), "POST /1 ab");
    EXPECT_TRUE(client.says("Connection: keep-alive"));
    client.send("POST /2 HTTP/1.0\r\nContent-Length: 2\r\n\r\nab" + get("/3"));

    EXPECT_EQ(client.answer(), "POST /2 ab");
    EXPECT_TRUE(client.says("Connection: close"));
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(handled_.size(), 2U);
}

TEST_F(HttpServerTest, ClosesWhenTheClientOrTheHandlerSaysSo)
{
    start();
    WireClient asking = connect();
    WireClient told = connect();

    asking.send("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    told.send(get("/close"));

    EXPECT_EQ(asking.answer(), "GET /1 ");
    EXPECT_TRUE(asking.says("Connection: close"));
    EXPECT_TRUE(asking.ended());
    EXPECT_EQ(told.answer(), "GET /close ");
    EXPECT_TRUE(told.says("Connection: close"));
    EXPECT_TRUE(told.ended());
}

TEST_F(HttpServerTest, SendsNoBodyWhereNoneBelongs)
{
    start();
    WireClient client = connect();

    client.send("HEAD /field HTTP/1.1\r\nHost: a\r\n\r\n" + get("/none") + get("/next"));

    client.answer(false);
    EXPECT_TRUE(client.says("Content-Length: 12"));
    EXPECT_TRUE(client.says("X-Echo: a"));
    client.answer();
    EXPECT_EQ(client.status(), 204);
    EXPECT_EQ(client.head.find("Content-Length"), std::string::npos);
    EXPECT_EQ(client.answer(), "GET /next ");
}

TEST_F(HttpServerTest, RefusesTwoGibibytesWithoutReadingThem)
{
    start();
    WireClient client = connect();

    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n");

    EXPECT_EQ(client.answer(), "{\"error\":\"body_too_large\"}\n");
    EXPECT_EQ(client.status(), 413);
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(handled_.empty());
    ASSERT_EQ(refused_.size(), 1U);
    EXPECT_EQ(refused_[0], (std::pair<int, std::string>(413, "body_too_large")));
}

TEST_F(HttpServerTest, LetsARefusalBeReadByAClientThatIsStillSending)
{
    start();
    WireClient client = connect();

    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n" + std::string(500'000, 'x'));

    EXPECT_EQ(client.answer(), "{\"error\":\"body_too_large\"}\n");
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, NeverHandlesWhatIsBehindARefusedRequest)
{
    start();
    const std::string start_of = "POST / HTTP/1.1\r\nHost: a\r\n";
    const std::string smuggled = get("/smuggled");
    for (const auto& [bytes, reason] : std::vector<std::pair<std::string, std::string>>{
             {start_of + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              "content_length_with_transfer_encoding"},
             {start_of + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
              "content_length_with_transfer_encoding"},
             {start_of + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n", "content_length_repeated"},
             {start_of + "Content-Length: 0,0\r\n\r\n", "content_length_malformed"},
             {start_of + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "transfer_encoding_unsupported"},
             {start_of + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "space_before_colon"},
             {start_of + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "folded_line"},
             {start_of + "X: a\nContent-Length: 0\r\n\r\n", "bare_lf"},
             {start_of + "X: a\rContent-Length: 0\r\n\r\n", "bare_cr"},
             {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "chunked_in_http_1_0"},
             {start_of + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 4\r\n\r\n", "trailer_forbidden"},
             {start_of + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "chunk_end_malformed"},
             {start_of + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n", "chunk_size_malformed"},
             {"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "host_repeated"}}) {
        refused_.clear();
        WireClient client = connect();

        client.send(bytes + smuggled);

        EXPECT_EQ(client.answer(), "{\"error\":\"" + reason + "\"}\n");
        EXPECT_EQ(client.status(), 400) << reason;
        EXPECT_TRUE(client.says("Connection: close")) << reason;
        EXPECT_TRUE(client.ended()) << reason;
        EXPECT_EQ(refused_, (std::vector<std::pair<int, std::string>>{{400, reason}}));
    }
    EXPECT_TRUE(handled_.empty());
}

TEST_F(HttpServerTest, AnswersTheGoodRequestsBeforeABadOne)
{
    start();
    WireClient client = connect();

    client.send(post("/1", "a") + "GET  / HTTP/1.1\r\n\r\n" + get("/3"));

    EXPECT_EQ(client.answer(), "POST /1 a");
    client.answer();
    EXPECT_EQ(client.status(), 400);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(handled_.size(), 1U);
}

TEST_F(HttpServerTest, TakesOneEmptyLineBetweenRequestsAndNotTwo)
{
    start();
    WireClient client = connect();

    client.send(post("/1", "a") + "\r\n" + post("/2", "b") + "\r\n");
    EXPECT_EQ(client.answer(), "POST /1 a");
    EXPECT_EQ(client.answer(), "POST /2 b");
    EXPECT_TRUE(client.quiet());
    client.send("\r\n" + get("/3"));

    client.answer();
    EXPECT_EQ(client.status(), 400);
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, AnswersAFaultyHandlerWith500AndCountsIt)
{
    start();
    for (const std::string_view path : {"/throw", "/throw-late", "/inject", "/frame"}) {
        faults_.clear();
        WireClient client = connect();

        client.send(get(path) + get("/next"));
        open_gate();

        EXPECT_EQ(client.answer(), "{\"error\":\"internal_error\"}\n") << path;
        EXPECT_EQ(client.status(), 500) << path;
        EXPECT_EQ(client.head.find("Set-Cookie"), std::string::npos);
        EXPECT_TRUE(client.ended()) << path;
        EXPECT_EQ(faults_.size(), 1U) << path;
    }
    EXPECT_EQ(std::ranges::count(handled_, "GET /next "), 0);
}

TEST_F(HttpServerTest, LosesNothingElseWhenAClientLeavesInTheMiddle)
{
    start();
    WireClient staying = connect();
    for (const std::string& part :
         {get("/x").substr(0, 20), post("/x", "body").substr(0, 50), get("/held"), std::string("\r\n"),
          std::string("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")}) {
        WireClient leaving = connect();
        leaving.send(part);

        leaving.close();
        turn();
        open_gate();

        staying.send(get("/y"));
        EXPECT_EQ(staying.answer(), "GET /y ");
        turn();
        EXPECT_EQ(server_->active(), 1U) << part;
    }
    EXPECT_TRUE(refused_.empty());
    EXPECT_TRUE(faults_.empty());
}

TEST_F(HttpServerTest, AnswersAClientThatHasFinishedSending)
{
    start();
    WireClient client = connect();

    client.send(post("/1", "a") + get("/2"));
    client.shutdown();

    EXPECT_EQ(client.answer(), "POST /1 a");
    EXPECT_EQ(client.answer(), "GET /2 ");
    EXPECT_TRUE(client.ended());
    turn();
    EXPECT_EQ(server_->active(), 0U);
}

TEST_F(HttpServerTest, SendsALargeAnswerToASlowReaderWhole)
{
    start();
    WireClient client = connect();

    client.send(get("/large") + get("/next"));

    const std::string body = client.answer();
    EXPECT_EQ(body.size(), 24U << 20U);
    EXPECT_EQ(body.find_first_not_of('x'), std::string::npos);
    EXPECT_EQ(client.answer(), "GET /next ");
}

}  // namespace
}  // namespace headgate::net
