#include "gateway/owner_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/async.hpp"
#include "gateway/added_entries.hpp"
#include "gateway/aside.hpp"
#include "gateway/parent_history.hpp"
#include "gateway/unfolding.hpp"
#include "retry/sequence.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
constexpr std::size_t most_handed = std::size_t{64} << 20U;  // bytes on the way to the owner

retry::LeaseConfig lease_config(const Configuration& configuration)
{
    retry::LeaseConfig config;
    config.owner = configuration.deployment.name;
    return config;
}

}  // namespace

OwnerLoop::OwnerLoop(Dependencies dependencies)
    : with_(std::move(dependencies)),
      loop_(with_.redis),
      mailbox_(loop_.executor()),
      lease_(loop_.redis(), with_.scripts, lease_config(with_.configuration)),
      backlog_(loop_.redis(), with_.scripts, lease_),
      deliveries_(loop_.redis(), with_.scripts, lease_),
      decisions_(loop_.redis(), with_.scripts),
      frames_(loop_.redis(), with_.scripts, lease_),
      spill_(loop_.executor(), {loop_.redis(), with_.scripts, deliveries_, with_.history,
                                [this](asio::awaitable<void> work) { spawn(std::move(work)); },
                                with_.configuration.deployment.redis.spill_after,
                                with_.configuration.deployment.dead.resident.bytes, history_reader_.get_executor()}),
      superseding_({loop_.executor(), loop_.redis(), with_.scripts, with_.history, history_reader_.get_executor(),
                    with_.metrics}),
      historian_(
          loop_.executor(), loop_.redis(), with_.scripts, frames_, with_.history, with_.health, with_.log,
          [this](Partition partition, EventId event) { spill_.committed(partition, event); }, &superseding_),
      keeper_(loop_.executor(), lease_, with_.token_file, with_.lease_until, with_.health, with_.log,
              LeaseKeeper::Events{[this] {
                                      asio::co_spawn(loop_.io(), begin(), [this](const std::exception_ptr& error) {
                                          if (error)
                                              keeper_.suspect();
                                      });
                                  },
                                  [this] {
                                      owner_.forget();
                                      poller_.forget();
                                      registrar_.forget();
                                      folders_.forget();
                                      silence_.forget();
                                      sqs_.forget();
                                  }}),
      references_(retry::References(loop_.redis(), with_.scripts)),
      refresh_tokens_(loop_.executor(), with_.refresh_tokens, with_.log),
      inbox_(loop_.redis(), with_.scripts),
      admission_(
          {inbox_, with_.metrics, [this](Event event, std::uint64_t ordinal) { hand_over(std::move(event), ordinal); },
           [this](Partition partition, std::uint64_t seq) { heard_of(partition, seq); }, [this] { look_again(); }}),
      door_({with_.configuration, admission_, [this](asio::awaitable<void> work) { spawn(std::move(work)); }}),
      owner_(
          loop_.executor(),
          Owner::Dependencies{with_.configuration, loop_.redis(), with_.scripts, backlog_, deliveries_, decisions_,
                              lease_, systems(), historian_, spill_,
                              [this](MissingText parent) { return applied_before(std::move(parent)); }, with_.metrics,
                              with_.log, with_.lease_until, with_.health, [this] { keeper_.suspect(); }}),
      poller_(loop_.executor(), {with_.configuration, loop_.redis(), apis_, admission_, with_.metrics, with_.health,
                                 with_.log, [this](asio::awaitable<void> work) { spawn(std::move(work)); }}),
      registrar_(loop_.executor(),
                 {with_.configuration, apis_, with_.metrics, with_.health, with_.log,
                  [this] { return boottime_ns() < with_.lease_until.load(std::memory_order_acquire); },
                  [this](asio::awaitable<void> work) { spawn(std::move(work)); }}),
      folders_(loop_.executor(),
               {with_.configuration, loop_.redis(), admission_, [this] { return historian_.lags(); }, with_.health,
                with_.log, [this](asio::awaitable<void> work) { spawn(std::move(work)); }}),
      silence_(loop_.executor(), {with_.configuration, with_.history, with_.metrics, with_.health, with_.log,
                                  [this](asio::awaitable<void> work) { spawn(std::move(work)); }}),
      sqs_(loop_.executor(), {with_.configuration, loop_.redis(), admission_, with_.metrics, with_.health, with_.log,
                              [this](asio::awaitable<void> work) { spawn(std::move(work)); }}),
      redis_away_(10s)
{
    loop_.redis().on_state([this](bool connected, const Failure* why) { on_redis(connected, why); });
}

