#include "net/http/head.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

using namespace std::string_literals;

std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

/// What a server reading a socket does: find the end, then parse once.
std::expected<Framing, Refusal> read(std::string_view bytes, Request& request, const Limits& limits = {})
{
    HeadFinder finder;
    const auto length = finder.find(bytes, limits);
    if (!length)
        return std::unexpected(length.error());
    if (*length == 0)
        return std::unexpected(Refusal{0, "more"});
    return parse_head(bytes.substr(0, *length), limits, request);
}

std::string in_head(std::string_view fields)
{
    return "POST /hooks/shop HTTP/1.1\r\nHost: gate.example\r\n" + std::string(fields) + "\r\n";
}

struct Case {
    std::string_view what;
    std::string bytes;
    int status;
    std::string_view reason;
};

const std::vector<Case>& refused()
{
    static const std::vector<Case> cases{
        // Framing
        {"length, then coding", in_head("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), 400,
         "content_length_with_transfer_encoding"},
        {"coding, then length", in_head("transfer-encoding: chunked\r\ncontent-length: 4\r\n"), 400,
         "content_length_with_transfer_encoding"},
        {"coding with a length of zero", in_head("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400,
         "content_length_with_transfer_encoding"},
        {"length twice, equal", in_head("Content-Length: 4\r\nContent-Length: 4\r\n"), 400, "content_length_repeated"},
        {"length twice, different", in_head("Content-Length: 4\r\ncontent-LENGTH: 5\r\n"), 400,
         "content_length_repeated"},
        {"length as a list", in_head("Content-Length: 4, 4\r\n"), 400, "content_length_malformed"},
        {"length with plus", in_head("Content-Length: +4\r\n"), 400, "content_length_malformed"},
        {"length with minus", in_head("Content-Length: -4\r\n"), 400, "content_length_malformed"},
        {"length with a space inside", in_head("Content-Length: 1 0\r\n"), 400, "content_length_malformed"},
        {"length in hex", in_head("Content-Length: 0x4\r\n"), 400, "content_length_malformed"},
        {"length with a hex digit", in_head("Content-Length: a\r\n"), 400, "content_length_malformed"},
        {"length with a fraction", in_head("Content-Length: 4.0\r\n"), 400, "content_length_malformed"},
        {"length with a leading zero", in_head("Content-Length: 010\r\n"), 400, "content_length_malformed"},
        {"length of 2^64", in_head("Content-Length: 18446744073709551616\r\n"), 400, "content_length_malformed"},
        {"length of many digits", in_head("Content-Length: 99999999999999999999999\r\n"), 400,
         "content_length_malformed"},
        {"empty length", in_head("Content-Length:\r\n"), 400, "content_length_malformed"},
        {"length of a space", in_head("Content-Length: \t \r\n"), 400, "content_length_malformed"},
        {"length of 2^64-1", in_head("Content-Length: 18446744073709551615\r\n"), 413, "body_too_large"},
        {"length of the limit and one", in_head("Content-Length: 8388609\r\n"), 413, "body_too_large"},
        {"coding twice", in_head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
         "transfer_encoding_repeated"},
        {"coding twice, one odd", in_head("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400,
         "transfer_encoding_repeated"},
        {"coding as a list", in_head("Transfer-Encoding: gzip, chunked\r\n"), 400, "transfer_encoding_unsupported"},
        {"chunked not final", in_head("Transfer-Encoding: chunked, gzip\r\n"), 400, "transfer_encoding_unsupported"},
        {"chunked twice in a list", in_head("Transfer-Encoding: chunked, chunked\r\n"), 400,
         "transfer_encoding_unsupported"},
        {"chunked behind a comma", in_head("Transfer-Encoding: ,chunked\r\n"), 400, "transfer_encoding_unsupported"},
        {"chunked with a parameter", in_head("Transfer-Encoding: chunked;a=b\r\n"), 400,
         "transfer_encoding_unsupported"},
        {"coding in quotes", in_head("Transfer-Encoding: \"chunked\"\r\n"), 400, "transfer_encoding_unsupported"},
        {"identity", in_head("Transfer-Encoding: identity\r\n"), 400, "transfer_encoding_unsupported"},
        {"unknown coding", in_head("Transfer-Encoding: xchunked\r\n"), 400, "transfer_encoding_unsupported"},
        {"empty coding", in_head("Transfer-Encoding:\r\n"), 400, "transfer_encoding_unsupported"},
        {"coding behind a vertical tab", in_head("Transfer-Encoding: \vchunked\r\n"), 400, "control_byte"},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "chunked_in_http_1_0"},
        {"HTTP/1.0 POST without length", "POST / HTTP/1.0\r\n\r\n", 411, "length_required"},
        // Line ends
        {"bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare_lf"},
        {"bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, "bare_lf"},
        {"bare LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "bare_lf"},
        {"bare LF only", "GET / HTTP/1.1\nHost: a\n\n", 400, "bare_lf"},
        {"bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_cr"},
        {"bare CR behind the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "bare_cr"},
        {"bare CR in a value", in_head("X: a\rTransfer-Encoding: chunked\r\n"), 400, "bare_cr"},
        {"bare CR in a name", in_head("X\r: a\r\n"), 400, "bare_cr"},
        {"CR CR LF", in_head("X: a\r\r\n"), 400, "bare_cr"},
        {"CR CR LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", 400, "bare_cr"},
        // Fields
        {"folded with a space", in_head("X: a\r\n b\r\n"), 400, "folded_line"},
        {"folded with a tab", in_head("X: a\r\n\tb\r\n"), 400, "folded_line"},
        {"folded to nothing", in_head("X: a\r\n \r\n"), 400, "folded_line"},
        {"space leads the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "leading_space"},
        {"tab leads the first field", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400, "leading_space"},
        {"space before the colon", in_head("Content-Length : 4\r\n"), 400, "space_before_colon"},
        {"tab before the colon", in_head("Transfer-Encoding\t: chunked\r\n"), 400, "space_before_colon"},
        {"empty name", in_head(": a\r\n"), 400, "field_name_empty"},
        {"only a colon", in_head(":\r\n"), 400, "field_name_empty"},
        {"no colon", in_head("Xa\r\n"), 400, "field_name_malformed"},
        {"space in a name", in_head("Content Length: 4\r\n"), 400, "field_name_malformed"},
        {"parenthesis in a name", in_head("X(a): 4\r\n"), 400, "field_name_malformed"},
        {"NUL in a name", in_head("X\0a: 4\r\n"s), 400, "field_name_malformed"},
        {"byte above 127 in a name", in_head("X\xe9: 4\r\n"), 400, "field_name_malformed"},
        {"NUL in a value", in_head("X: a\0b\r\n"s), 400, "control_byte"},
        {"escape in a value", in_head("X: a\x1b\r\n"), 400, "control_byte"},
        {"DEL in a value", in_head("X: a\x7f\r\n"), 400, "control_byte"},
        {"form feed around a value", in_head("X: \fa\r\n"), 400, "control_byte"},
        // Host
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400, "host_missing"},
        {"Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400, "host_repeated"},
        {"Host twice in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "host_repeated"},
        {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "host_malformed"},
        {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "host_malformed"},
        {"Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "host_malformed"},
        {"Host as a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "host_malformed"},
        {"Host with an odd port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400, "host_malformed"},
        {"Host with two colons", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400, "host_malformed"},
        {"Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "host_malformed"},
        {"Host of only a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, "host_malformed"},
        // Request line
        {"two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"no version", "GET /\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"version with a long minor", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"version without a minor", "GET / HTTP/1\r\nHost: a\r\n\r\n", 400, "request_line_malformed"},
        {"tab between the parts", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method_malformed"},
        {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method_malformed"},
        {"method with a colon", "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method_malformed"},
        {"a very long method", repeated("A", 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method_malformed"},
        {"the start of a TLS session", "\x16\x03\x01\x02", 400, "method_malformed"},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "version_unsupported"},
        {"HTTP/0.9 by name", "GET / HTTP/0.9\r\n\r\n", 505, "version_unsupported"},
        {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_unsupported"},
        {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"backslash in the path", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"broken percent-encoding", "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400, "target_malformed"},
        {"byte above 127 in the target", "GET /?\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"asterisk without OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400, "target_malformed"},
        {"CONNECT with a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"absolute target without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"absolute target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"absolute target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_malformed"},
        {"absolute target of another host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host_mismatch"},
        // Limits
        {"long target", "GET /" + repeated("a", 8192) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "target_too_long"},
        {"long target without an end", "GET /" + repeated("a", 9000), 414, "target_too_long"},
        {"many fields", in_head(repeated("X: a\r\n", 100)), 431, "too_many_fields"},
        {"large head", in_head("X: " + repeated("a", 16400) + "\r\n"), 431, "head_too_large"},
        {"large head without an end", "GET / HTTP/1.1\r\n" + repeated("X: aaaa\r\n", 2000), 431, "head_too_large"},
        // Meaning
        {"unknown expectation", in_head("Expect: 200-ok\r\n"), 417, "expectation_unsupported"},
        {"expectations as a list", in_head("Expect: 100-continue, x\r\n"), 417, "expectation_unsupported"},
        {"compressed body", in_head("Content-Encoding: gzip\r\nContent-Length: 4\r\n"), 415,
         "content_encoding_unsupported"},
        {"identity and compressed", in_head("Content-Encoding: identity\r\nContent-Encoding: br\r\n"), 415,
         "content_encoding_unsupported"},
        {"framing goes before meaning",
         in_head("Content-Encoding: gzip\r\nExpect: x\r\nContent-Length: 9999999999\r\n"
                 "Transfer-Encoding: chunked\r\n"),
         400, "content_length_with_transfer_encoding"},
    };
    return cases;
}

TEST(HttpHead, RefusesEachFormThatCouldBeReadInTwoWays)
{
    for (const auto& [what, bytes, status, reason] : refused()) {
        Request request;

        const auto framing = read(bytes, request);

        ASSERT_FALSE(framing) << what;
        EXPECT_EQ(framing.error().status, status) << what;
        EXPECT_EQ(framing.error().reason, reason) << what;
    }
}

TEST(HttpHead, RefusesTheSameWhenTheBytesComeOneByOne)
{
    const Limits limits;
    for (const auto& [what, bytes, status, reason] : refused()) {
        Request request;
        HeadFinder finder;
        std::expected<Framing, Refusal> framing = std::unexpected(Refusal{0, "never"});

        for (std::size_t end = 1; end <= bytes.size(); ++end) {
            const auto length = finder.find(std::string_view(bytes).substr(0, end), limits);
            if (!length) {
                framing = std::unexpected(length.error());
                break;
            }
            if (*length > 0) {
                ASSERT_EQ(*length, end) << what;
                framing = parse_head(std::string_view(bytes).substr(0, end), limits, request);
                break;
            }
        }

        ASSERT_FALSE(framing) << what;
        EXPECT_EQ(framing.error(), (Refusal{status, reason})) << what;
    }
}

TEST(HttpHead, RefusesAloneWhatTheFinderWouldHaveRefused)
{
    Request request;
    const auto reason = [&request](std::string_view bytes) { return parse_head(bytes, {}, request).error().reason; };

    EXPECT_EQ(reason("GET / HTTP/1.1\nHost: a\r\n\r\n"), "bare_lf");
    EXPECT_EQ(reason("GET / HTTP/1.1\r\nHost: a\r\n\n"), "bare_lf");
    EXPECT_EQ(reason("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), "bare_cr");
    EXPECT_EQ(reason(""), "head_incomplete");
    EXPECT_EQ(reason("GET / HTTP/1.1\r\nHost: a\r\n\r"), "head_incomplete");
    EXPECT_EQ(reason("GET / HTTP/1.1\r\nHost: a\r\n"), "head_incomplete");
    EXPECT_EQ(reason("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"), "head_incomplete");
}

TEST(HttpHead, ReadsAnOrdinaryPost)
{
    Request request;

    const auto framing = read(
        "POST /hooks/shop?a=1&b={x}|[y]?z HTTP/1.1\r\nHost: Gate.example:8080\r\nX-Topic:\t orders \t\r\n"
        "x-empty:\r\nX-TOPIC: second\r\nx-text: caf\xc3\xa9 a\tb\r\nCONTENT-length: 12\r\n\r\n",
        request);

    ASSERT_TRUE(framing) << framing.error().reason;
    EXPECT_EQ(*framing, (Framing{.content_length = 12, .chunked = false, .expects_continue = false}));
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/hooks/shop?a=1&b={x}|[y]?z");
    EXPECT_EQ(request.path, "/hooks/shop");
    EXPECT_EQ(request.query, "a=1&b={x}|[y]?z");
    EXPECT_EQ(request.minor_version, 1);
    EXPECT_TRUE(request.keep_alive);
    EXPECT_EQ(request.fields.size(), 6U);
    EXPECT_EQ(request.field("x-topic"), "orders");
    EXPECT_EQ(request.count("x-topic"), 2U);
    EXPECT_EQ(request.field("X-Empty"), "");
    EXPECT_EQ(request.field("x-text"), "caf\xc3\xa9 a\tb");
    EXPECT_EQ(request.field("x-other"), std::nullopt);
    EXPECT_EQ(request.count("x-other"), 0U);
}

TEST(HttpHead, AcceptsEachFormOfTarget)
{
    struct Form {
        std::string_view line, host, path, query;
    };
    for (const auto& [line, host, path, query] :
         {Form{"GET /", "a", "/", ""}, Form{"GET /?", "a", "/", ""},
          Form{"GET /a%2Fb/../c;d=e", "a", "/a%2Fb/../c;d=e", ""}, Form{"OPTIONS *", "a", "*", ""},
          Form{"GET http://A.example:80/x?y", "a.EXAMPLE:80", "/x", "y"},
          Form{"GET HTTPS://[::1]:80", "[::1]:80", "/", ""}, Form{"GET http://a?y", "a", "/", "y"}}) {
        const std::string bytes = std::string(line) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
        Request request;

        const auto framing = read(bytes, request);

        ASSERT_TRUE(framing) << line << ": " << framing.error().reason;
        EXPECT_EQ(*framing, Framing{}) << line;
        EXPECT_EQ(request.path, path) << line;
        EXPECT_EQ(request.query, query) << line;
    }
}

TEST(HttpHead, KnowsWhoKeepsTheConnection)
{
    struct Ask {
        std::string_view bytes;
        bool kept;
    };
    for (const auto& [bytes, kept] :
         {Ask{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
          Ask{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
          Ask{"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE ,keep-alive\r\n\r\n", false},
          Ask{"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
          Ask{"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true}, Ask{"GET / HTTP/1.0\r\n\r\n", false},
          Ask{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
          Ask{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false}}) {
        Request request;

        ASSERT_TRUE(read(bytes, request)) << bytes;

        EXPECT_EQ(request.keep_alive, kept) << bytes;
    }
}

TEST(HttpHead, TakesChunkedAndExpectInAnyCaseWhereTheyHaveMeaning)
{
    Request request;

    EXPECT_EQ(*read(in_head("Transfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n"), request),
              (Framing{.content_length = 0, .chunked = true, .expects_continue = true}));
    EXPECT_EQ(*read(in_head("Expect: 100-continue\r\nContent-Length: 0\r\nContent-Encoding: Identity\r\n"), request),
              Framing{});
    EXPECT_EQ(*read("POST / HTTP/1.0\r\nExpect: anything\r\nContent-Length: 1\r\n\r\n", request),
              (Framing{.content_length = 1}));
}

TEST(HttpHead, FillsEveryLimitToTheBrim)
{
    Request request;
    std::string brim = in_head("X: \r\n");
    brim.insert(brim.size() - 4, repeated("a", 16384 - brim.size()));

    EXPECT_TRUE(read(in_head(repeated("X: a\r\n", 99)), request));
    EXPECT_TRUE(read("GET /" + repeated("a", 8191) + " HTTP/1.1\r\nHost: a\r\n\r\n", request));
    EXPECT_TRUE(read(in_head("Content-Length: 8388608\r\n"), request));
    EXPECT_EQ(brim.size(), 16384U);
    EXPECT_TRUE(read(brim, request));
    EXPECT_TRUE(read(brim + "the next request", request));
    EXPECT_EQ(read("X" + brim.substr(0, brim.size()), request).error().reason, "head_too_large");
}

TEST(HttpHead, LeavesNothingOfTheRequestBefore)
{
    Request request;
    ASSERT_TRUE(read("GET /a?b HTTP/1.0\r\nX: y\r\n\r\n", request));

    ASSERT_FALSE(read("broken\r\n\r\n", request));

    EXPECT_EQ(request.method, "");
    EXPECT_EQ(request.query, "");
    EXPECT_TRUE(request.fields.empty());
}

TEST(HttpHead, KeepsItsViewsWhenItIsMoved)
{
    Request request;
    const std::string_view bytes = "G / HTTP/1.0\r\n\r\n";
    request.head.assign(bytes.begin(), bytes.end());
    ASSERT_TRUE(parse_head({request.head.data(), request.head.size()}, {}, request));

    const Request moved = std::move(request);

    EXPECT_EQ(moved.method, "G");
    EXPECT_EQ(moved.path, "/");
}

}  // namespace
}  // namespace headgate::net
