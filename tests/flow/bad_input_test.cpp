#include <fmt/format.h>

#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

class BadInput : public FlowTest {
protected:
    /// Sends a well signed body that cannot become an order, and gives the code of the letter it became.
    std::string letter_code(const std::string& body)
    {
        const auto answer = send("shop", {"orders/create", "evt-bad", body, {}});
        EXPECT_EQ(answer.status, 200) << answer.body;
        EXPECT_TRUE(headgate_.wait_until_quiet(120s));
        const auto letter = headgate_.admin_json("/api/v1/dlq/" + event_of(answer.body));
        if (!letter.is_object())
            return "no letter";
        EXPECT_EQ(count("unaccounted"), 0);
        EXPECT_EQ(count("dead"), 1);
        // What arrived is kept byte for byte.
        EXPECT_EQ(
            headgate_.admin("GET", "/api/v1/events/" + event_of(answer.body) + "/raw?reveal=true&why=test").second,
            body);
        where_ = std::string(letter.at("where").as_string());
        config_ = std::string(letter.at("config").as_string());
        return std::string(letter.at("code").as_string());
    }

    std::string with(const std::string& what, const std::string& instead)
    {
        std::string body = order_body(77, 1);
        const auto at = body.find(what);
        EXPECT_NE(at, std::string::npos) << what;
        return body.replace(at, what.size(), instead);
    }

    std::string where_;
    std::string config_;
};

TEST_F(BadInput, TruncatedJsonBecomesALetter)
{
    const auto body = order_body(1, 1);
    EXPECT_EQ(letter_code(body.substr(0, body.size() / 2)), "json_truncated");
}

TEST_F(BadInput, JsonBrokenInAnyOfTheseWaysIsALetterAndTheNextOrderGoesThrough)
{
    int number = 0;
    for (const std::string& body :
         {std::string("{"), std::string(R"({"id": 1)"), std::string(R"({"a":1])"), std::string("{}x"),
          std::string("{}\0", 3), order_body(1, 1) + std::string(1, '\0')})
        EXPECT_EQ(send("shop", {"orders/create", fmt::format("evt-broken-{}", ++number), body, {}}).status, 200)
            << body;
    EXPECT_EQ(send("shop", {"orders/create", "evt-fine", order_body(1, 1), {}}).status, 200);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(count("dead"), number);
    EXPECT_EQ(count("applied"), 1);
    EXPECT_TRUE(headgate_.running());
}

TEST_F(BadInput, TheAdminApiAnswersWithAndWithoutAQuery)
{
    for (const auto* target : {"/api/v1/events", "/api/v1/events?", "/api/v1/events/", "/api/v1/events?limit=1",
                               "/api/v1/dlq", "/api/v1/verify"})
        EXPECT_EQ(headgate_.admin("GET", target).first, 200) << target;
    for (const auto* target : {"/api/v1/events?none=1", "/api/v1/dlq?none=1", "/api/v1/verify?none=1",
                               "/api/v1/events?limit=0", "/api/v1/events?limit=1x", "/api/v1/dlq?limit=1001",
                               "/api/v1/dlq?cursor=nonsense", "/api/v1/dlq?limit=1&limit=2", "/api/v1/events/7"})
        EXPECT_EQ(headgate_.admin("GET", target).first, 400) << target;
    EXPECT_EQ(headgate_.admin("POST", "/api/v1/dlq").first, 405);
    EXPECT_EQ(headgate_.admin("GET", "/api/v1/dlq/01a214c9-ca7e-73f3-852c-6e07298d97dd/replay").first, 405);
    EXPECT_EQ(headgate_.admin("DELETE", "/metrics").first, 405);
    EXPECT_EQ(headgate_.admin("GET", "/api/v1/nothing").first, 404);
    EXPECT_TRUE(headgate_.running());
}

TEST_F(BadInput, LettersComePageByPage)
{
    for (int i = 0; i < 7; ++i)
        ASSERT_EQ(send("shop", {"orders/create", fmt::format("evt-{}", i), fmt::format("<{}/>", i), {}}).status, 200);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    std::set<std::string> seen;
    std::string cursor;
    int pages = 0;
    do {
        const auto page = headgate_.admin_json("/api/v1/dlq?limit=3&cursor=" + cursor);
        EXPECT_LE(page.at("letters").as_array().size(), 3U);
        for (const auto& letter : page.at("letters").as_array())
            EXPECT_TRUE(seen.emplace(letter.at("event").as_string()).second);
        cursor = page.at("next").as_string();
        ASSERT_LT(++pages, 200);
    } while (!cursor.empty());
    EXPECT_EQ(seen.size(), 7U);
}

