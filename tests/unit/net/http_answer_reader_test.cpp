#include "net/http/answer_reader.hpp"

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

using namespace std::chrono_literals;

struct Read {
    bool done = false;
    std::string trouble;
    bool too_large = false;
    HttpAnswer answer;
    std::string left;
    std::optional<std::chrono::milliseconds> rest;
};

/// In pieces of `piece` bytes; then the connection ends, when `ends`.
Read read(std::string_view bytes, std::size_t piece, bool ends = false, bool to_head = false, AnswerLimits limits = {})
{
    Read result;
    AnswerReader reader(to_head, limits);
    while (!bytes.empty() && !reader.done()) {
        const auto count = std::min(piece, bytes.size());
        const auto used = reader.feed(bytes.substr(0, count));
        if (!used) {
            result.trouble = used.error().why;
            result.too_large = used.error().too_large;
            return result;
        }
        EXPECT_TRUE(*used == count || reader.done());
        bytes.remove_prefix(*used);
    }
    result.left = bytes;
    const auto end = ends ? reader.end() : std::expected<void, AnswerTrouble>();
    if (!end)
        result.trouble = end.error().why;
    result.done = reader.done();
    if (result.done) {
        result.rest = reader.rest(15s);
        result.answer = reader.take();
    }
    return result;
}

/// The same however it is cut.
Read read_cut(std::string_view bytes, bool ends = false, bool to_head = false, AnswerLimits limits = {})
{
    const auto whole = read(bytes, bytes.size() + 1, ends, to_head, limits);
    for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
        const auto other = read(bytes, piece, ends, to_head, limits);
        EXPECT_EQ(other.done, whole.done) << piece;
        EXPECT_EQ(other.trouble, whole.trouble) << piece;
        EXPECT_EQ(other.left, whole.left) << piece;
        EXPECT_EQ(other.answer.body, whole.answer.body) << piece;
        EXPECT_EQ(other.answer.headers, whole.answer.headers) << piece;
    }
    return whole;
}

TEST(AnswerReader, ReadsStatusFieldsAndASizedBody)
{
    const auto read = read_cut(
        "HTTP/1.1 201 Created now\r\nContent-Length: 5\r\nSet-Cookie: a\r\nX-Empty:\r\n"
        "set-cookie:  b \r\n\r\nhello");

    ASSERT_TRUE(read.done) << read.trouble;
    EXPECT_EQ(read.answer.status, 201);
    EXPECT_EQ(read.answer.body, "hello");
    EXPECT_EQ(read.answer.headers,
              (HttpFields{{"content-length", "5"}, {"set-cookie", "a"}, {"x-empty", ""}, {"set-cookie", "b"}}));
    EXPECT_EQ(read.rest, 15s);
}

TEST(AnswerReader, LooksAtLinesInTheHeadOnly)
{
    const auto sized = read_cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\n\r}\nmore\n");
    EXPECT_EQ(sized.answer.body, "{\n\r}\n");
    EXPECT_EQ(sized.left, "more\n");

    const auto chunked = read_cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\n\r\n\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.answer.body, "\n\r\n");
}

TEST(AnswerReader, TakesAStatusLineWithoutAReason)
{
    EXPECT_EQ(read_cut("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").answer.status, 200);
    EXPECT_EQ(read_cut("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").answer.status, 200);
}

TEST(AnswerReader, TakesTheChunkedCodingOff)
{
    const auto read = read_cut(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n"
        "X-Trailer: t\r\n\r\nmore");

    ASSERT_TRUE(read.done) << read.trouble;
    EXPECT_EQ(read.answer.body, "abcde");
    EXPECT_EQ(read.answer.headers.size(), 1U);
    EXPECT_EQ(read.left, "more");
}

TEST(AnswerReader, SkipsInterimAnswers)
{
    const auto read = read_cut(
        "HTTP/1.1 100 Continue\r\nContent-Length: 7\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
        "a\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");

    ASSERT_TRUE(read.done) << read.trouble;
    EXPECT_EQ(read.answer.status, 200);
    EXPECT_EQ(read.answer.headers, (HttpFields{{"content-length", "1"}}));
    EXPECT_EQ(read.answer.body, "x");
    EXPECT_EQ(read.rest, 15s);
}

TEST(AnswerReader, KnowsWhichAnswersHaveNoBody)
{
    for (const auto* head :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
          "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        const auto read = read_cut(head);
        EXPECT_TRUE(read.done) << head;
        EXPECT_EQ(read.answer.body, "");
        EXPECT_EQ(read.rest, 15s);
    }
    const auto to_head = read_cut("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", false, true);
    EXPECT_TRUE(to_head.done);
    EXPECT_EQ(to_head.answer.header("content-length"), "99999999");
}

TEST(AnswerReader, WithoutALengthTheBodyEndsWithTheConnection)
{
    const auto open = read_cut("HTTP/1.1 200 OK\r\n\r\nall of it");
    EXPECT_FALSE(open.done);

    const auto ended = read_cut("HTTP/1.1 200 OK\r\n\r\nall of it", true);
    ASSERT_TRUE(ended.done);
    EXPECT_EQ(ended.answer.body, "all of it");
    EXPECT_EQ(ended.rest, std::nullopt);
}

TEST(AnswerReader, AnEndBeforeTheEndIsTrouble)
{
    for (const auto* bytes :
         {"", "HTTP", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
          "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"})
        EXPECT_EQ(read_cut(bytes, true).trouble, "it was cut off") << bytes;
}

