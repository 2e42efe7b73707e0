#include "retry/integers.hpp"

#include <charconv>
#include <memory>
#include <optional>

#include "net/redis/wait_for.hpp"

namespace headgate::retry {

namespace {

using Integers = std::vector<std::int64_t>;

std::int64_t integer_of(const net::Reply& reply)
{
    std::int64_t number = reply.integer;
    std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), number);
    return number;
}

}  // namespace

Task<Integers> integers(net::Redis& redis, std::vector<std::vector<std::string>> commands)
{
    struct Gathering {
        Integers answers;
        std::size_t missing;
        std::optional<Failure> failure;
        std::move_only_function<void(Result<Integers>)> done;
    };
    if (commands.empty())
        co_return Integers{};
    auto start = [&redis, &commands](std::move_only_function<void(Result<Integers>)> done) {
        auto gathering =
            std::make_shared<Gathering>(Integers(commands.size()), commands.size(), std::nullopt, std::move(done));
        for (std::size_t i = 0; i < commands.size(); ++i) {
            std::vector<std::string_view> args(commands[i].begin(), commands[i].end());
            redis.send(args, [gathering, i](Result<net::Reply> reply) {
                if (reply)
                    gathering->answers[i] = integer_of(*reply);
                else if (reply.error().detail != "WRONGTYPE" && !gathering->failure)
                    gathering->failure = std::move(reply.error());
                if (--gathering->missing > 0)
                    return;
                if (gathering->failure)
                    gathering->done(std::unexpected(std::move(*gathering->failure)));
                else
                    gathering->done(std::move(gathering->answers));
            });
        }
    };
    auto answer = net::wait_for<Result<Integers>>(std::move(start));
    co_return co_await std::move(answer);
}

}  // namespace headgate::retry