/// Each configured system, built.
Systems OwnerLoop::systems()
{
    const Spawn spawn = [this](asio::awaitable<void> work) { this->spawn(std::move(work)); };
    Systems systems;
    for (const auto& [name, config] : with_.configuration.deployment.systems) {
        if (config.preset != SystemConfig::Preset::sqlite || with_.ledger == nullptr)
            continue;
        System& ledger = ledger_.emplace(*with_.ledger);
        if (!with_.configuration.has_parents()) {
            systems.emplace(name, ConfiguredSystem{&ledger});
            continue;
        }
        guarded_.push_back(std::make_unique<GuardedSystem>(name, ledger, GuardedSystem::Repeats::recognised, backlog_,
                                                           references_, spawn));
        systems.emplace(name, ConfiguredSystem{guarded_.back().get(), nullptr, guarded_.back().get()});
    }
    for (const auto& [name, plan] : with_.configuration.systems) {
        // What began under an earlier lease is in doubt, and sent anew under this one.
        auto may_send = [this] {
            return [this, token = lease_.token()]() -> std::optional<Failure> {
                if (lease_.token() == token && boottime_ns() < with_.lease_until.load(std::memory_order_acquire))
                    return std::nullopt;
                return Failure{FailureClass::transient, "lease_lost", "the lease ran out before the request left", {}};
            };
        };
        remote_.push_back(std::make_unique<HttpSystem>(
            loop_.executor(),
            HttpSystem::Dependencies{*plan, references_, std::move(may_send), spawn, &refresh_tokens_}));
        remote_by_name_.emplace(name, remote_.back().get());
        guarded_.push_back(std::make_unique<GuardedSystem>(name, *remote_.back(), GuardedSystem::Repeats::unknown,
                                                           backlog_, references_, spawn));
        systems.emplace(name, ConfiguredSystem{guarded_.back().get(), &plan->config, guarded_.back().get()});
    }
    systems.emplace(door_name, ConfiguredSystem{&door_, nullptr, nullptr, true});
    for (const auto& [name, channel] : with_.configuration.channels) {
        if (channel->api == nullptr)
            continue;
        auto& api = *apis_
                         .emplace(name, std::make_unique<VendorApi>(loop_.executor(), *channel->api,
                                                                    *channel->connector->config.api, &refresh_tokens_))
                         .first->second;
        fetchers_.push_back(
            std::make_unique<Fetcher>(loop_.executor(), Fetcher::Dependencies{*channel, api, admission_, spawn}));
        systems.emplace(api_name(name), ConfiguredSystem{fetchers_.back().get(), &channel->api->config, nullptr, true});
    }
    return systems;
}

Task<std::optional<std::string>> OwnerLoop::applied_before(MissingText parent)
{
    auto reading = aside<std::optional<std::string>>(history_reader_.get_executor(), loop_.executor(), [this, parent] {
        return gateway::applied_before(with_.history, parent);
    });
    auto known = co_await std::move(reading);
    const auto system = remote_by_name_.find(parent.system);
    if (!known || *known || system == remote_by_name_.end())
        co_return known;
    auto asking = system->second->find(parent.of, parent.source, parent.id);
    co_return co_await std::move(asking);
}

void OwnerLoop::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(loop_.io(), std::move(work), [](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error);  // out of the loop, which tells it
    });
}

OwnerLoop::~OwnerLoop()
{
    // The threads stand still before what runs on them goes.
    loop_.join();
    history_reader_.join();
}

void OwnerLoop::start()
{
    background_ = 2;
    const auto ended = [this](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error);  // out of the loop, which tells it
        --background_;
    };
    asio::co_spawn(loop_.io(), historian_.run(), ended);
    asio::co_spawn(loop_.io(), keeper_.run(), ended);
    loop_.start("hg-owner", EventLoop::Priority::background, with_.crash);
}

void OwnerLoop::on_redis(bool connected, const Failure* why)
{
    if (connected) {
        with_.health.clear("redis_away");
        asio::co_spawn(loop_.io(), advance_sequence(), [](const std::exception_ptr&) {});
        owner_.resync();
        owner_.read_pauses();
        if (boottime_ns() < with_.lease_until.load(std::memory_order_acquire))
            historian_.look_everywhere();
        return;
    }
    with_.health.set("redis_away", why != nullptr ? why->code : "");
    if (why != nullptr && redis_away_.worth_telling(why->code))
        with_.log.warn("Redis is away", observability::LogLine{}.field("code", why->code).field("detail", why->detail));
}

/// A Redis that lost its last second, or all, would give out numbers again that the ledger knows of later arrivals,
/// and what comes now would look older than what came before.
asio::awaitable<void> OwnerLoop::advance_sequence()
{
    co_await retry::accept_sequence(loop_.redis(), with_.scripts,
                                    (with_.ledger == nullptr ? 0 : with_.ledger->highest_seq()));
}

asio::awaitable<void> OwnerLoop::begin()
{
    const auto token = lease_.token();
    const auto sequence = co_await retry::accept_sequence(loop_.redis(), with_.scripts,
                                                          (with_.ledger == nullptr ? 0 : with_.ledger->highest_seq()));
    // Before anything is mapped: whoever held the lease before may have had entries that this process has not.
    auto reading = read_entries(loop_.redis(), with_.configuration, with_.health);
    const auto entries = co_await std::move(reading);
    if (lease_.token() != token)
        co_return;
    if (!sequence || !entries) {
        keeper_.suspect();
        co_return;
    }
    owner_.begin(*sequence);
    poller_.begin();
    registrar_.begin();
    folders_.begin();
    silence_.begin();
    sqs_.begin();
    historian_.look_everywhere();
    begun_.store(true);
}

