#include "gateway/poller.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "connectors/formats/json.hpp"
#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/hash.hpp"
#include "core/time.hpp"
#include "gateway/polled.hpp"
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
constexpr const char* report_not_ready = "report_not_ready";

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

/// Of a report that was asked for: whether it is there.
Result<void> is_there(const Poll& poll, const mapping::MappingContext& answer)
{
    if (!poll.request)
        return {};
    if (poll.request->failed) {
        const auto failed = poll.request->failed->holds(answer);
        if (!failed)
            return std::unexpected(failed.error());
        if (*failed)
            return fail(FailureClass::permanent, "report_failed", "the vendor says that there will be no report");
    }
    const auto ready = poll.request->ready.holds(answer);
    if (!ready)
        return std::unexpected(ready.error());
    if (!*ready)
        return fail(FailureClass::transient, report_not_ready, "the report is not there yet");
    return {};
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
    std::string request;      // the report that was asked for and is waited for; "": none
    std::int64_t requested = 0;
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
      reports_(executor_, dependencies.redis, dependencies.admission, dependencies.configuration.folder),
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
    state.request = text("request");
    state.requested = number("requested");
    co_return state;
}

Task<void> Poller::write(const Run& run, const State& state)
{
    json::object object{{"since", state.since},  {"cursor", state.cursor}, {"ran", state.ran},
                        {"tried", state.tried},  {"items", state.items},   {"fresh", state.fresh},
                        {"failed", state.failed}};
    if (!state.request.empty()) {
        object["request"] = state.request;
        object["requested"] = state.requested;
    }
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
            else if (!state->request.empty())
                wait = run->poll->config.request ? run->poll->config.request->wait : config::Duration{0};
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
    // Of a report that is waited for, the run began when it was asked for.
    const bool waiting = run->poll->request && !state->request.empty();
    const std::int64_t began = waiting ? state->requested : unix_now();
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
    const auto context_of = [&run](const Document& document) {
        return mapping::MappingContext{.document = document,
                                       .channel_name = run->channel->name,
                                       .channel_zone = run->channel->zone,
                                       .channel_settings = &run->channel->settings};
    };
    if (run->poll->request && !waiting) {
        const auto asked = connectors::read_json(about + '}');
        const auto context = context_of(*asked);
        state->requested = began;
        auto asking = ask_for_report(*run, context, *state);
        const auto requested = co_await std::move(asking);
        if (epoch != epoch_)
            co_return;
        if (requested) {
            run->failures = 0;
            co_return;  // it is looked for when the vendor had its time
        }
        state->until = began;
        auto ending = end(run, *state, *state, began, Walked{std::unexpected(requested.error())});
        co_await std::move(ending);
        co_return;
    }
    about += ",\"request\":";
    if (waiting)
        mapping::append_json_string(about, state->request);
    else
        about += "null";
    about += '}';
    const auto document = connectors::read_json(about);
    const auto context = context_of(*document);
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
            if (auto there = is_there(*run->poll, page.context); !there)
                co_return there;
            auto taking = run->poll->report ? take_reports(*run, page, now) : take(*run, page, now);
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
    if (waiting) {
        const bool late =
            unix_now() - began > std::chrono::duration_cast<std::chrono::seconds>(config.request->within).count();
        if (!walked.result && walked.result.error().code == report_not_ready && !late) {
            run->failures = 0;
            co_return;
        }
        if (!walked.result && walked.result.error().code == report_not_ready)
            walked.result = fail(FailureClass::permanent, "report_late",
                                 "the report was asked for and is not there yet; it is asked for again");
        // One that is there was read, and one that will never be is asked for anew.
        if (walked.result || walked.result.error().failure_class == FailureClass::permanent)
            now.request = state->request = "";
    }
    auto ending = end(run, *state, now, from, std::move(walked));
    co_await std::move(ending);
}

