#include "retry/envelopes.hpp"

#include <cstdint>

#include "retry/integers.hpp"
#include "retry/keys.hpp"
#include "retry/replies.hpp"

namespace headgate::retry {

namespace {

// Bodies of one answer together, but for one that is larger alone: an answer has one deadline, and who misses it loses
// the connection.
constexpr std::int64_t answer_bytes = 4U << 20U;

using Lengths = std::vector<std::int64_t>;

/// Which of the strings from `first` on come in one answer: up to the one returned.
std::size_t end_of_answer(const Lengths& lengths, std::size_t first)
{
    auto bytes = lengths[first];
    auto last = first + 1;
    while (last < lengths.size() && bytes + lengths[last] <= answer_bytes)
        bytes += lengths[last++];
    return last;
}

}  // namespace

Task<std::vector<std::optional<std::string>>> envelopes(net::Redis& redis, std::vector<EventId> events)
{
    std::vector<std::optional<std::string>> found(events.size());
    std::vector<std::string> keys;
    keys.reserve(events.size());
    for (const auto& event : events)
        keys.push_back(event_key("b", event));
    if (keys.empty())
        co_return found;
    std::vector<std::vector<std::string>> questions;
    for (const auto& key : keys)
        questions.push_back({"STRLEN", key});
    auto lengths = co_await integers(redis, std::move(questions));
    if (!lengths)
        co_return std::unexpected(std::move(lengths.error()));
    for (std::size_t first = 0; first < keys.size();) {
        auto last = end_of_answer(*lengths, first);
        std::vector<std::string> get{"MGET"};
        get.insert(get.end(), keys.begin() + static_cast<std::ptrdiff_t>(first),
                   keys.begin() + static_cast<std::ptrdiff_t>(last));
        auto texts = co_await redis.command(std::move(get));
        if (!texts)
            co_return std::unexpected(std::move(texts.error()));
        if (!texts->is_list(last - first))
            co_return odd_reply("MGET");
        for (std::size_t i = first; i < last; ++i)
            if (!texts->list[i - first].is_nil())
                found[i] = std::move(texts->list[i - first].text);
        first = last;
    }
    co_return found;
}

}  // namespace headgate::retry
