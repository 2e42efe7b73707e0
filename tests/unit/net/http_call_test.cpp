#include "net/http/call.hpp"

#include <gtest/gtest.h>

namespace headgate::net {
namespace {

using namespace std::chrono_literals;

const HttpOrigin origin{true, "erp.test", 443};

std::string sent(const HttpCall& call)
{
    const auto bytes = request_bytes(call, origin);
    return bytes ? *bytes : bytes.error().code;
}

TEST(HttpCall, IsWrittenWithHostAndLength)
{
    HttpCall call;
    call.method = "POST";
    call.target = "/orders?draft=1";
    call.headers = {{"Content-Type", "application/json"}, {"X-Two", "a b\tc"}};
    call.body = "{\"a\":1}";

    EXPECT_EQ(sent(call),
              "POST /orders?draft=1 HTTP/1.1\r\nHost: erp.test\r\nContent-Type: application/json\r\nX-Two: a b\tc\r\n"
              "Content-Length: 7\r\n\r\n{\"a\":1}");
}

TEST(HttpCall, SaysThatItHasNoBodyWhereOneIsExpected)
{
    HttpCall call;
    EXPECT_EQ(sent(call), "GET / HTTP/1.1\r\nHost: erp.test\r\n\r\n");

    call.method = "PUT";
    EXPECT_EQ(sent(call), "PUT / HTTP/1.1\r\nHost: erp.test\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpCall, NamesThePortWhenItIsNotTheSchemesOwn)
{
    EXPECT_EQ(host_field({true, "erp.test", 443}), "erp.test");
    EXPECT_EQ(host_field({true, "erp.test", 80}), "erp.test:80");
    EXPECT_EQ(host_field({false, "erp.test", 80}), "erp.test");
    EXPECT_EQ(host_field({false, "2001:db8::1", 8080}), "[2001:db8::1]:8080");
}

TEST(HttpCall, RefusesWhatCouldBeReadAsAnythingElse)
{
    using namespace std::string_literals;
    for (const auto& target : {""s, "orders"s, "http://other/"s, "*"s, "/a b"s, "/a\r\nX: y"s, "/a\nb"s, "/a\0b"s,
                               "/a#b"s, "/\x7f"s, "/\xc3\xa4"s, "/a\tb"s}) {
        HttpCall call;
        call.target = target;
        EXPECT_EQ(sent(call), "call_malformed") << target;
    }
    for (const auto& method : {""s, "GET "s, "G\r\nET"s, "CONNECT"s, std::string(33, 'G')}) {
        HttpCall call;
        call.method = method;
        EXPECT_EQ(sent(call), "call_malformed") << method;
    }
    for (const auto& name : {""s, "A B"s, "A:"s, "A\r\nB"s, "Host"s, "content-length"s, "CONNECTION"s,
                             "Transfer-Encoding"s, "Expect"s, "Upgrade"s, "TE"s, "Trailer"s, "Keep-Alive"s}) {
        HttpCall call;
        call.headers = {{name, "x"}};
        EXPECT_EQ(sent(call), "call_malformed") << name;
    }
    for (const auto& value : {"a\r\nb"s, "a\nb"s, "a\rb"s, "a\0b"s, "\x7f"s}) {
        HttpCall call;
        call.headers = {{"X", value}};
        EXPECT_EQ(sent(call), "call_malformed") << value;
    }
}

TEST(HttpCall, ARefusalNamesNoValue)
{
    HttpCall call;
    call.target = "/secret path";
    call.headers = {{"Authorization", "Bearer secret\n"}};

    const auto refused_target = request_bytes(call, origin);
    call.target = "/";
    const auto refused_value = request_bytes(call, origin);

    ASSERT_FALSE(refused_target);
    ASSERT_FALSE(refused_value);
    EXPECT_EQ(refused_target.error().failure_class, FailureClass::permanent);
    EXPECT_EQ(refused_target.error().detail.find("secret"), std::string::npos);
    EXPECT_EQ(refused_value.error().detail.find("secret"), std::string::npos);
}

// 1994-11-06T08:49:37Z, the example of RFC 9110 §5.6.7.
constexpr std::int64_t example = 784'111'777;

TEST(HttpDate, HasThreeForms)
{
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", example), example);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", example), example);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", example), example);
    EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 +0100", example));
    EXPECT_FALSE(parse_http_date("1994-11-06T08:49:37Z", example));
    EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT and more", example));
    EXPECT_FALSE(parse_http_date("", example));
}

TEST(HttpDate, AYearOfTwoDigitsIsNeverMoreThanFiftyYearsAhead)
{
    constexpr std::int64_t in_2026 = 1'790'000'000;
    constexpr std::int64_t in_2094 = 3'939'871'777;

    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026), example);
    EXPECT_EQ(parse_http_date("Saturday, 06-Nov-94 08:49:37 GMT", in_2094), in_2094);
    EXPECT_EQ(parse_http_date("Friday, 06-Nov-26 08:49:37 GMT", in_2026), 1'793'954'977);
}

std::optional<std::chrono::seconds> retry_after(const std::string& value)
{
    HttpAnswer answer;
    answer.headers = {{"retry-after", value}};
    return answer.retry_after(std::chrono::system_clock::time_point(std::chrono::seconds(example)));
}

TEST(HttpAnswer, ReadsRetryAfterAsSecondsAndAsADate)
{
    EXPECT_EQ(retry_after("120"), 120s);
    EXPECT_EQ(retry_after("0"), 0s);
    EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:51:37 GMT"), 120s);
    EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:00 GMT"), 0s);
}

TEST(HttpAnswer, BoundsRetryAfter)
{
    EXPECT_EQ(retry_after("86401"), longest_retry_after);
    EXPECT_EQ(retry_after("99999999999999999999999999"), longest_retry_after);
    EXPECT_EQ(retry_after("Sun, 06 Nov 9994 08:49:37 GMT"), longest_retry_after);
    EXPECT_EQ(retry_after("Mon, 06 Nov 1995 08:49:37 GMT"), longest_retry_after);
}

TEST(HttpAnswer, TakesNoRetryAfterThatItCannotRead)
{
    for (const auto* value : {"", "-1", "+1", "1.5", "soon", "1 s"})
        EXPECT_EQ(retry_after(value), std::nullopt) << value;
    EXPECT_EQ(HttpAnswer{}.retry_after(std::chrono::system_clock::now()), std::nullopt);
}

}  // namespace
}  // namespace headgate::net
