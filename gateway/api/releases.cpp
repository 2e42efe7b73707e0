#include "gateway/api/releases.hpp"

#include <algorithm>
#include <utility>

namespace headgate::gateway::api {

namespace {

constexpr std::size_t asked_at_once = 256;

}  // namespace

std::vector<retry::DeliveryAt> anywhere()
{
    std::vector<retry::DeliveryAt> all;
    for (int p = 0; p < partition_count; ++p)
        all.push_back({static_cast<Partition>(p), {}});
    return all;
}

std::string parked_key(const Hash16& missing)
{
    return std::string("hg:pk:").append(view(missing));
}

Releases::Releases(net::Redis& redis, const retry::Scripts& scripts, Ready ready)
    : redis_(redis),
      decisions_(redis, scripts),
      ready_(std::move(ready))
{}

Task<std::uint64_t> Releases::release(std::vector<Hash16> missing, std::string who)
{
    std::uint64_t count = 0;
    for (std::size_t first = 0; first < missing.size(); first += asked_at_once) {
        // Mostly nothing waits, and one question says so for many.
        const auto end = std::min(first + asked_at_once, missing.size());
        std::vector<std::string> ask{"EXISTS"};
        for (std::size_t i = first; i < end; ++i)
            ask.push_back(parked_key(missing[i]));
        const auto some = co_await redis_.command(std::move(ask));
        if (!some)
            co_return std::unexpected(some.error());
        for (std::size_t i = first; some->integer > 0 && i < end; ++i) {
            auto name = who;
            const auto released = co_await release_all_of(missing[i], std::move(name));
            if (!released)
                co_return std::unexpected(released.error());
            count += *released;
        }
    }
    co_return count;
}

Task<std::uint64_t> Releases::release_all_of(Hash16 missing, std::string who)
{
    std::vector<std::string> ask{"SCARD", parked_key(missing)};
    const auto parked = co_await redis_.command(std::move(ask));
    if (!parked)
        co_return std::unexpected(parked.error());
    // As many as there are now: one that looks again, and waits on, may be back while the others are let go.
    const auto most = static_cast<std::uint64_t>(parked->integer);
    std::uint64_t count = 0;
    for (bool more = true; more && count < most;) {
        auto name = who;
        auto page = co_await decisions_.release(missing, std::move(name));
        if (!page) {
            if (page.error().failure_class == FailureClass::unknown_outcome)
                ready_(anywhere());
            co_return std::unexpected(std::move(page.error()));
        }
        count += page->count;
        more = page->more;
        if (!page->ready.empty())
            ready_(std::move(page->ready));
    }
    co_return count;
}

}  // namespace headgate::gateway::api
