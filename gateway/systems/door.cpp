#include "gateway/systems/door.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/fault_point.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/unfolding.hpp"

namespace headgate::gateway {

namespace {

constexpr std::size_t at_a_time = 128;

/// The one failure of an acceptance that says nothing of the event: it may be given again.
asio::awaitable<void> admit_one(Admission& admission, Identified identified, std::optional<Failure>& failed,
                                std::size_t& fresh, std::size_t number, const TellAdmitted& each)
{
    auto accepted = co_await admission.admit(std::move(identified));
    if (accepted) {
        fresh += accepted->duplicate ? 0 : 1;
        if (each)
            each(number, *accepted);
    } else if (!failed) {
        failed = std::move(accepted.error().failure);
        failed->failure_class = FailureClass::transient;  // what was stored all the same is a repeat the next time
    }
}

}  // namespace

Task<std::size_t> admit_all(Admission& admission, const Channel& channel, std::vector<Envelope> arrived,
                            TellAdmitted each)
{
    const auto executor = co_await asio::this_coro::executor;
    std::size_t fresh = 0;
    for (std::size_t from = 0; from < arrived.size(); from += at_a_time) {
        std::optional<Failure> failed;
        std::vector<decltype(asio::co_spawn(executor, admit_one(admission, Identified{}, failed, fresh, 0, each),
                                            asio::deferred))>
            all;
        for (std::size_t i = from; i < std::min(arrived.size(), from + at_a_time); ++i) {
            auto identified = identify(channel, std::move(arrived[i]));
            if (!identified)
                co_return std::unexpected(std::move(identified.error().failure));
            all.push_back(asio::co_spawn(executor, admit_one(admission, std::move(*identified), failed, fresh, i, each),
                                         asio::deferred));
        }
        co_await asio::experimental::make_parallel_group(std::move(all))
            .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
        if (failed)
            co_return std::unexpected(std::move(*failed));
        fault_point("items_accepted");
    }
    co_return fresh;
}

void Door::apply(const Delivery& delivery, Sending /*sending*/, Done done)
{
    with_.spawn(run(delivery, std::move(done)));
}

asio::awaitable<void> Door::run(const Delivery& delivery, Done done)
{
    const Channel* channel = with_.configuration.channel(delivery.channel);
    auto arrived = unfolded(*channel, delivery.transaction.json);
    if (!arrived) {
        done(SystemAnswer{.result = std::unexpected(std::move(arrived.error()))});
        co_return;
    }
    auto admitted = co_await admit_all(with_.admission, *channel, std::move(*arrived));
    if (!admitted)
        done(SystemAnswer{.result = std::unexpected(std::move(admitted.error()))});
    else
        done(SystemAnswer{.result = Applied{Applied::Outcome::split, {}}});
}

}  // namespace headgate::gateway
