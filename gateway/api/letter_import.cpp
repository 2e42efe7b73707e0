#include <algorithm>
#include <ranges>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/bad_line.hpp"
#include "gateway/api/commands.hpp"
#include "gateway/api/letter_lines.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/queues.hpp"
#include "gateway/stages/identify.hpp"
#include "retry/inbox.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t most_known_told = 100;  // of those that are here already

/// An event of the file that is not taken: this one is here already.
struct Known {
    const GivenEvent* given = nullptr;
    EventId here;
    std::string_view lacks{};  // why it is not the same; "": it is
};

constexpr std::string_view another_body = "another body came with its key";
constexpr std::string_view another_part =
    "its event was imported without it, so it is not made here: replay it where "
    "it is, and export all letters of an event together";

/// Whether an event that is here makes all that the letters of a file want of it. One that was imported makes no more
/// than was dead of it.
bool has_all(const Envelope& here, const Imported& given)
{
    const auto imported = here.imported.empty() ? Result<Imported>(Imported{}) : read_imported(here.imported);
    if (!imported || imported->deliveries.empty())
        return true;
    return !given.deliveries.empty() && std::ranges::all_of(given.deliveries, [&](const Imported::One& wanted) {
        return std::ranges::find(imported->deliveries, wanted) != imported->deliveries.end();
    });
}

Result<void> check_channel(const Means& with, const Caller& caller, const GivenEvent& given)
{
    const auto& [envelope, imported, lines] = given;
    const Channel* channel = with.configuration.channel(envelope.channel);
    const auto& queue = queue_of(
        with.configuration.deployment.queues,
        {.code = imported.failure.code, .channel = envelope.channel, .type = imported.type, .system = imported.system});
    if (channel == nullptr ||
        !caller.may_see({.channel = envelope.channel, .type = imported.type, .queue = queue.name}))
        return fail(FailureClass::permanent, "unknown_channel",
                    "no channel is called `" + envelope.channel + "` here: configure it first");
    if (channel->source != envelope.source)
        return fail(FailureClass::permanent, "bad_letter",
                    fmt::format("`envelope.source` is `{}`, and the source of the channel `{}` is `{}` here: its "
                                "transactions would be those of another shop",
                                envelope.source, envelope.channel, channel->source));
    return {};
}

/// What an event is in history that is over. One that waits or is dead there and unknown to Redis was lost with it.
bool has_ended(const observability::HistoryRow& row)
{
    return row.state == "applied" || row.state == "suppressed" || row.state == "discarded";
}

/// Those that Redis knows, or history as ended; in this order, since what leaves Redis is in history before.
Task<std::vector<Known>> already_here(const Means& with, const std::vector<GivenEvent>& given)
{
    std::vector<std::vector<std::string>> ask;
    for (const auto& one : given)
        ask.push_back({"EXISTS", retry::event_key("e", one.envelope.event), retry::event_key("b", one.envelope.event)});
    const auto in_redis = co_await together(with.redis, std::move(ask));
    if (!in_redis)
        co_return std::unexpected(in_redis.error());
    std::vector<Known> known;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto& event = given[i].envelope.event;
        if ((*in_redis)[i].integer == 0) {
            const auto kept = with.history.show(event);
            if (!kept)
                co_return std::unexpected(kept.error());
            if (!*kept || !has_ended(**kept))
                continue;
        }
        auto bytes = co_await stored(with, event);
        if (!bytes)
            co_return std::unexpected(std::move(bytes.error()));
        const auto envelope = decode_envelope(*bytes);
        const bool same = !envelope || envelope->body == given[i].envelope.body;
        const bool whole = !envelope || has_all(*envelope, given[i].imported);
        known.push_back({&given[i], event, !same ? another_body : whole ? "" : another_part});
    }
    co_return known;
}

struct Fresh {
    const GivenEvent* given = nullptr;
    Event event;
};