TEST_F(BadInput, NotJsonBecomesALetter)
{
    EXPECT_EQ(letter_code("<order/>"), "json_syntax");
}

TEST_F(BadInput, AnEmptyBodyBecomesALetter)
{
    EXPECT_EQ(letter_code(""), "json_empty");
}

TEST_F(BadInput, ADuplicateKeyBecomesALetter)
{
    EXPECT_EQ(letter_code(with("\"test\":false", "\"test\":false,\"test\":true")), "duplicate_key");
    EXPECT_EQ(where_, "/test");
}

TEST_F(BadInput, InvalidUtf8BecomesALetter)
{
    EXPECT_EQ(letter_code(with("Thing 0", "Thing \xff")), "invalid_utf8");
}

TEST_F(BadInput, JsonOf64LevelsIsReadAndOf65IsALetter)
{
    // The order is one level; so many lists more stand inside it.
    const auto nested = [&](int levels) {
        return with("\"test\":false", "\"test\":false,\"deep\":" + std::string(static_cast<std::size_t>(levels), '[') +
                                          std::string(static_cast<std::size_t>(levels), ']'));
    };
    const auto fine = send("shop", {"orders/create", "evt-64", nested(63), {}});
    EXPECT_EQ(fine.status, 200);
    EXPECT_EQ(letter_code(nested(64)), "too_deep");
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"1"});
}

TEST_F(BadInput, AnOrderWithoutAnEntityBecomesALetter)
{
    EXPECT_EQ(letter_code(with("\"id\":77,\"name\"", "\"name\"")), "identity_missing");
}

TEST_F(BadInput, AnAmountWithTooManyDecimalsIsNeverRounded)
{
    EXPECT_EQ(letter_code(with("\"total_tax\":\"0.00\"", "\"total_tax\":\"0.005\"")), "money_precision");
    EXPECT_EQ(where_, "/total_tax");
    EXPECT_NE(config_.find("sales_order.yaml:"), std::string::npos) << config_;
}

TEST_F(BadInput, TotalsThatDoNotAddUpBecomeALetter)
{
    EXPECT_EQ(letter_code(with("\"total_price\":\"39.98\"", "\"total_price\":\"39.99\"")), "total_mismatch");
}

TEST_F(BadInput, ANumberOf40DigitsIsKeptOrRefusedButNeverRounded)
{
    const std::string digits = "1234567890123456789012345678901234567890";
    const auto body = with("\"quantity\":1", "\"quantity\":" + digits);
    const auto code = letter_code(body);
    EXPECT_EQ(code, "number_overflow");
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"0"});
}

TEST_F(BadInput, AnIdAbove2To63SurvivesAsItIs)
{
    auto body = order_body(77, 1);
    const std::string small = "\"id\":77,", large = "\"id\":18446744073709551617,";
    body.replace(body.find(small), small.size(), large);
    ASSERT_EQ(send("shop", {"orders/create", "evt-1", body, {}}).status, 200);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    const auto rows = ledger("select external_ref from sales_order");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_NE(rows[0].find("18446744073709551617"), std::string::npos) << rows[0];
}

TEST_F(BadInput, ASignatureWrongByOneBitIs401AndNothingIsStored)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    const Webhook webhook{"orders/create", "evt-1", order_body(1, 1), {}};
    auto request = sender.request(webhook);
    const std::string header = "X-Shopify-Hmac-Sha256: ";
    const auto at = request.find(header) + header.size();
    request[at] = request[at] == 'A' ? 'B' : 'A';  // neighbours in the alphabet: the lowest bit of six

    const auto answer = sender.raw(headgate_.port(), request);

    EXPECT_EQ(answer.status, 401);
    EXPECT_NE(answer.body.find("signature_wrong"), std::string::npos);
    EXPECT_EQ(count("accepted"), 0);
}