TEST(AnswerReader, RestsOnlyWhereBothSidesWantIt)
{
    const auto rest = [](const std::string& fields, const std::string& version = "1.1") {
        return read_cut("HTTP/" + version + " 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n").rest;
    };

    EXPECT_EQ(rest(""), 15s);
    EXPECT_EQ(rest("Connection: Keep-Alive\r\n"), 15s);
    EXPECT_EQ(rest("Connection: close\r\n"), std::nullopt);
    EXPECT_EQ(rest("Connection: upgrade , CLOSE\r\n"), std::nullopt);
    EXPECT_EQ(rest("Connection: closed\r\n"), 15s);
    EXPECT_EQ(rest("", "1.0"), std::nullopt);
    EXPECT_EQ(rest("Keep-Alive: timeout=5, max=100\r\n"), 4500ms);
    EXPECT_EQ(rest("Keep-Alive: max=100,Timeout=1\r\n"), 500ms);
    EXPECT_EQ(rest("Keep-Alive: timeout=60\r\n"), 15s);
    EXPECT_EQ(rest("Keep-Alive: timeout=0\r\n"), std::nullopt);
    EXPECT_EQ(rest("Keep-Alive: timeout=99999999999999999999\r\n"), 15s);
    EXPECT_EQ(rest("Keep-Alive: timeout=soon\r\n"), 15s);
}

TEST(AnswerReader, RefusesWhatCouldBeFramedInTwoWays)
{
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    for (const auto& bytes : {ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
                              ok + "Content-Length: 5, 6\r\n\r\n",
                              ok + "Content-Length: +5\r\n\r\n",
                              ok + "Content-Length: -5\r\n\r\n",
                              ok + "Content-Length:\r\n\r\n",
                              ok + "Content-Length: 0x5\r\n\r\n",
                              ok + "Content-Length: 99999999999999999999\r\n\r\n",
                              ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                              ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
                              ok + "Transfer-Encoding: identity\r\n\r\n",
                              ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                              std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                              ok + "Content-Length : 5\r\n\r\n",
                              ok + " Content-Length: 5\r\n\r\n",
                              ok + "A: b\r\n c\r\n\r\n",
                              ok + "A\r\n\r\n",
                              ok + ": b\r\n\r\n",
                              ok + "A: b\nB: c\r\n\r\n",
                              ok + "A: b\rB: c\r\n\r\n",
                              ok + std::string("A: b\0\r\n\r\n", 9),
                              std::string("HTTP/1.1 200 OK\n\n"),
                              std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
                              ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n",
                              ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"}) {
        const auto read = read_cut(bytes);
        EXPECT_FALSE(read.done) << bytes;
        EXPECT_NE(read.trouble, "") << bytes;
        EXPECT_FALSE(read.too_large) << bytes;
    }
    EXPECT_EQ(read_cut(ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx").answer.body, "x");
}

TEST(AnswerReader, SeesAtOnceWhatIsNoHttp)
{
    for (const auto* bytes :
         {"S", "SSH-2.0", "\r\nHTTP/1.1 200 OK\r\n", "\n", "http/1.1", "HTTPS", "HTTP/2.0 200 OK\r\n\r\n",
          "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
          "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 200 \x01\r\n\r\n"})
        EXPECT_NE(read_cut(bytes).trouble, "") << bytes;
}

TEST(AnswerReader, HeadsAreBoundedTogether)
{
    const AnswerLimits limits{64, 1000};
    const std::string fits = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: " + std::string(64 - 43, 'a') + "\r\n\r\n";
    ASSERT_EQ(fits.size(), 64U);
    const std::string interim = "HTTP/1.1 100 C\r\n\r\n";

    EXPECT_TRUE(read_cut(fits, false, false, limits).done);

    for (const auto& bytes : {std::string(fits).insert(20, "1"), interim + fits, interim + interim + interim + interim,
                              "HTTP/1.1 200 " + std::string(100, 'x')}) {
        const auto read = read_cut(bytes, false, false, limits);
        EXPECT_TRUE(read.too_large) << bytes;
        EXPECT_FALSE(read.done);
    }
}

TEST(AnswerReader, HeadAndBodyAreBoundedTogether)
{
    const AnswerLimits limits{1000, 100};
    const auto sized = [&](std::size_t length) {
        const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
        return read_cut(head + std::string(length, 'x'), false, false, limits);
    };
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";  // 47 bytes
    const std::string to_end = "HTTP/1.1 200 OK\r\n\r\n";                                 // 19 bytes

    EXPECT_TRUE(sized(100 - 39).done);
    EXPECT_TRUE(sized(100 - 38).too_large);
    EXPECT_TRUE(read_cut(chunked + "35\r\n" + std::string(53, 'x') + "\r\n0\r\n\r\n", false, false, limits).done);
    EXPECT_TRUE(read_cut(chunked + "36\r\n", false, false, limits).too_large);
    EXPECT_TRUE(read_cut(chunked + "ffffffffffffffff\r\n", false, false, limits).too_large);
    EXPECT_TRUE(read_cut(to_end + std::string(81, 'x'), true, false, limits).done);
    EXPECT_TRUE(read_cut(to_end + std::string(82, 'x'), true, false, limits).too_large);
}

}  // namespace
}  // namespace headgate::net
