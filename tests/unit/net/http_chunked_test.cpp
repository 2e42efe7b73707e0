#include "net/http/chunked.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

using namespace std::string_literals;

constexpr std::size_t limit = 64;

struct Decoded {
    std::string body;
    std::size_t used = 0;
    bool done = false;
    Refusal refusal{0, ""};
};

/// Feeds `bytes` in two pieces, the second also holding whatever the first left.
Decoded decode(std::string_view bytes, std::size_t split)
{
    Decoded decoded;
    ChunkDecoder decoder(limit);
    for (const auto piece : {bytes.substr(0, split), bytes.substr(split)}) {
        const auto used = decoder.feed(piece, decoded.body);
        if (!used) {
            decoded.refusal = used.error();
            return decoded;
        }
        decoded.used += *used;
    }
    decoded.done = decoder.done();
    return decoded;
}

TEST(HttpChunked, DecodesTheSameAtEverySplit)
{
    const std::string_view message =
        "5\r\nhello\r\n0000000000000001;a=b; c=\"d\"\r\n \r\nA;x\r\nwor\r\nld\r\n!\r\n000\r\nX-Sum: "
        "1\r\nX-Other:\r\n\r\n";
    const std::string_view next = "POST / HTTP/1.1\r\n";
    const std::string bytes = std::string(message) + std::string(next);

    for (std::size_t split = 0; split <= bytes.size(); ++split) {
        const Decoded decoded = decode(bytes, split);

        EXPECT_EQ(decoded.refusal.reason, "") << split;
        EXPECT_TRUE(decoded.done) << split;
        EXPECT_EQ(decoded.body, "hello wor\r\nld\r\n!") << split;
        EXPECT_EQ(decoded.used, message.size()) << split;
    }
}

TEST(HttpChunked, DecodesByteByByte)
{
    const std::string_view message = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    ChunkDecoder decoder(limit);
    std::string body;

    for (std::size_t at = 0; at < message.size(); ++at) {
        EXPECT_FALSE(decoder.done());
        ASSERT_EQ(decoder.feed(message.substr(at, 1), body), 1U);
    }

    EXPECT_TRUE(decoder.done());
    EXPECT_EQ(body, "abcde");
}

TEST(HttpChunked, RefusesEachOddForm)
{
    struct Case {
        std::string bytes;
        int status;
        std::string_view reason;
    };
    const auto trailer = [](std::string_view line) { return "0\r\n" + std::string(line) + "\r\n\r\n"; };
    std::vector<Case> cases{
        {"\r\n", 400, "chunk_size_malformed"},
        {"\n", 400, "chunk_size_malformed"},
        {";a\r\n", 400, "chunk_size_malformed"},
        {"-1\r\n", 400, "chunk_size_malformed"},
        {"+1\r\na\r\n", 400, "chunk_size_malformed"},
        {"0x1\r\na\r\n", 400, "chunk_size_malformed"},
        {" 1\r\na\r\n", 400, "chunk_size_malformed"},
        {"1 \r\na\r\n", 400, "chunk_size_malformed"},
        {"1\t;a\r\na\r\n", 400, "chunk_size_malformed"},
        {"1_0\r\n", 400, "chunk_size_malformed"},
        {"g\r\n", 400, "chunk_size_malformed"},
        {"1\0\r\n"s, 400, "chunk_size_malformed"},
        {"00000000000000001\r\na\r\n", 400, "chunk_size_malformed"},  // 17 digits
        {"1\na\r\n", 400, "bare_lf"},
        {"1\rx", 400, "bare_cr"},
        {"1\r\r\n", 400, "bare_cr"},
        {"1;a\nb\r\n", 400, "chunk_extension_malformed"},
        {"1;a\rb\r\n", 400, "bare_cr"},
        {"1;a\0\r\n"s, 400, "chunk_extension_malformed"},
        {"1;" + std::string(5000, 'a') + "\r\n", 400, "chunk_extension_too_long"},
        {"1\r\nab\r\n", 400, "chunk_end_malformed"},
        {"1\r\na\n", 400, "chunk_end_malformed"},
        {"1\r\na\rb", 400, "chunk_end_malformed"},
        {"1\r\na0\r\n\r\n", 400, "chunk_end_malformed"},
        {"41\r\n", 413, "body_too_large"},
        {"ffffffffffffffff\r\n", 413, "body_too_large"},
        {"1\r\na\r\n40\r\n", 413, "body_too_large"},
        {"1\r\na\r\nFFFFFFFFFFFFFFFF\r\n", 413, "body_too_large"},  // 1 + that is 0
        {"0\r\nX: a\n\r\n", 400, "bare_lf"},
        {"0\r\n\n", 400, "bare_lf"},
        {"0\r\nX: a\rb\r\n\r\n", 400, "bare_cr"},
        {"0\r\n\r\r\n", 400, "bare_cr"},
        {trailer(" X: a"), 400, "leading_space"},
        {trailer("X: a\r\n b"), 400, "folded_line"},
        {trailer("X : a"), 400, "space_before_colon"},
        {trailer(": a"), 400, "field_name_empty"},
        {trailer("X"), 400, "field_name_malformed"},
        {trailer("X: \0"s), 400, "control_byte"},
        {trailer("X: " + std::string(5000, 'a')), 431, "trailers_too_large"},
    };
    std::string many = "0\r\n";
    for (int i = 0; i < 33; ++i)
        many += "X: a\r\n";
    cases.push_back({many, 431, "trailers_too_large"});
    for (const std::string_view name :
         {"Content-Length", "transfer-encoding", "Host", "Trailer", "TE", "Content-Encoding", "content-type",
          "Content-Range", "AUTHORIZATION", "Connection", "Expect", "Cookie"})
        cases.push_back({trailer(std::string(name) + ": 1"), 400, "trailer_forbidden"});

    for (const auto& [bytes, status, reason] : cases)
        for (const std::size_t split : {std::size_t{0}, std::size_t{1}, bytes.size() / 2, bytes.size() - 1})
            EXPECT_EQ(decode(bytes, split).refusal, (Refusal{status, reason})) << bytes << " split at " << split;
}

TEST(HttpChunked, CountsExtensionsOverTheWholeBody)
{
    std::string bytes;
    for (int i = 0; i < 60; ++i)
        bytes += "1;" + std::string(100, 'a') + "\r\nx\r\n";

    EXPECT_EQ(decode(bytes, 7).refusal.reason, "chunk_extension_too_long");
}

TEST(HttpChunked, TakesABodyOfExactlyTheLimit)
{
    const Decoded decoded = decode("40\r\n" + std::string(64, 'a') + "\r\n0\r\n\r\n", 10);

    EXPECT_TRUE(decoded.done);
    EXPECT_EQ(decoded.body.size(), limit);
}

}  // namespace
}  // namespace headgate::net
