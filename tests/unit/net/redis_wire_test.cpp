#include <gtest/gtest.h>

#include "net/redis/script.hpp"
#include "net/redis/wire.hpp"

namespace headgate::net {

using namespace std::string_literals;

TEST(RedisWireTest, WritesACommandAsAListOfBulkStrings)
{
    std::string out;
    std::string_view args[]{"SET", std::string_view("k\0", 2), ""};

    append_command(out, args);

    EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$2\r\nk\0\r\n$0\r\n\r\n"s);
}

TEST(RedisWireTest, ReadsTheSameRepliesWhateverTheBytesComeIn)
{
    std::string bytes = "+OK\r\n:42\r\n$-1\r\n*2\r\n$2\r\nab\r\n*1\r\n-ERR no\r\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        ReplyReader reader;
        std::vector<Reply> replies;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            reader.feed(std::string_view(bytes).substr(at, step));
            for (auto next = reader.next(); next && *next; next = reader.next())
                replies.push_back(std::move(**next));
        }

        ASSERT_EQ(replies.size(), 4U);
        EXPECT_EQ(replies[0].text, "OK");
        EXPECT_EQ(replies[1].integer, 42);
        EXPECT_TRUE(replies[2].is_nil());
        EXPECT_EQ(replies[3].list[0].text, "ab");
        EXPECT_EQ(replies[3].list[1].list[0].kind, Reply::Kind::error);
    }
}

TEST(RedisWireTest, FailsOnBytesThatAreNoReply)
{
    ReplyReader reader;
    reader.feed("HTTP/1.1 400 Bad Request\r\n");

    EXPECT_FALSE(reader.next());
}

TEST(RedisWireTest, FreesAReplyThatNeverCameWhole)
{
    ReplyReader reader;
    reader.feed("*2\r\n$5\r\nhello\r\n*3\r\n:1\r\n");

    auto next = reader.next();

    ASSERT_TRUE(next);
    EXPECT_FALSE(*next);
}

TEST(RedisWireTest, ClassesErrorsByTheirFirstWord)
{
    EXPECT_EQ(failure_of_error("OOM command not allowed").code, "redis_full");
    EXPECT_EQ(failure_of_error("READONLY You can't").failure_class, FailureClass::transient);
    EXPECT_EQ(failure_of_error("LOADING").failure_class, FailureClass::transient);
    EXPECT_EQ(failure_of_error("MISCONF Errors writing to the AOF file: No space left on device").code,
              "redis_not_ready");
    EXPECT_EQ(failure_of_error("WRONGKEY hg:in:3 is string").detail, "WRONGKEY");
    EXPECT_EQ(failure_of_error("WRONGKEY hg:in:3 is string").failure_class, FailureClass::permanent);
}

TEST(RedisWireTest, NamesAScriptByTheSha1OfItsSource)
{
    EXPECT_EQ(make_script("empty", "").sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

}  // namespace headgate::net
