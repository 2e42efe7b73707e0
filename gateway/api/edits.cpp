#include <expected>
#include <set>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "gateway/api/find_letter.hpp"
#include "gateway/api/letter_filter.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/edits.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t most_edited = 10'000;
constexpr std::size_t most_told = 100;  // of those that could not be edited

/// What a body asks for. Values keep their digits, so it is not read as other bodies are.
struct Asked {
    std::vector<Edit> edits;
    std::string why;
    std::optional<observability::LetterFilter> filter;
};

Result<Asked> read_asked(const Means& with, const Call& call, bool many)
{
    const auto body = connectors::read_json(call.body);
    if (!body || (*body)[0].kind != NodeKind::object)
        return fail(FailureClass::permanent, "bad_body",
                    many ? "this is no JSON object with `filter`, `edits` and `why`"
                         : "this is no JSON object with `edits` and `why`");
    Asked asked;
    json::object others;
    for (const NodeIndex member : body->children(0)) {
        const auto& node = (*body)[member];
        if (node.name == "edits") {
            auto edits = read_edits(json_text(*body, member));
            if (!edits)
                return std::unexpected(std::move(edits.error()));
            asked.edits = std::move(*edits);
        } else {
            others[node.name] = json::parse(json_text(*body, member));
        }
    }
    const auto given = many ? members(json::serialize(others), {"filter", "why", "edits"})
                            : members(json::serialize(others), {"why", "edits"});
    if (!given)
        return std::unexpected(given.error());
    const auto why = reason(*given, "an edit");
    if (!why)
        return std::unexpected(why.error());
    if (asked.edits.empty())
        return fail(FailureClass::permanent, "bad_body", "there is nothing to edit: `edits` has none");
    asked.why = *why;
    if (!many)
        return asked;
    const auto* filter = given->if_contains("filter");
    if (filter == nullptr || !filter->is_object())
        return fail(FailureClass::permanent, "bad_body", "say which letters: `filter`, {} for all there are");
    auto made = letter_filter(with, filter->get_object(), call.caller, std::chrono::system_clock::now());
    if (!made)
        return std::unexpected(std::move(made.error()));
    made->limit = 1000;
    asked.filter = std::move(*made);
    return asked;
}

std::string frame_of(const retry::Letter& letter, const Caller& caller, const std::string& why, std::size_t edits)
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    return json::serialize(json::object{{"state", "waiting"},
                                        {"reason", letter.code},
                                        {"edited", edits},
                                        {"who", caller.name},
                                        {"why", why},
                                        {"finished", now.time_since_epoch().count()}});
}

/// The document as it is then, as JSON. Fails with `edit_impossible`, `body_missing`, `letter_changed`.
Task<std::string> edit(const Means& with, const retry::Letter& letter, const Asked& asked, const Caller& caller)
{
    const auto bytes = co_await stored(with, letter.event);
    if (!bytes)
        co_return std::unexpected(bytes.error());
    if (bytes->empty())
        co_return fail(FailureClass::permanent, "body_missing",
                       "neither Redis nor history has this event's body any more");
    auto envelope = decode_envelope(*bytes);
    if (!envelope)
        co_return std::unexpected(envelope.error());
    const Channel* channel = with.configuration.channel(envelope->channel);
    const auto format = channel == nullptr ? connectors::FormatConfig{} : format_of(*channel, *envelope);
    const auto document = connectors::read_document(envelope->body, format);
    if (!document)
        co_return fail(FailureClass::permanent, "edit_impossible",
                       "the body cannot be read: " + document.error().detail);
    const auto before = read_edits(envelope->edits.empty() ? "[]" : envelope->edits);
    if (!before)
        co_return std::unexpected(before.error());
    auto all = *before;
    all.insert(all.end(), asked.edits.begin(), asked.edits.end());
    auto text = edited(*document, all);
    if (!text)
        co_return std::unexpected(text.error());
    envelope->edits =
        with_more(envelope->edits, asked.edits, caller.name, asked.why, time_text(std::chrono::system_clock::now()));
    retry::Letters letters(with.redis, with.scripts);
    retry::Edition edition{letter.event,
                           letter.delivery,
                           letter.round,
                           before->size(),
                           all.size(),
                           encode(*envelope),
                           frame_of(letter, caller, asked.why, all.size()),
                           caller.name};
    auto editing = letters.edit(std::move(edition));
    const auto done = co_await std::move(editing);
    if (!done || *done == retry::Discarded::Answer::done)
        with.owner.ready({{letter.partition, {letter.event, {}}}});  // and so history hears of it
    if (!done)
        co_return std::unexpected(done.error());
    if (*done != retry::Discarded::Answer::done)
        co_return fail(FailureClass::permanent, "letter_changed",
                       "the letter is gone, has died again, or was edited by somebody else since");
    co_return std::move(*text);
}

}  // namespace

asio::awaitable<net::Response> edit_letter(const Means& with, const Call& call)
{
    const auto asked = read_asked(with, call, false);
    if (!asked)
        co_return failed(asked.error());
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    auto editing = edit(with, *found, *asked, call.caller);
    const auto done = co_await std::move(editing);
    if (!done)
        co_return failed(done.error());
    const auto name = letter_text(found->event, found->delivery);
    with.log.info("a dead letter was edited", observability::LogLine{}
                                                  .field("letter", name)
                                                  .field("edits", asked->edits.size())
                                                  .field("why", asked->why)
                                                  .field("who", call.caller.name));
    co_return reply(200,
                    json::object{{"letter", name}, {"event", found->event.text()}, {"edits", asked->edits.size()}});
}

asio::awaitable<net::Response> edit_letters(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    auto asked = read_asked(with, call, true);
    if (!asked)
        co_return failed(asked.error());
    const auto count = with.history.count_letters(*asked->filter, most_edited + 1);
    if (!count)
        co_return failed(count.error());
    if (*count > most_edited)
        co_return refuse(409, "too_many_letters",
                         fmt::format("the filter finds more than {} letters; narrow it", most_edited));
    retry::Letters letters(with.redis, with.scripts);
    std::uint64_t done = 0, others = 0;
    json::array failures;
    std::set<EventId> events;  // several letters may be of one, whose document is edited once
    do {
        const auto page = with.history.letters(*asked->filter);
        if (!page)
            co_return failed(page.error());
        for (const auto& row : page->letters) {
            if (events.contains(row.event)) {
                ++done;
                continue;
            }
            const auto id = parse_letter(row.letter);
            const auto letter = co_await letters.show(row.event, id ? id->delivery : std::nullopt);
            if (!letter)
                co_return failed(letter.error());
            Result<std::string> made =
                fail(FailureClass::permanent, "letter_changed", "the letter is gone or has died again since");
            if (*letter) {
                auto editing = edit(with, **letter, *asked, call.caller);
                made = co_await std::move(editing);
            }
            if (made) {
                ++done;
                events.insert(row.event);
            } else if (failures.size() < most_told) {
                failures.push_back(json::object{
                    {"letter", row.letter}, {"error", made.error().code}, {"detail", made.error().detail}});
            } else {
                ++others;
            }
        }
        asked->filter->cursor = page->next;
    } while (!asked->filter->cursor.empty());
    with.log.info(
        "dead letters were edited",
        observability::LogLine{}.field("letters", done).field("why", asked->why).field("who", call.caller.name));
    co_return reply(200, json::object{{"edited", done}, {"failed", std::move(failures)}, {"failed_more", others}});
}

}  // namespace headgate::gateway::api
