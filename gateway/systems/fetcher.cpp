#include "gateway/systems/fetcher.hpp"

#include "connectors/formats/json.hpp"
#include "core/clock.hpp"
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
    // A whole URL is the vendor's word in its event, and a stranger's perhaps: it counts at the API's own host alone.
    auto target = wanted->path.starts_with('/') ? Result<std::string>(with_.api.base() + wanted->path)
                                                : target_at(wanted->path, with_.api.origin(), "/");
    if (!target)
        co_return SystemAnswer{.result = fail(FailureClass::permanent, "fetch_elsewhere",
                                              "the event names a URL that is not at the host of the channel's `api`")};
    const FetchedDocuments::Key key{wanted->how, std::move(*target)};
    // Whoever replays wants to know how it is by now.
    const bool replayed = delivery.as_new || delivery.seq != delivery.origin_seq;
    auto finding = documents_.find(key, replayed ? wall_now() : wanted->event.received_at);
    auto fetched = co_await std::move(finding);
    if (!fetched) {
        auto asking = ask(*wanted->how, key.second);
        fetched = std::make_shared<const FetchedDocuments::Fetched>(co_await std::move(asking));
        documents_.landed(key, fetched);
    }
    if (!fetched->document)
        co_return SystemAnswer{.result = std::unexpected(fetched->document.error()), .not_before = fetched->not_before};
    auto body = joined(wanted->event.body, wanted->how->into, *fetched->document);
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

asio::awaitable<FetchedDocuments::Fetched> Fetcher::ask(const Fetch& how, std::string target)
{
    std::string fetched = how.pages.items ? "[" : "";
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
    auto walking = walk(with_.api, how.pages, std::move(target), with_.channel, most_answers, take);
    auto walked = co_await std::move(walking);
    if (!walked.result)
        co_return FetchedDocuments::Fetched{std::unexpected(std::move(walked.result.error())), walked.not_before};
    if (how.pages.items)
        fetched += ']';
    co_return FetchedDocuments::Fetched{std::move(fetched)};
}

}  // namespace headgate::gateway
