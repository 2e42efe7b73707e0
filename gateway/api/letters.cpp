#include <algorithm>
#include <expected>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "gateway/api/find_letter.hpp"
#include "gateway/api/letter_filter.hpp"
#include "gateway/api/letter_json.hpp"
#include "gateway/api/letter_scan.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/scope.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/letter.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/missing.hpp"
#include "gateway/replay_terms.hpp"
#include "gateway/stages/finish.hpp"
#include "retry/decisions.hpp"
#include "retry/letters.hpp"
#include "retry/waiting.hpp"
#include "retry/words.hpp"

namespace headgate::gateway::api {

namespace {

/// Whose a queue is; "" when it is not configured any more.
std::string owner_of(const Means& with, const std::string& queue)
{
    const auto& queues = with.configuration.deployment.queues;
    const auto found = std::ranges::find(queues, queue, &QueueConfig::name);
    return found == queues.end() ? "" : found->owner;
}

}  // namespace

json::object letter_json(const Means& with, const observability::LetterRow& letter)
{
    const bool has_due = letter.due.time_since_epoch().count() != 0;
    json::object out{{"letter", letter.letter},
                     {"event", letter.event.text()},
                     {"at", time_text(letter.at)},
                     {"stage", letter.stage},
                     {"class", letter.failure_class},
                     {"code", letter.code},
                     {"detail", letter.detail},
                     {"where", letter.where},
                     {"config", letter.config},
                     {"cause", letter.cause},
                     {"queue", letter.queue},
                     {"owner", owner_of(with, letter.queue)},
                     {"due", has_due ? time_text(letter.due) : ""},
                     {"overdue", has_due && letter.due <= std::chrono::system_clock::now()},
                     {"channel", letter.channel},
                     {"source", letter.source},
                     {"topic", letter.topic},
                     {"type", letter.type},
                     {"entity", letter.entity},
                     {"order_number", letter.order_number},
                     {"attempts", letter.attempts},
                     {"round", letter.round},
                     {"seq", letter.seq},
                     {"generation", letter.generation}};
    if (!letter.fields.empty()) {
        json::object fields;
        for (const auto& [name, value] : letter.fields) {
            auto& all = fields[name];
            if (all.is_null())
                all.emplace_array();
            const auto last = std::string_view(name).substr(name.rfind('.') + 1);
            all.get_array().push_back(json::string(with.mask.value(last, value)));
        }
        out["fields"] = std::move(fields);
    }
    if (!letter.system.empty()) {
        out["system"] = letter.system;
        out["slot"] = letter.slot;
    }
    return out;
}

namespace {

json::array rows_json(const Means& with, const std::vector<observability::LetterRow>& letters)
{
    json::array rows;
    for (const auto& letter : letters)
        rows.push_back(letter_json(with, letter));
    return rows;
}

std::string discard_frame(std::string_view who, std::string_view why)
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    return json::serialize(json::object{{"state", "waiting"},
                                        {"reason", "discarded"},
                                        {"who", who},
                                        {"why", why},
                                        {"finished", now.time_since_epoch().count()}});
}

/// What is asked of a replay besides that it happens.
struct ReplayHow {
    bool stored = false;
    bool as_new = false;
    std::string why;
};

Result<ReplayHow> replay_how(std::string_view body)
{
    const auto given = members(body, {"stored", "as_new", "why"});
    if (!given)
        return std::unexpected(given.error());
    const auto stored = flag_member(*given, "stored"), as_new = flag_member(*given, "as_new");
    if (!stored || !as_new)
        return std::unexpected(stored ? as_new.error() : stored.error());
    const auto why = *as_new ? reason(*given, "applying something as new") : text_member(*given, "why", longest_why);
    if (!why)
        return std::unexpected(why.error());
    return ReplayHow{*stored, *as_new, *why};
}

/// False: it is gone or has died again since.
Task<bool> discard(const Means& with, const retry::Letter& letter, std::string_view who, std::string_view why)
{
    std::vector<retry::DeliveryAt> touched{{letter.partition, {letter.event, letter.delivery.value_or(Hash16{})}}};
    const auto lost = [&](const Failure& failure) {
        if (failure.failure_class == FailureClass::unknown_outcome)
            with.owner.ready(touched);  // and so history hears of it
        return std::unexpected(failure);
    };
    if (!letter.delivery) {
        retry::Letters letters(with.redis, with.scripts);
        auto discarding = letters.discard(letter.event, letter.round, discard_frame(who, why));
        const auto done = co_await std::move(discarding);
        if (!done)
            co_return lost(done.error());
        touched.insert(touched.end(), done->ready.begin(), done->ready.end());
        with.owner.ready(std::move(touched));
        co_return done->answer == retry::Discarded::Answer::done;
    }
    retry::Decision decision;
    decision.delivery = {letter.event, *letter.delivery};
    decision.seen = retry::DeliveryState::dead;
    decision.attempts = letter.attempts;
    decision.verdict = retry::Decision::Verdict::discard;
    decision.reason = "discarded";
    decision.frame = discard_frame(who, why);
    retry::Decisions decisions(with.redis, with.scripts);
    auto deciding = decisions.decide(std::move(decision));
    const auto done = co_await std::move(deciding);
    if (!done)
        co_return lost(done.error());
    if (done->next)
        touched.push_back(*done->next);
    with.owner.ready(std::move(touched));
    co_return done->answer == retry::Decided::Answer::done;
}

}  // namespace

