#include <fmt/format.h>

#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// Ids longer than 512 bytes: whatever a vendor sends is kept, and nothing grows with it.
class LongIdentity : public FlowTest {
protected:
    std::string code_of(const std::string& answer)
    {
        const auto letter = headgate_.admin_json("/api/v1/dlq/" + event_of(answer));
        return letter.is_object() ? std::string(letter.at("code").as_string()) : "no letter";
    }
};

TEST_F(LongIdentity, AnEventOfALongIdIsKeptAsALetterAndItsRepeatIsOne)
{
    const std::string id(4000, 'x');
    const std::string body = order_body(1, 1);

    const auto first = send("shop", {"orders/create", id, body, {}});
    const auto again = send("shop", {"orders/create", id, body, {}});
    const auto other = send("shop", {"orders/create", id + "y", body, {}});

    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(event_of(again.body), event_of(first.body));
    EXPECT_NE(again.body.find("\"duplicate\":true"), std::string::npos);
    EXPECT_NE(event_of(other.body), event_of(first.body)) << "ids that differ at their end are two";
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(code_of(first.body), "identity_too_long");
    EXPECT_EQ(code_of(other.body), "identity_too_long");
    EXPECT_EQ(count("dead"), 2);
    EXPECT_EQ(count("unaccounted"), 0);
    EXPECT_EQ(headgate_.admin("GET", "/api/v1/events/" + event_of(first.body) + "/raw?reveal=true&why=test").second,
              body);
}

TEST_F(LongIdentity, ALongOrderKeyOrTopicIsALetterToo)
{
    std::string body = order_body(1, 1);
    const auto at = body.find("\"id\":1,");
    ASSERT_NE(at, std::string::npos) << body;
    body.replace(at, 7, "\"id\":\"" + std::string(1'000'000, '7') + "\",");

    const auto order = send("shop", {"orders/create", "evt-1", body, {}});
    const auto topic = send("shop", {"orders/" + std::string(2000, 't'), "evt-2", order_body(2, 1), {}});
    const auto fine = send("shop", {"orders/create", std::string(512, 'x'), order_body(3, 1), {}});
    const auto conflict = send("shop", {"orders/create", std::string(512, 'x'), order_body(3, 2), {}});

    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(code_of(order.body), "identity_too_long");
    EXPECT_EQ(code_of(topic.body), "identity_too_long");
    EXPECT_NE(conflict.body.find("\"conflict\":true"), std::string::npos);
    EXPECT_EQ(count("applied"), 2) << "512 bytes are allowed, under a key with two bodies as well";
    EXPECT_EQ(count("dead"), 2);
    EXPECT_TRUE(headgate_.running());
}

}  // namespace

}  // namespace headgate::test
