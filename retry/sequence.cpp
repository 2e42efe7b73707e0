#include "retry/sequence.hpp"

#include <string>

#include "net/redis/wait_for.hpp"
#include "retry/replies.hpp"

namespace headgate::retry {

Task<std::uint64_t> accept_sequence(net::Redis& redis, const Scripts& scripts, std::uint64_t at_least)
{
    const auto wanted = std::to_string(at_least);
    auto start = [&](std::move_only_function<void(Result<net::Reply>)> done) {
        std::string_view args[]{wanted};
        redis.send(scripts.sequence, {}, args, std::move(done));
    };
    auto waiting = net::wait_for<Result<net::Reply>>(std::move(start));
    auto reply = co_await std::move(waiting);
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    co_return static_cast<std::uint64_t>(reply->integer);
}

}  // namespace headgate::retry
