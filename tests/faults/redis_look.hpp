#pragma once

#include <cstdint>
#include <string>

struct redisContext;

namespace headgate::test {

/// Looks into a Redis with plain hiredis. Throws std::runtime_error when it is not there.
class RedisLook {
public:
    explicit RedisLook(const std::string& socket);
    ~RedisLook();
    RedisLook(const RedisLook&) = delete;
    RedisLook& operator=(const RedisLook&) = delete;

    /// A number of INFO: `used_memory`, `used_memory_peak`, …
    std::uint64_t info(const std::string& name);
    /// Sets `maxmemory` until it is started again.
    void limit(std::uint64_t bytes);
    /// Bodies it holds.
    std::uint64_t bodies();

private:
    redisContext* redis_;
};

}  // namespace headgate::test
