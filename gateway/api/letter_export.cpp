#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "gateway/api/letter_filter.hpp"
#include "gateway/api/letter_json.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t most_bytes = 4U << 20U;  // of bodies in one page, beyond the first

}  // namespace

asio::awaitable<net::Response> export_letters(const Means& with, const Call& call)
{
    const auto asked = asked_page(call);
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
