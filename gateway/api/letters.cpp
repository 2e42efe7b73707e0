#include <algorithm>
#include <charconv>
#include <expected>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "gateway/api/names.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/missing.hpp"
#include "gateway/stages/finish.hpp"
#include "retry/letters.hpp"
#include "retry/waiting.hpp"
#include "retry/words.hpp"

namespace headgate::gateway::api {

namespace {

std::string text_of(const retry::LetterCursor& cursor)
{
    return fmt::format("{}.{}.{}", cursor.partition, cursor.at.time_since_epoch().count(),
                       cursor.after ? letter_text(*cursor.after, cursor.delivery) : "");
}

/// Back from `text_of`; the start for "", nothing for what is no cursor.
std::optional<retry::LetterCursor> letter_cursor(std::string_view text)
{
    if (text.empty())
        return retry::LetterCursor{};
    retry::LetterCursor cursor;
    const auto first = text.find('.');
    const auto second = text.find('.', std::min(first, text.size() - 1) + 1);
    if (second == std::string_view::npos)
        return std::nullopt;
    const auto number = [](std::string_view digits, auto& out) {
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        return error == std::errc{} && end == digits.data() + digits.size();
    };
    std::int64_t at = 0;
    if (!number(text.substr(0, first), cursor.partition) || cursor.partition >= partition_count ||
        !number(text.substr(first + 1, second - first - 1), at))
        return std::nullopt;
    cursor.at = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(at));
    if (second + 1 == text.size())
        return cursor;
    const auto after = parse_letter(text.substr(second + 1));
    if (!after)
        return std::nullopt;
    cursor.after = after->event;
    cursor.delivery = after->delivery;
    return cursor;
}

/// Whose a queue is; "" when it is not configured any more.
std::string owner_of(const Means& with, const std::string& queue)
{
    const auto& queues = with.configuration.deployment.queues;
    const auto found = std::ranges::find(queues, queue, &QueueConfig::name);
    return found == queues.end() ? "" : found->owner;
}

json::object letter_json(const Means& with, const retry::Letter& letter)
{
    json::object out{{"letter", letter_text(letter.event, letter.delivery)},
                     {"event", letter.event.text()},
                     {"at", time_text(letter.at)},
                     {"stage", letter.stage},
                     {"class", name_of(letter.failure_class)},
                     {"code", letter.code},
                     {"detail", letter.excerpt},
                     {"where", letter.where.document},
                     {"config", letter.where.config},
                     {"cause", letter.cause},
                     {"queue", letter.queue},
                     {"owner", owner_of(with, letter.queue)},
                     {"due", letter.due.time_since_epoch().count() == 0 ? "" : time_text(letter.due)},
                     {"attempts", letter.attempts},
                     {"round", letter.round},
                     {"seq", letter.seq}};
    if (letter.delivery) {
        out["system"] = letter.system;
        out["type"] = letter.type;
        out["slot"] = letter.slot;
    }
    return out;
}

/// The letter that a call names, which has no parameters; of an event that is none itself, the letter of its one
/// delivery that is.
asio::awaitable<std::expected<retry::Letter, net::Response>> find_letter(const Means& with, retry::Letters& letters,
                                                                         const Call& call)
{
    auto id = parse_letter(call.name);
    if (!id)
        co_return std::unexpected(refuse(400, "bad_event_id", "an event id is a UUID"));
    if (const auto none = parameters(call.query, {}); !none)
        co_return std::unexpected(failed(none.error()));
    auto found = co_await letters.show(id->event, id->delivery);
    if (found && !*found && !id->delivery) {
        const auto known = co_await retry::known_event(with.redis, with.scripts, id->event);
        if (!known)
            co_return std::unexpected(failed(known.error()));
        std::vector<std::string> dead;
        for (const auto& delivery : known->deliveries)
            if (delivery.state == retry::DeliveryState::dead) {
                id->delivery = delivery.half;
                dead.push_back(letter_text(id->event, id->delivery));
            }
        if (dead.size() > 1)
            co_return std::unexpected(refuse(
                409, "several_letters",
                fmt::format("several deliveries of this event are letters, name one: {}", fmt::join(dead, ", "))));
        if (!dead.empty())
            found = co_await letters.show(id->event, id->delivery);
    }
    if (!found)
        co_return std::unexpected(failed(found.error()));
    if (!*found)
        co_return std::unexpected(not_found("no such dead letter; it may have been replayed already"));
    co_return std::move(**found);
}

}  // namespace

asio::awaitable<net::Response> list_letters(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"cursor", "limit"});
    if (!given)
        co_return failed(given.error());
    const auto limit = limit_of(*given, 100);
    if (!limit)
        co_return failed(limit.error());
    auto cursor = letter_cursor((*given)["cursor"]);
    if (!cursor)
        co_return failed({FailureClass::permanent, "bad_cursor", "this is no cursor of a page of letters", {}});
    retry::Letters letters(with.redis, with.scripts);
    json::array rows;
    while (cursor && rows.size() < *limit) {
        auto page = co_await letters.list(*cursor, std::min<std::size_t>(100, *limit - rows.size()));
        if (!page)
            co_return failed(page.error());
        for (const auto& letter : page->letters)
            rows.push_back(letter_json(with, letter));
        cursor = page->next;
    }
    co_return reply(200, json::object{{"letters", std::move(rows)}, {"next", cursor ? text_of(*cursor) : ""}});
}

asio::awaitable<net::Response> show_letter(const Means& with, const Call& call)
{
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    auto out = letter_json(with, *found);
    if (found->word) {
        const auto what = co_await retry::awaited_word(with.redis, *found->word);
        if (const auto text = what && *what ? read_missing(**what) : std::nullopt)
            out["waits_for"] = json::object{{"kind", text->kind},
                                            {"vocabulary", text->of},
                                            {"word", shown_id(*text)},
                                            {"work", to_hex(*found->word)}};
    }
    const auto bytes = co_await stored(with, found->event);
    if (bytes && !bytes->empty())
        if (const auto envelope = decode_envelope_head(*bytes))
            out["envelope"] = envelope_json(*envelope);
    co_return reply(200, out);
}

asio::awaitable<net::Response> replay_letter(const Means& with, const Call& call)
{
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    retry::Readmission readmission;
    readmission.event = found->event;
    readmission.delivery = found->delivery;
    readmission.round = found->round;
    readmission.frame = readmission_frame(call.caller.name, {}, std::chrono::system_clock::now());
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

}  // namespace headgate::gateway::api
