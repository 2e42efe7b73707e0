#include "tests/faults/redis_look.hpp"

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <hiredis/hiredis.h>

namespace headgate::test {

namespace {

struct Free {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, Free>;

template <class... Arguments>
Reply ask(redisContext* redis, const char* command, Arguments... arguments)
{
    Reply reply(static_cast<redisReply*>(redisCommand(redis, command, arguments...)));
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        throw std::runtime_error(std::string("Redis does not answer ") + command);
    return reply;
}

}  // namespace

RedisLook::RedisLook(const std::string& socket) : redis_(redisConnectUnix(socket.c_str()))
{
    if (redis_ == nullptr || redis_->err != 0)
        throw std::runtime_error("no Redis at " + socket);
}

RedisLook::~RedisLook()
{
    redisFree(redis_);
}

std::uint64_t RedisLook::info(const std::string& name)
{
    const auto reply = ask(redis_, "INFO");
    const std::string text(reply->str, reply->len);
    const auto at = text.find("\n" + name + ":");
    if (at == std::string::npos)
        throw std::runtime_error("INFO has no " + name);
    return std::strtoull(text.c_str() + at + name.size() + 2, nullptr, 10);
}

void RedisLook::limit(std::uint64_t bytes)
{
    ask(redis_, "CONFIG SET maxmemory %s", std::to_string(bytes).c_str());
}

std::uint64_t RedisLook::bodies()
{
    std::uint64_t count = 0;
    std::string cursor = "0";
    do {
        const auto reply = ask(redis_, "SCAN %s MATCH hg:b:* COUNT 10000", cursor.c_str());
        cursor = reply->element[0]->str;
        count += reply->element[1]->elements;
    } while (cursor != "0");
    return count;
}

}  // namespace headgate::test
