#include "gateway/systems/fetched_documents.hpp"

#include <utility>

#include "core/async.hpp"
#include "core/clock.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

constexpr auto spare = 5ms;
constexpr std::size_t bookkeeping = 256;  // of one document, about

std::size_t size_of(const FetchedDocuments::Key& key, const FetchedDocuments::Fetched& fetched)
{
    return bookkeeping + 2 * key.second.size() + fetched.document->size();
}

FetchedDocuments::Instant instant_now()
{
    return {wall_now(), steady_now()};
}

}  // namespace

bool FetchedDocuments::serves(const Instant& asked, WallTime arrived, const Instant& now)
{
    const auto apart = (now.wall - asked.wall) - (now.steady - asked.steady);
    return asked.wall >= arrived + 2 * spare && std::chrono::abs(apart) < spare;
}

asio::awaitable<FetchedDocuments::Shared> FetchedDocuments::find(Key key, WallTime arrived)
{
    for (;;) {
        forget();
        const auto [at, is_new] = known_.try_emplace(key);
        if (!is_new && !at->second.fetched) {
            auto waiting =
                std::make_shared<Waiting>(Waiting{arrived, asio::steady_timer(executor_, SteadyTime::max())});
            at->second.waiting.push_back(waiting);
            co_await waiting->landed.async_wait(use_tuple);
            if (waiting->fetched)
                co_return waiting->fetched;
            continue;
        }
        if (!is_new && serves(at->second.asked, arrived, instant_now()))
            co_return at->second.fetched;
        if (!is_new)
            bytes_ -= size_of(key, *at->second.fetched);
        at->second = Known{.asked = instant_now()};
        co_return nullptr;
    }
}

void FetchedDocuments::landed(const Key& key, const Shared& fetched)
{
    const auto at = known_.find(key);
    if (at == known_.end())
        return;
    for (const auto& one : std::exchange(at->second.waiting, {})) {
        if (serves(at->second.asked, one->arrived, instant_now()))
            one->fetched = fetched;
        one->landed.cancel();
    }
    if (!fetched->document || size_of(key, *fetched) > most_bytes) {
        known_.erase(at);
        return;
    }
    at->second.fetched = fetched;
    bytes_ += size_of(key, *fetched);
    kept_.emplace_back(at->second.asked.steady, key);
    forget();
}

void FetchedDocuments::forget()
{
    while (!kept_.empty() && (bytes_ > most_bytes || kept_.front().first + kept < steady_now())) {
        const auto& [asked, key] = kept_.front();
        // It may have been asked for again since.
        if (const auto at = known_.find(key);
            at != known_.end() && at->second.fetched && at->second.asked.steady == asked) {
            bytes_ -= size_of(key, *at->second.fetched);
            known_.erase(at);
        }
        kept_.pop_front();
    }
}

}  // namespace headgate::gateway