TEST_F(BadInput, ABodyWrongByOneBitIs401)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    auto request = sender.request({"orders/create", "evt-1", order_body(1, 1), {}});
    request[request.size() - 3] ^= 1;
    EXPECT_EQ(sender.raw(headgate_.port(), request).status, 401);
}

TEST_F(BadInput, ASignatureHeaderTwiceIs401EvenWhenOneIsRight)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    const auto body = order_body(1, 1);
    const auto answer = sender.post(
        headgate_.port(), {"orders/create", "evt-1", body, {{"x-shopify-hmac-sha256", sender.signature(body)}}});

    EXPECT_EQ(answer.status, 401);
    EXPECT_NE(answer.body.find("signature_repeated"), std::string::npos);
}

TEST_F(BadInput, ARequestWithoutASignatureOrAnEventIdIsRefused)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    const auto body = order_body(1, 1);
    const auto unsigned_answer =
        sender.raw(headgate_.port(), "POST /hooks/shop HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_EQ(unsigned_answer.status, 401);
    const auto nameless = sender.post(headgate_.port(), {"orders/create", "", body, {}});
    EXPECT_EQ(nameless.status, 400);
    EXPECT_NE(nameless.body.find("idempotency_key_missing"), std::string::npos);
    EXPECT_EQ(count("accepted"), 0);
}

TEST_F(BadInput, AContentLengthOf2GiBIs413BeforeABodyIsRead)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    const auto answer =
        sender.raw(headgate_.port(), "POST /hooks/shop HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n");
    EXPECT_EQ(answer.status, 413);
}

TEST_F(BadInput, TooManyHeaderBytesAre431)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    const auto answer = sender.raw(
        headgate_.port(), "POST /hooks/shop HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(answer.status, 431);
}

TEST_F(BadInput, TwoFramingsAre400AndWhatFollowsIsNeverHandled)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    const auto smuggled = sender.request({"orders/create", "evt-smuggled", order_body(1, 1), {}});
    const auto answer = sender.raw(
        headgate_.port(),
        "POST /hooks/shop HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
            smuggled);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(count("accepted"), 0);
}

TEST_F(BadInput, UnknownAndClosedChannelsAndOtherMethodsAreToldApart)
{
    Sender nowhere("/hooks/nowhere", "x");
    EXPECT_EQ(nowhere.post(headgate_.port(), {"orders/create", "evt-1", "{}", {}}).status, 404);
    EXPECT_EQ(send("shut", {"orders/create", "evt-1", "{}", {}}).status, 503);
    Sender sender("/hooks/shop", "x");
    EXPECT_EQ(sender.raw(headgate_.port(), "GET /hooks/shop HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
}

TEST_F(BadInput, MoreThanTheChannelsRateIs429)
{
    Sender sender("/hooks/slow", headgate_.secret("slow"));
    int limited = 0;
    for (int i = 0; i < 10; ++i)
        if (sender
                .post(headgate_.port(),
                      {"orders/create", fmt::format("evt-{}", i), order_body(1, static_cast<std::uint32_t>(i)), {}})
                .status == 429)
            ++limited;
    EXPECT_GT(limited, 0);
}

TEST_F(BadInput, AnHttp10SenderIsAnswered)
{
    Sender sender("/hooks/shop", headgate_.secret("shop"));
    auto request = sender.request({"orders/create", "evt-1", order_body(1, 1), {}});
    request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
    const auto answer = sender.raw(headgate_.port(), request);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(sender.closed_by_peer());
}

TEST_F(BadInput, AReplayedLetterFailsAgainAsALetterOfTheNextRound)
{
    EXPECT_EQ(letter_code("<order/>"), "json_syntax");
    const auto letters = headgate_.admin_json("/api/v1/dlq");
    const std::string id(letters.at("letters").at(0).at("event").as_string());

    const auto [status, body] = headgate_.admin("POST", "/api/v1/dlq/" + id + "/replay");

    EXPECT_EQ(status, 200) << body;
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    const auto letter = headgate_.admin_json("/api/v1/dlq/" + id);
    ASSERT_TRUE(letter.is_object());
    EXPECT_EQ(letter.at("round").to_number<int>(), 1);
    EXPECT_EQ(count("accepted"), 1);
    EXPECT_EQ(count("unaccounted"), 0);
}

}  // namespace

}  // namespace headgate::test
