#include "gateway/poller.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "connectors/formats/json.hpp"
#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/hash.hpp"
#include "core/time.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/systems/api_walk.hpp"
#include "gateway/systems/door.hpp"
#include "gateway/tools/document_text.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t most_answers = 100'000;
constexpr auto shortest_retry = 5s;
constexpr auto longest_retry = 15min;

std::int64_t unix_now()
{
    return std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch()).count();
}

std::string key_of(std::string_view channel)
{
    return "hg:poll:" + std::string(channel);
}

std::optional<std::int64_t> second_of(const std::optional<std::string>& text)
{
    if (!text)
        return std::nullopt;
    const auto at = parse_timestamp(*text);
    return at ? std::optional(at->seconds) : std::nullopt;
}

}  // namespace

/// Where a poll stands, as Redis has it.
struct Poller::State {
    std::int64_t since = 0;   // the newest change that was accepted, in seconds since 1970; 0: none
    std::string cursor;       // of polls that have one
    std::int64_t ran = 0;     // when the last whole run began
    std::int64_t tried = 0;   // when the last run began that has ended, whole or not
    std::uint64_t items = 0;  // of the last whole run
    std::uint64_t fresh = 0;  // of these: what was not known
    std::int64_t until = 0;   // of the run under way; not stored
    std::string failed;       // why the last one broke off; "": it did not
};

struct Poller::Run {
    const Channel* channel = nullptr;
    const Poll* poll = nullptr;
    VendorApi* api = nullptr;
    std::unique_ptr<asio::steady_timer> timer;
    bool asked = false;  // a person wants it run now
    std::optional<std::int64_t> asked_since{};
    std::uint32_t failures = 0;
    [[nodiscard]] std::string name() const { return channel->name + "/" + poll->config.name; }
    [[nodiscard]] std::chrono::milliseconds every() const
    {
        return channel->config.poll->every.value_or(poll->config.every);
    }
    [[nodiscard]] std::int64_t overlap() const
    {
        return std::chrono::duration_cast<std::chrono::seconds>(
                   channel->config.poll->overlap.value_or(poll->config.overlap))
            .count();
    }
};

