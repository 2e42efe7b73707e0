#include "gateway/api/commands.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include "net/redis/wait_for.hpp"

namespace headgate::gateway::api {

namespace {

using Answers = std::vector<Result<net::Reply>>;

struct Gathered {
    Answers answers;
    std::size_t missing = 0;
    std::move_only_function<void(Answers)> done;
};

}  // namespace

Task<std::vector<net::Reply>> together(net::Redis& redis, std::vector<std::vector<std::string>> commands)
{
    std::vector<net::Reply> replies;
    if (commands.empty())
        co_return replies;
    auto start = [&redis, &commands](std::move_only_function<void(Answers)> done) {
        auto gathered = std::make_shared<Gathered>(Answers(commands.size()), commands.size(), std::move(done));
        for (std::size_t i = 0; i < commands.size(); ++i) {
            const std::vector<std::string_view> words(commands[i].begin(), commands[i].end());
            redis.send(words, [gathered, i](Result<net::Reply> reply) {
                gathered->answers[i] = std::move(reply);
                if (--gathered->missing == 0)
                    gathered->done(std::move(gathered->answers));
            });
        }
    };
    auto waiting = net::wait_for<Answers>(std::move(start));
    auto answers = co_await std::move(waiting);
    for (auto& answer : answers) {
        if (!answer)
            co_return std::unexpected(std::move(answer.error()));
        replies.push_back(std::move(*answer));
    }
    co_return replies;
}

}  // namespace headgate::gateway::api