void OwnerLoop::hand_over(Event event, std::uint64_t ordinal)
{
    const bool whole = handed_bytes_.load(std::memory_order_relaxed) < most_handed;
    if (!whole) {
        event.stored = {};
        event.envelope.body = {};
        event.document.reset();
    }
    const std::size_t weight = event.weight();
    handed_bytes_.fetch_add(weight, std::memory_order_relaxed);
    mailbox_.put([this, event = std::move(event), ordinal, whole, weight]() mutable {
        handed_bytes_.fetch_sub(weight, std::memory_order_relaxed);
        owner_.hand(std::move(event), ordinal, whole);
    });
}

void OwnerLoop::heard_of(Partition partition, std::uint64_t seq)
{
    mailbox_.put([this, partition, seq] { owner_.heard_of(partition, seq); });
}

void OwnerLoop::look_again()
{
    mailbox_.put([this] { owner_.look_again(); });
}

void OwnerLoop::readmitted(Partition partition, std::uint64_t seq)
{
    mailbox_.put([this, partition, seq] {
        owner_.readmitted(partition, seq);
        historian_.written(partition, {}, {});
    });
}

void OwnerLoop::perhaps_readmitted()
{
    mailbox_.put([this] { owner_.resync(); });
}

void OwnerLoop::ready(std::vector<retry::DeliveryAt> deliveries)
{
    mailbox_.put([this, deliveries = std::move(deliveries)] {
        for (const auto& one : deliveries) {
            owner_.ready(one);
            historian_.written(one.partition, {}, {});
        }
    });
}

void OwnerLoop::pauses_changed(std::move_only_function<void()> heard)
{
    mailbox_.put([this, heard = std::move(heard)]() mutable {
        owner_.read_pauses();
        if (heard)
            asio::co_spawn(loop_.io(), behind_what_was_asked(std::move(heard)), [](const std::exception_ptr& error) {
                if (error)
                    std::rethrow_exception(error);  // out of the loop, which tells it
            });
    });
}

/// Replies come in the order in which was asked.
asio::awaitable<void> OwnerLoop::behind_what_was_asked(std::move_only_function<void()> then)
{
    std::vector<std::string> ask{"PING"};
    co_await loop_.redis().command(std::move(ask));
    then();
}

void OwnerLoop::references_changed(std::move_only_function<void()> heard)
{
    mailbox_.put([this, heard = std::move(heard)]() mutable {
        references_.forget();
        if (heard)
            heard();
    });
}

void OwnerLoop::entries_changed(std::move_only_function<void()> heard)
{
    mailbox_.put([this, heard = std::move(heard)]() mutable { owner_.entries_changed(std::move(heard)); });
}

void OwnerLoop::poll_now(std::string channel, std::optional<std::int64_t> since)
{
    mailbox_.put([this, channel = std::move(channel), since] { poller_.run_now(channel, since); });
}

Task<Registered> OwnerLoop::subscriptions(std::string channel, bool make)
{
    auto working = registrar_.run(std::move(channel), make);
    auto registered = co_await asio::co_spawn(loop_.io(), std::move(working), asio::use_awaitable);
    co_return registered;
}

/// Polls a condition of the owner's loop, from another loop, until it holds or `limit` has passed.
asio::awaitable<void> OwnerLoop::wait_until(std::chrono::milliseconds limit, std::function<bool()> condition)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (std::chrono::steady_clock::now() < deadline) {
        auto asked = [](std::function<bool()> ask) -> asio::awaitable<bool> { co_return ask(); };
        auto asking = asked(condition);
        const bool holds = co_await asio::co_spawn(loop_.io(), std::move(asking), asio::use_awaitable);
        if (holds)
            co_return;
        timer.expires_after(20ms);
        co_await timer.async_wait(use_tuple);
    }
}

asio::awaitable<void> OwnerLoop::stop()
{
    asio::post(loop_.io(), [this] {
        owner_.drain();
        poller_.forget();
        registrar_.forget();
        folders_.forget();
        silence_.forget();
        sqs_.close();
    });
    std::function<bool()> nothing_on_the_wire = [this] { return !owner_.on_the_wire(); };
    co_await wait_until(8s, std::move(nothing_on_the_wire));
    std::function<bool()> history_has_all = [this] { return historian_.idle(); };
    co_await wait_until(3s, std::move(history_has_all));
    std::function<bool()> no_token_on_its_way = [this] { return refresh_tokens_.idle(); };
    co_await wait_until(2s, std::move(no_token_on_its_way));
    asio::post(loop_.io(), [this] {
        for (const auto& system : remote_)
            system->close();
        for (const auto& [name, api] : apis_)
            api->close();
        historian_.stop();
        keeper_.stop();
    });
    const auto deadline = std::chrono::steady_clock::now() + 3s;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (background_ > 0 && std::chrono::steady_clock::now() < deadline) {
        timer.expires_after(5ms);
        co_await timer.async_wait(use_tuple);
    }
}

}  // namespace headgate::gateway