Poller::Poller(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(dependencies),
      alive_(std::make_shared<bool>(true))
{
    for (const auto& [name, channel] : with_.configuration.channels)
        for (const Poll* poll : channel->polls()) {
            auto run = std::make_shared<Run>();
            run->channel = channel.get();
            run->poll = poll;
            run->api = with_.apis.find(name)->second.get();
            run->timer = std::make_unique<asio::steady_timer>(executor_);
            runs_.push_back(std::move(run));
        }
}

Poller::~Poller()
{
    *alive_ = false;
    for (const auto& run : runs_)
        run->timer->cancel();
}

void Poller::begin()
{
    forget();
    for (const auto& run : runs_)
        with_.spawn(keep(run, epoch_));
}

void Poller::forget()
{
    ++epoch_;
    for (const auto& run : runs_)
        run->timer->cancel();
}

bool Poller::run_now(std::string_view channel, std::optional<std::int64_t> since)
{
    bool any = false;
    for (const auto& run : runs_)
        if (run->channel->name == channel) {
            run->asked = any = true;
            run->asked_since = since;
            run->timer->cancel();
        }
    return any;
}

Task<Poller::State> Poller::read(const Run& run)
{
    std::vector<std::string> ask{"HGET", key_of(run.channel->name), run.poll->config.name};
    const auto reply = co_await with_.redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(reply.error());
    State state;
    boost::system::error_code error;
    const auto parsed = json::parse(reply->text, error);
    if (error || !parsed.is_object())
        co_return state;  // it was never run
    const auto& object = parsed.get_object();
    const auto number = [&](std::string_view name) -> std::int64_t {
        const auto* value = object.if_contains(name);
        return value != nullptr && value->is_number() ? value->to_number<std::int64_t>(error) : 0;
    };
    const auto text = [&](std::string_view name) {
        const auto* value = object.if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    state.since = number("since");
    state.cursor = text("cursor");
    state.ran = number("ran");
    state.tried = number("tried");
    state.items = static_cast<std::uint64_t>(number("items"));
    state.fresh = static_cast<std::uint64_t>(number("fresh"));
    state.failed = text("failed");
    co_return state;
}

Task<void> Poller::write(const Run& run, const State& state)
{
    json::object object{{"since", state.since},  {"cursor", state.cursor}, {"ran", state.ran},
                        {"tried", state.tried},  {"items", state.items},   {"fresh", state.fresh},
                        {"failed", state.failed}};
    std::vector<std::string> ask{"HSET", key_of(run.channel->name), run.poll->config.name, json::serialize(object)};
    const auto reply = co_await with_.redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(reply.error());
    co_return Result<void>{};
}

asio::awaitable<void> Poller::keep(std::shared_ptr<Run> run, std::uint64_t epoch)
{
    while (epoch == epoch_) {
        auto reading = read(*run);
        const auto state = co_await std::move(reading);
        if (epoch != epoch_)
            co_return;
        std::chrono::milliseconds wait = shortest_retry;
        if (state) {
            const auto next = state->ran + std::chrono::duration_cast<std::chrono::seconds>(run->every()).count();
            wait = std::max<std::chrono::milliseconds>(0ms, std::chrono::seconds(next - unix_now()));
            if (run->failures > 0)
                wait = std::clamp<std::chrono::milliseconds>(
                    std::chrono::duration_cast<std::chrono::milliseconds>(shortest_retry) *
                        (1U << std::min(run->failures - 1, 12U)),
                    shortest_retry, longest_retry);
        }
        if (run->asked && state)
            wait = 0ms;
        if (wait > 0ms) {
            run->timer->expires_after(wait);
            co_await run->timer->async_wait(use_tuple);
            if (epoch != epoch_)
                co_return;
            if (!run->asked && std::chrono::steady_clock::now() < run->timer->expiry())
                continue;
        }
        co_await once(run, epoch);
    }
}

asio::awaitable<void> Poller::once(const std::shared_ptr<Run>& run, std::uint64_t epoch)
{
    auto reading = read(*run);
    auto state = co_await std::move(reading);
    if (!state || epoch != epoch_)
        co_return;
    const auto asked_since = run->asked ? run->asked_since : std::nullopt;
    run->asked = false;
    const auto& config = run->poll->config;
    const std::int64_t began = unix_now();
    const auto first = std::chrono::duration_cast<std::chrono::seconds>(config.first).count();
    const std::int64_t from = asked_since         ? *asked_since
                              : state->since == 0 ? began - first
                                                  : state->since - run->overlap();
    std::string about = R"({"since":")" + text_of_second(from) + R"(","until":")" + text_of_second(began) +
                        R"(","since_unix":)" + std::to_string(from) + R"(,"until_unix":)" + std::to_string(began);
    about += ",\"cursor\":";
    if (state->cursor.empty() || asked_since)
        about += "null";
    else
        mapping::append_json_string(about, state->cursor);
    about += '}';
    const auto document = connectors::read_json(about);
    const mapping::MappingContext context{.document = *document,
                                          .channel_name = run->channel->name,
                                          .channel_zone = run->channel->zone,
                                          .channel_settings = &run->channel->settings};
    const auto path = run->poll->path.text(context);

    State now = *state;
    now.items = now.fresh = 0;
    now.until = began;
    Walked walked;
    if (!path || !*path || !(*path)->starts_with('/')) {
        walked.result = fail(FailureClass::permanent, "poll_path_missing",
                             path ? "the poll's `path` is null, or does not begin with /" : path.error().detail);
    } else {
        auto each = [this, run, &now, epoch](const ApiPage& page) -> Task<void> {
            if (epoch != epoch_)
                co_return fail(FailureClass::transient, "lease_lost", "somebody else goes on with it");
            auto taking = take(*run, page, now);
            auto taken = co_await std::move(taking);
            if (!taken)
                co_return taken;
            fault_point("page_accepted");
            if (!run->poll->config.sorted)
                co_return Result<void>{};
            auto writing = write(*run, now);
            co_return co_await std::move(writing);
        };
        auto walking = walk(*run->api, run->poll->pages, run->api->base() + **path, *run->channel, most_answers, each);
        walked = co_await std::move(walking);
    }
    if (epoch != epoch_)
        co_return;
    const std::string note = "poll_" + run->channel->name + "_" + config.name;
    if (walked.result) {
        run->failures = 0;
        now.ran = began;
        // A vendor whose clock is ahead would have what changes until then left out.
        now.since = run->poll->changed ? std::min(now.since, began) : began;
        if (now.since == 0)  // nothing has changed yet: the next run must not begin later than this one
            now.since = from + run->overlap();
        now.failed.clear();
        with_.health.clear_note(note);
        with_.log.info(
            "a poll has run",
            observability::LogLine{}.field("poll", run->name()).field("items", now.items).field("fresh", now.fresh));
    } else {
        ++run->failures;
        const Failure& why = walked.result.error();
        if (!config.sorted)
            now = *state;  // what came last is asked for again
        now.failed = why.code;
        with_.health.note(note, "the poll " + run->name() + " fails: " + why.code + ": " + why.detail);
        with_.log.warn(
            "a poll broke off",
            observability::LogLine{}.field("poll", run->name()).field("code", why.code).field("detail", why.detail));
    }
    now.tried = began;
    with_.metrics.polled(run->channel->name, walked.result ? "done" : "failed").add();
    auto writing = write(*run, now);
    const auto written = co_await std::move(writing);
    if (!written)
        ++run->failures;  // Redis is away: the same again later
}