asio::awaitable<net::Response> list_letters(const Means& with, const Call& call)
{
    constexpr std::uint64_t most_counted = 1'000'000;
    auto asked = asked_page(with, call, {"count", "where"});
    if (!asked)
        co_return failed(asked.error());
    auto& [given, filter] = *asked;
    json::object out;
    if (const auto& where = given["where"]; !where.empty()) {
        const auto condition = scan_condition(where);
        if (!condition)
            co_return failed(condition.error());
        if (!given.contains("limit"))
            filter.limit = usual_matches;
        auto scanning = scan_letters(with, filter, *condition);
        const auto found = co_await std::move(scanning);
        if (!found)
            co_return failed(found.error());
        out = {{"letters", rows_json(with, found->letters)},
               {"next", found->next},
               {"scanned", found->scanned},
               {"unreadable", found->unreadable}};
    } else {
        const auto page = with.history.letters(filter);
        if (!page)
            co_return failed(page.error());
        out = {{"letters", rows_json(with, page->letters)}, {"next", page->next}};
    }
    if (given["count"] == "true") {
        const auto count = with.history.count_letters(filter, most_counted);
        if (!count)
            co_return failed(count.error());
        out["count"] = *count;
    }
    co_return reply(200, out);
}

asio::awaitable<net::Response> list_causes(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"queue", "all"});
    if (!given)
        co_return failed(given.error());
    const auto causes = with.history.causes((*given)["all"] == "true");
    if (!causes)
        co_return failed(causes.error());
    json::array rows;
    for (const auto& cause : *causes) {
        if (!(*given)["queue"].empty() && cause.queue != (*given)["queue"])
            continue;
        if (!call.caller.may_see({.channel = cause.channel, .queue = cause.queue}))
            continue;
        rows.push_back(json::object{{"cause", cause.cause},
                                    {"stage", cause.stage},
                                    {"code", cause.code},
                                    {"queue", cause.queue},
                                    {"owner", owner_of(with, cause.queue)},
                                    {"channel", cause.channel},
                                    {"letters", cause.open},
                                    {"seen", cause.seen},
                                    {"first", time_text(cause.first)},
                                    {"last", time_text(cause.last)},
                                    {"events", cause.events}});
    }
    co_return reply(200, json::object{{"causes", std::move(rows)}});
}

