#include "gateway/redis_address.hpp"

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

TEST(RedisAddressTest, ReadsHostPortUserAndDatabase)
{
    const auto whole = parse_redis_url("redis://app@redis.example:6380/3");
    ASSERT_TRUE(whole) << whole.error().detail;
    EXPECT_EQ(whole->host, "redis.example");
    EXPECT_EQ(whole->port, 6380);
    EXPECT_EQ(whole->username, "app");
    EXPECT_EQ(whole->db, 3);

    const auto bare = parse_redis_url("redis://[::1]/");
    ASSERT_TRUE(bare) << bare.error().detail;
    EXPECT_EQ(bare->host, "::1");
    EXPECT_EQ(bare->port, 6379);
    EXPECT_EQ(bare->db, 0);
    EXPECT_EQ(parse_redis_url("unix:/run/redis.sock")->unix_path, "/run/redis.sock");
}

TEST(RedisAddressTest, WhatWouldBeReadHalfIsRefused)
{
    for (const auto* url :
         {"", "redis.example:6379", "http://redis.example", "redis://", "redis://h:0", "redis://h:", "redis://h:99999",
          "redis://h:6379/x", "redis://h:6379/-1", "redis://h:6379/1/2", "redis://h:6379/0?timeout=5", "redis://h#0",
          "unix:", "unix:redis.sock", "unix:/run/redis.sock?db=1"}) {
        const auto address = parse_redis_url(url);
        ASSERT_FALSE(address) << url;
        EXPECT_EQ(address.error().code, "bad_redis_url") << url;
    }
    EXPECT_EQ(parse_redis_url("rediss://h:6380").error().code, "not_yet");
}

TEST(RedisAddressTest, APasswordInTheUrlIsRefusedAndNotRepeated)
{
    const auto address = parse_redis_url("redis://app:hunter2@h:6379");
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().code, "bad_redis_url");
    EXPECT_EQ(address.error().detail.find("hunter2"), std::string::npos);
}

}  // namespace

}  // namespace headgate::gateway