/// What became of a run is said and stored. `before`: the state it began with; `from`: where it began to look.
asio::awaitable<void> Poller::end(std::shared_ptr<Run> run, State before, State now, std::int64_t from, Walked walked)
{
    const auto& config = run->poll->config;
    const std::int64_t began = now.until;
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
            now = before;  // what came last is asked for again
        now.failed = why.code;
        with_.health.note(note, "the poll " + run->name() + " fails: " + why.code + ": " + why.detail);
        with_.log.warn(
            "a poll broke off",
            observability::LogLine{}.field("poll", run->name()).field("code", why.code).field("detail", why.detail));
    }
    now.tried = run->poll->request ? unix_now() : began;
    with_.metrics.polled(run->channel->name, walked.result ? "done" : "failed").add();
    auto writing = write(*run, now);
    const auto written = co_await std::move(writing);
    if (!written)
        ++run->failures;  // Redis is away: the same again later
}

/// Who dies behind the answer asks again: the vendor makes the report twice, and it is read twice.
Task<void> Poller::ask_for_report(Run& run, const mapping::MappingContext& context, State& state)
{
    const ReportRequest& request = *run.poll->request;
    const auto path = request.path.text(context);
    auto body = request.body ? request.body->text(context) : Result<std::optional<std::string>>(std::nullopt);
    if (!path || !*path || !(*path)->starts_with('/') || !body)
        co_return fail(FailureClass::permanent, "poll_path_missing",
                       !path   ? path.error().detail
                       : !body ? body.error().detail
                               : "the request's `path` is null, or does not begin with /");
    auto sending =
        run.api->send({.method = "POST", .target = run.api->base() + **path, .body = std::move(*body).value_or("")});
    auto answer = co_await std::move(sending);
    if (!answer.result)
        co_return std::unexpected(std::move(answer.result.error()));
    const auto document = connectors::read_json(answer.result->body);
    if (!document)
        co_return fail(FailureClass::transient, "answer_unreadable",
                       "the API's answer is no JSON: " + document.error().detail);
    const auto id = request.id.text({.document = *document,
                                     .headers = answer.result->headers,
                                     .channel_name = run.channel->name,
                                     .channel_zone = run.channel->zone,
                                     .channel_settings = &run.channel->settings});
    if (!id || !*id || (*id)->empty())
        co_return fail(FailureClass::permanent, "report_id_missing",
                       id ? "the answer to the request has no id" : id.error().detail);
    fault_point("report_requested");
    state.request = **id;
    auto writing = write(run, state);
    co_return co_await std::move(writing);
}

Task<void> Poller::take_reports(Run& run, const ApiPage& page, State& state)
{
    std::int64_t newest = state.since;
    const auto context_of = [&](const Document& document, NodeIndex root) {
        return mapping::MappingContext{.document = document,
                                       .root = root,
                                       .channel_name = run.channel->name,
                                       .channel_zone = run.channel->zone,
                                       .channel_settings = &run.channel->settings};
    };
    std::vector<mapping::MappingContext> items;
    if (page.items == nullptr)
        items.push_back(context_of(page.document, page.document.root()));
    else
        for (const NodeIndex item : page.items->children(page.items->root()))
            items.push_back(context_of(*page.items, item));
    for (const auto& item : items) {
        auto fetching = reports_.fetch(*run.channel, *run.poll, *run.api, item);
        const auto fresh = co_await std::move(fetching);
        if (!fresh)
            co_return std::unexpected(fresh.error());
        ++state.items;
        if (*fresh) {
            ++state.fresh;
            with_.metrics.polled_items(run.channel->name).add();
        }
        if (run.poll->changed)
            if (auto text = run.poll->changed->text(item); text)
                newest = std::max(newest, second_of(*text).value_or(0));
    }
    state.since = newest;
    co_return Result<void>{};
}

Task<void> Poller::take(Run& run, const ApiPage& page, State& state)
{
    const Document& items = page.items != nullptr ? *page.items : page.document;
    const Poll& poll = *run.poll;
    const NodeIndex root = items.root();
    const std::span<const NodeIndex> nodes = page.items != nullptr ? items.children(root) : std::span(&root, 1);
    std::vector<Envelope> arrived;
    std::int64_t newest = state.since;
    const std::vector<std::pair<std::string, std::string>> headers{{"poll-until", text_of_second(state.until)}};
    std::optional<Failure> unread;
    for (const NodeIndex item : nodes) {
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
        auto day = state.until;
        if (poll.changed)
            if (auto text = poll.changed->text(context); text)
                if (const auto changed = second_of(*text)) {
                    newest = std::max(newest, *changed);
                    day = *changed;
                }
        envelope.headers.emplace_back(poll_day_header, text_of_second(day).substr(0, 10));
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