asio::awaitable<net::Response> show_letter(const Means& with, const Call& call)
{
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    auto row = letter_row(*found);
    const auto bytes = co_await stored(with, found->event);
    const auto envelope = bytes && !bytes->empty() ? decode_envelope_head(*bytes) : Result<Envelope>(Envelope{});
    if (envelope) {
        row.channel = envelope->channel;
        row.source = envelope->source;
        row.topic = envelope->topic;
    }
    auto out = letter_json(with, row);
    if (found->word) {
        const auto what = co_await retry::awaited_word(with.redis, *found->word);
        if (const auto text = what && *what ? read_missing(**what) : std::nullopt)
            out["waits_for"] = json::object{{"kind", text->kind},
                                            {"vocabulary", text->of},
                                            {"word", shown_id(*text)},
                                            {"work", to_hex(*found->word)}};
    }
    if (envelope && !envelope->channel.empty())
        out["envelope"] = envelope_json(with, call, *envelope);
    co_return reply(200, out);
}

asio::awaitable<net::Response> replay_letter(const Means& with, const Call& call)
{
    const auto how = replay_how(call.body);
    if (!how)
        co_return failed(how.error());
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    retry::Readmission readmission;
    if (how->as_new)
        // Asked twice about one death it is one new thing.
        readmission.terms = text_of(ReplayTerms{
            .to = {}, .nonce = fmt::format("{}/{}", letter_text(found->event, found->delivery), found->round)});
    if (how->stored) {
        const auto kept = with.history.made(letter_text(found->event, found->delivery));
        auto text = kept ? stored_text(*kept) : Result<std::string>(std::unexpected(kept.error()));
        if (!text)
            co_return failed(text.error());
        readmission.made = std::move(*text);
    }
    readmission.event = found->event;
    readmission.delivery = found->delivery;
    readmission.round = found->round;
    readmission.frame = readmission_frame(call.caller.name, how->why, std::chrono::system_clock::now());
    readmission.who = call.caller.name;
    auto again = readmission;
    auto done = co_await letters.readmit(std::move(again));
    if (done && done->answer == retry::Readmitted::Answer::body_in_history) {
        auto bytes = co_await stored(with, found->event);
        if (!bytes)
            co_return failed(bytes.error());
        if (bytes->empty())
            co_return refuse(409, "body_missing", "neither Redis nor history has this event's body any more");
        readmission.envelope = std::move(*bytes);
        done = co_await letters.readmit(std::move(readmission));
    }
    if (!done) {
        if (done.error().failure_class == FailureClass::unknown_outcome)
            with.owner.perhaps_readmitted();
        co_return failed(done.error());
    }
    if (done->answer == retry::Readmitted::Answer::event_first)
        co_return refuse(409, "event_first", "the event is back at work, or is a letter itself: that comes first");
    if (done->answer != retry::Readmitted::Answer::readmitted)
        co_return refuse(409, "letter_changed", "the letter is gone or has died again since");
    with.owner.readmitted(done->partition, done->seq);
    const auto name = letter_text(found->event, found->delivery);
    with.log.info(
        "a dead letter was replayed",
        observability::LogLine{}.field("letter", name).field("seq", done->seq).field("who", call.caller.name));
    co_return reply(
        200, json::object{{"letter", name}, {"event", found->event.text()}, {"state", "waiting"}, {"seq", done->seq}});
}

asio::awaitable<net::Response> discard_letter(const Means& with, const Call& call)
{
    const auto given = members(call.body, {"why"});
    if (!given)
        co_return failed(given.error());
    const auto why = reason(*given, "discarding a letter");
    if (!why)
        co_return failed(why.error());
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    auto discarding = discard(with, *found, call.caller.name, *why);
    const auto done = co_await std::move(discarding);
    if (!done)
        co_return failed(done.error());
    if (!*done)
        co_return refuse(409, "letter_changed", "the letter is gone or has died again since");
    const auto name = letter_text(found->event, found->delivery);
    with.log.info("a dead letter was discarded",
                  observability::LogLine{}.field("letter", name).field("why", *why).field("who", call.caller.name));
    co_return reply(200, json::object{{"letter", name}, {"event", found->event.text()}, {"state", "discarded"}});
}

}  // namespace headgate::gateway::api
