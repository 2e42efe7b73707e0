// Bodies that a sink takes while they come.
#include "http_server_harness.hpp"

namespace headgate::net {
namespace {

class CollectingSink final : public BodySink {
public:
    CollectingSink(std::shared_ptr<std::vector<std::string>> pieces, std::size_t most)
        : pieces_(std::move(pieces)),
          most_(most)
    {}
    ~CollectingSink() override { pieces_->emplace_back("gone"); }

    asio::awaitable<bool> take(std::string_view piece) override
    {
        pieces_->emplace_back(piece);
        taken_ += piece.size();
        co_return taken_ <= most_;
    }

private:
    std::shared_ptr<std::vector<std::string>> pieces_;
    std::size_t most_;
    std::size_t taken_ = 0;
};

class HttpServerSink : public HttpServerTest {
protected:
    void start_streaming(Limits limits, std::size_t wanted = 10U << 20U)
    {
        start(limits);
        server_->stream_bodies([this, wanted](const Request& request) -> std::unique_ptr<BodySink> {
            if (!request.path.starts_with("/files/"))
                return nullptr;
            return std::make_unique<CollectingSink>(pieces_, request.path == "/files/none" ? 0 : wanted);
        });
    }
    [[nodiscard]] std::string all() const
    {
        std::string text;
        for (const auto& piece : *pieces_)
            text += piece == "gone" ? "" : piece;
        return text;
    }
    static std::string letters(std::size_t count)
    {
        std::string text(count, 'x');
        for (std::size_t at = 0; at < count; at += 7)
            text[at] = static_cast<char>('a' + at % 26);
        return text;
    }

    // A sink may outlive the test's own part of the fixture.
    std::shared_ptr<std::vector<std::string>> pieces_ = std::make_shared<std::vector<std::string>>();
};

TEST_F(HttpServerSink, ABodyLargerThanTheLimitOfOthersComesInPieces)
{
    start_streaming({.body_bytes = 100, .streamed_bytes = 4U << 20U});
    WireClient client = connect();
    const std::string body = letters(1'000'000);

    client.send(post("/files/a", body));

    EXPECT_EQ(client.answer(), "POST /files/a ");
    EXPECT_EQ(all(), body);
    ASSERT_GE(pieces_->size(), 4U);
    EXPECT_EQ(pieces_->front(), "") << "asked before the body";
    for (const auto& piece : *pieces_)
        EXPECT_LE(piece.size(), (256U + 16U) << 10U);
    client.send(post("/other", "kept"));
    EXPECT_EQ(client.answer(), "POST /other kept");
    EXPECT_EQ(pieces_->back(), "gone");
    client.send(post("/other", std::string(101, 'x')));
    client.answer();
    EXPECT_EQ(client.status(), 413);
}

TEST_F(HttpServerSink, ChunksAreTakenOffAndCountedTogether)
{
    start_streaming({.streamed_bytes = 700'000});
    WireClient client = connect();
    const std::string half = letters(300'000);
    const std::string head = "PUT /files/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string chunk = "493e0\r\n" + half + "\r\n";

    client.send(head + chunk + chunk + "0\r\n\r\n");
    EXPECT_EQ(client.answer(), "PUT /files/a ");
    EXPECT_EQ(all(), half + half);
    client.send(head + chunk + chunk + chunk + "0\r\n\r\n");

    EXPECT_EQ(client.answer(), "{\"error\":\"body_too_large\"}\n");
    EXPECT_EQ(client.status(), 413);
    EXPECT_EQ(handled_.size(), 1U);
}

TEST_F(HttpServerSink, ALengthBeyondTheLimitIsRefusedBeforeTheBody)
{
    start_streaming({.streamed_bytes = 9U << 20U});
    WireClient client = connect();
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9437185\r\n\r\n");
    client.answer();
    EXPECT_EQ(client.status(), 413);
}

TEST_F(HttpServerSink, OneThatWantsNothingAnswersBeforeTheClientIsToldToGoOn)
{
    start_streaming({.streamed_bytes = 9U << 20U}, 0);
    server_->stream_bodies([this](const Request&) -> std::unique_ptr<BodySink> {
        struct Nothing final : BodySink {
            asio::awaitable<bool> take(std::string_view) override { co_return false; }
        };
        return std::make_unique<Nothing>();
    });
    WireClient client = connect();
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.answer(), "PUT /files/a ");
    EXPECT_TRUE(client.says("Connection: close")) << client.head;
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerSink, OneThatHasEnoughEndsTheBodyAndTheConnection)
{
    start_streaming({.streamed_bytes = 9U << 20U}, 300'000);
    WireClient client = connect();
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + letters(600'000));
    EXPECT_EQ(client.answer(), "PUT /files/a ");
    EXPECT_TRUE(client.says("Connection: close")) << client.head;
}

TEST_F(HttpServerSink, TheTimeOfABodyIsThatOfEachPiece)
{
    start_streaming({.streamed_bytes = 9U << 20U, .body_time = 30s});
    WireClient client = connect();
    client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
        client.send(letters(280'000));
        pass(20s);
    }
    EXPECT_TRUE(client.quiet());
    pass(11s);

    client.answer();
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(handled_.empty());
}

TEST_F(HttpServerSink, ABodyThatBreaksOffNeverReachesTheHandler)
{
    start_streaming({.streamed_bytes = 9U << 20U});
    {
        WireClient client = connect();
        client.send("PUT /files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + letters(600'000));
        client.close();
    }
    turn();
    EXPECT_TRUE(handled_.empty());
    EXPECT_EQ(pieces_->back(), "gone");
}

}  // namespace
}  // namespace headgate::net
