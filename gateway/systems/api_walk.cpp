#include "gateway/systems/api_walk.hpp"

#include "connectors/formats/json.hpp"
#include "gateway/unfolding.hpp"

namespace headgate::gateway {

asio::awaitable<Walked> walk(VendorApi& api, const AnswerPages& pages, std::string target, const Channel& channel,
                             std::size_t most, std::function<Task<void>(const ApiPage&)> take)
{
    for (std::size_t count = 0;; ++count) {
        if (count == most)
            co_return Walked{fail(FailureClass::permanent, "too_many_answers",
                                  "more than " + std::to_string(most) + " answers, one leading to the next")};
        auto answer = co_await api.get(target);
        if (!answer.result)
            co_return Walked{std::unexpected(std::move(answer.result.error())), answer.not_before};
        const auto document = connectors::read_json(answer.result->body);
        if (!document)
            co_return Walked{fail(FailureClass::transient, "answer_unreadable",
                                  "the API's answer is no JSON: " + document.error().detail)};
        const mapping::MappingContext context{.document = *document,
                                              .headers = answer.result->headers,
                                              .channel_name = channel.name,
                                              .channel_zone = channel.zone,
                                              .channel_settings = &channel.settings};
        ApiPage page{*document, context};
        std::string text;
        std::optional<Document> items;
        if (pages.items) {
            auto found = items_of(*pages.items, context, text, "items");
            if (!found)
                co_return Walked{std::unexpected(std::move(found.error()))};
            page.items = &items.emplace(std::move(*found));
        }
        auto taking = take(page);
        auto taken = co_await std::move(taking);
        if (!taken)
            co_return Walked{std::unexpected(std::move(taken.error()))};
        const std::size_t count_of_items = items ? items->children(items->root()).size() : 0;
        auto next = pages.next(target, api.origin(), *answer.result, context, count_of_items);
        if (!next)
            co_return Walked{std::unexpected(std::move(next.error()))};
        if (!*next)
            co_return Walked{Result<void>{}};
        if (**next == target)
            co_return Walked{fail(FailureClass::permanent, "too_many_answers", "an answer leads to itself")};
        target = std::move(**next);
    }
}

}  // namespace headgate::gateway