Task<void> Poller::take(Run& run, const ApiPage& page, State& state)
{
    const Document& items = *page.items;
    const Poll& poll = *run.poll;
    std::vector<Envelope> arrived;
    std::int64_t newest = state.since;
    const std::vector<std::pair<std::string, std::string>> headers{{"poll-until", text_of_second(state.until)}};
    std::optional<Failure> unread;
    for (const NodeIndex item : items.children(items.root())) {
        const mapping::MappingContext context{.document = items,
                                              .root = item,
                                              .headers = headers,
                                              .channel_name = run.channel->name,
                                              .channel_zone = run.channel->zone,
                                              .channel_settings = &run.channel->settings};
        Envelope envelope;
        envelope.received_at = wall_now();
        envelope.intake = "poll " + poll.config.name;
        envelope.body = json_text(items, item);
        const auto said = identity_of(*run.channel, envelope);
        const auto read = [&](const std::optional<mapping::Expression>& expression, const std::string& otherwise) {
            if (!expression)
                return otherwise;
            auto text = expression->text(context);
            if (!text && !unread)
                unread = text.error();
            return text && *text ? std::move(**text) : otherwise;
        };
        envelope.topic = read(poll.topic, said.topic);
        envelope.idempotency_key = read(poll.key, said.key);
        if (envelope.topic.empty())
            envelope.topic = "poll." + poll.config.name;
        if (envelope.idempotency_key.empty())
            envelope.idempotency_key = "sha256:" + to_hex(sha256(envelope.body));  // the same told again is the same
        if (poll.changed)
            if (auto text = poll.changed->text(context); text)
                newest = std::max(newest, second_of(*text).value_or(0));
        arrived.push_back(std::move(envelope));
    }
    if (unread)  // taken in all the same, as what it is known by otherwise
        with_.log.warn("a poll's expression fails for an item", observability::LogLine{}
                                                                    .field("poll", run.name())
                                                                    .field("code", unread->code)
                                                                    .field("detail", unread->detail)
                                                                    .field("config", unread->where.config));
    state.items += arrived.size();
    auto admitting = admit_all(with_.admission, *run.channel, std::move(arrived));
    const auto admitted = co_await std::move(admitting);
    if (!admitted)
        co_return std::unexpected(admitted.error());
    state.fresh += *admitted;
    with_.metrics.polled_items(run.channel->name).add(*admitted);
    state.since = newest;
    if (poll.cursor) {
        auto text = poll.cursor->text(page.context);
        if (!text)
            co_return std::unexpected(std::move(text.error()));
        if (*text)
            state.cursor = std::move(**text);
    }
    co_return Result<void>{};
}

}  // namespace headgate::gateway
