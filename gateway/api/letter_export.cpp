#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "gateway/api/letter_filter.hpp"
#include "gateway/api/letter_json.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/letter_id.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t most_bytes = 4U << 20U;  // of bodies in one page, beyond the first

/// Whether some of it may have reached its system, as Redis has it.
Task<bool> maybe_sent(const Means& with, const observability::LetterRow& letter)
{
    const auto id = parse_letter(letter.letter).value_or(LetterId{letter.event, {}});
    auto key = retry::event_key(id.delivery ? "d" : "e", id.event);
    if (id.delivery)
        key += view(*id.delivery);
    std::vector<std::string> get{"HGET", std::move(key), "maybe"};
    auto found = co_await with.redis.command(std::move(get));
    if (!found)
        co_return std::unexpected(std::move(found.error()));
    co_return found->text == "1";
}

}  // namespace

asio::awaitable<net::Response> export_letters(const Means& with, const Call& call)
{
    const auto asked = asked_page(with, call);
    if (!asked)
        co_return failed(asked.error());
    const auto page = with.history.letters(asked->filter);
    if (!page)
        co_return failed(page.error());

    json::array rows;
    std::string next = page->next;
    std::size_t size = 0;
    for (const auto& letter : page->letters) {
        if (size > most_bytes)
            break;
        auto row = letter_json(with, letter);
        row["masked"] = !call.reveal;
        const auto bytes = co_await stored(with, letter.event);
        if (!bytes)
            co_return failed(bytes.error());
        const auto maybe = co_await maybe_sent(with, letter);
        if (!maybe)
            co_return failed(maybe.error());
        row["maybe_sent"] = *maybe;
        if (const auto envelope = decode_envelope(*bytes)) {
            row["envelope"] = envelope_json(with, call, *envelope);
            row["envelope"].as_object()["body"] =
                to_base64(call.reveal ? envelope->body : with.mask.body(envelope->body));
            size += envelope->body.size();
        }
        next = rows.size() + 1 == page->letters.size() ? page->next : letter.cursor;
        rows.push_back(std::move(row));
    }
    const auto count = rows.size();
    co_return reply(200, json::object{{"letters", std::move(rows)}, {"count", count}, {"next", next}});
}

}  // namespace headgate::gateway::api