retry::AcceptItem item_of(const Event& event)
{
    const Envelope& envelope = event.envelope;
    retry::AcceptItem item;
    item.event = envelope.event;
    item.key = retry::idempotency_hash(envelope.source, envelope.topic, envelope.idempotency_key);
    item.digest = body_digest(envelope.body);
    item.partition = partition_of(envelope.source, envelope.order_key);
    item.window = event.channel->window;
    item.envelope = event.stored;
    return item;
}

json::object known_json(const Known& known)
{
    return {{"line", known.given->lines.front()},
            {"letter", known.given->imported.letter},
            {"event", known.here.text()},
            {"same", known.lacks.empty()},
            {"detail", known.lacks}};
}

}  // namespace

asio::awaitable<net::Response> import_letters(const Means& with, const Call& call)
{
    const auto how = parameters(call.query, {"check", "why"});
    if (!how)
        co_return failed(how.error());
    const auto check = how->contains("check") ? how->at("check") : "false";
    if (check != "true" && check != "false")
        co_return failed({FailureClass::permanent, "bad_query", "`check` is true or false", {}});
    const auto why = reason(json::object{{"why", how->contains("why") ? how->at("why") : ""}}, "an import");
    if (!why)
        co_return failed(why.error());
    auto given = letter_lines(call.body);
    if (!given)
        co_return refused_line(given.error());
    std::size_t lines = 0;
    for (const auto& one : *given) {
        lines += one.lines.size();
        if (const auto fine = check_channel(with, call.caller, one); !fine)
            co_return refused_line({one.lines.front(), fine.error()});
    }
    auto known = co_await already_here(with, *given);
    if (!known)
        co_return failed(known.error());

    std::vector<Fresh> fresh;
    std::vector<retry::AcceptItem> items;
    for (auto& one : *given) {
        if (std::ranges::find(*known, &one, &Known::given) != known->end())
            continue;
        one.imported.who = call.caller.name;
        one.imported.why = *why;
        one.imported.at = time_text(std::chrono::system_clock::now());
        Event event;
        event.channel = with.configuration.channel(one.envelope.channel);
        event.envelope = std::move(one.envelope);
        event.envelope.imported = text_of(one.imported);
        event.stored = encode(event.envelope);
        if (check == "false")
            items.push_back(item_of(event));
        fresh.push_back({&one, std::move(event)});
    }
    retry::Inbox inbox(with.redis, with.scripts);
    auto accepting = inbox.accept(std::move(items));
    const auto answers = co_await std::move(accepting);
    if (!answers) {
        with.owner.perhaps_readmitted();  // some of them may be in the stream
        auto failure = answers.error();
        failure.detail += "; some may be imported: import them once more, none comes twice";
        co_return failed(failure);
    }
    std::size_t letters = 0, events = 0;
    for (std::size_t i = 0; i < answers->size(); ++i) {
        const auto& answer = (*answers)[i];
        auto& [from, event] = fresh[i];
        if (answer.claim != retry::Claim::accepted) {
            known->push_back({from, answer.event, answer.claim == retry::Claim::duplicate ? "" : another_body});
            continue;
        }
        letters += from->lines.size();
        ++events;
        event.partition = answer.partition;
        event.seq = event.origin_seq = answer.seq;
        with.metrics.accepted.add();
        event.channel->waiting.fetch_add(1, std::memory_order_relaxed);
        with.owner.accepted(std::move(event), answer.ordinal);
    }
    if (events > 0)
        with.log.info("dead letters were imported", observability::LogLine{}
                                                        .field("letters", letters)
                                                        .field("events", events)
                                                        .field("why", *why)
                                                        .field("who", call.caller.name));
    const auto those_known = std::ranges::stable_partition(*known, [](const Known& one) { return !one.lacks.empty(); });
    const auto others = known->size() - those_known.size();
    json::array told;  // first of all those that are not the same
    for (const auto& one : *known | std::views::take(most_known_told))
        told.push_back(known_json(one));
    const auto more = known->size() - told.size();
    co_return reply(200, json::object{{"checked", lines},
                                      {"imported", letters},
                                      {"events", events},
                                      {"known", std::move(told)},
                                      {"known_more", more},
                                      {"others", others}});
}

}  // namespace headgate::gateway::api
