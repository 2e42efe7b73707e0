#include "gateway/systems/fetcher.hpp"

#include "connectors/formats/json.hpp"
#include "core/fault_point.hpp"
#include "gateway/edits.hpp"
#include "gateway/systems/api_walk.hpp"
#include "gateway/systems/door.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/unfolding.hpp"

namespace headgate::gateway {

namespace {

constexpr std::size_t most_answers = 1'000;
constexpr std::size_t largest_document = std::size_t{32} << 20U;

/// The event's document with what was fetched in its place.
Result<std::string> joined(const std::string& event, const std::string& into, std::string fetched)
{
    const auto document = connectors::read_json(event);
    if (!document)
        return std::unexpected(document.error());
    return edited(*document, {Edit{.op = Edit::Op::set, .path = into, .value = std::move(fetched)}});
}

}  // namespace

void Fetcher::apply(const Delivery& delivery, Sending /*sending*/, Done done)
{
    with_.spawn(run(delivery, std::move(done)));
}

asio::awaitable<void> Fetcher::run(const Delivery& delivery, Done done)
{
    auto answer = co_await fetch(delivery);
    done(std::move(answer));
}

asio::awaitable<SystemAnswer> Fetcher::fetch(const Delivery& delivery)
{
    auto wanted = to_fetch(with_.channel, delivery.transaction.json);
    if (!wanted)
        co_return SystemAnswer{.result = std::unexpected(std::move(wanted.error()))};
    std::string fetched = wanted->how->pages.items ? "[" : "";
    auto take = [&](const ApiPage& page) -> Task<void> {
        if (page.items == nullptr) {
            fetched = json_text(page.document, page.document.root());
        } else {
            for (const NodeIndex item : page.items->children(page.items->root())) {
                if (fetched.size() > 1)
                    fetched += ',';
                fetched += json_text(*page.items, item);
            }
        }
        if (fetched.size() > largest_document)
            co_return fail(FailureClass::permanent, "fetched_too_large", "what is fetched is larger than 32 MiB");
        co_return Result<void>{};
    };
    // A whole URL is the vendor's word in its event, and a stranger's perhaps: it counts at the API's own host alone.
    auto target = wanted->path.starts_with('/') ? Result<std::string>(with_.api.base() + wanted->path)
                                                : target_at(wanted->path, with_.api.origin(), "/");
    if (!target)
        co_return SystemAnswer{.result = fail(FailureClass::permanent, "fetch_elsewhere",
                                              "the event names a URL that is not at the host of the channel's `api`")};
    auto walking = walk(with_.api, wanted->how->pages, std::move(*target), with_.channel, most_answers, take);
    auto walked = co_await std::move(walking);
    if (!walked.result)
        co_return SystemAnswer{.result = std::unexpected(std::move(walked.result.error())),
                               .not_before = walked.not_before};
    if (wanted->how->pages.items)
        fetched += ']';
    auto body = joined(wanted->event.body, wanted->how->into, std::move(fetched));
    if (!body)
        co_return SystemAnswer{.result = std::unexpected(std::move(body.error()))};
    fault_point("fetched");
    wanted->event.body = std::move(*body);
    std::vector<Envelope> arrived;
    arrived.push_back(std::move(wanted->event));
    auto admitting = admit_all(with_.admission, with_.channel, std::move(arrived));
    auto admitted = co_await std::move(admitting);
    if (!admitted)
        co_return SystemAnswer{.result = std::unexpected(std::move(admitted.error()))};
    co_return SystemAnswer{.result = Applied{Applied::Outcome::fetched, {}}};
}

}  // namespace headgate::gateway
