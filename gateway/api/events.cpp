#include <boost/json.hpp>

#include "gateway/api/resources.hpp"
#include "gateway/api/scope.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/letter_id.hpp"

namespace headgate::gateway::api {

namespace {

json::object row_json(const observability::HistoryRow& row)
{
    json::object out{{"event", row.event.text()},
                     {"state", row.state},
                     {"reason", row.reason},
                     {"channel", row.channel},
                     {"source", row.source},
                     {"topic", row.topic},
                     {"entity", row.entity},
                     {"order_number", row.order_number},
                     {"seq", row.seq},
                     {"round", row.round}};
    out["received_at"] = time_text(row.received_at);
    out["finished_at"] = time_text(row.finished_at);
    return out;
}

/// History keeps instants as milliseconds; people read them as all other times.
void say_times(json::value& value)  // NOLINT(misc-no-recursion)
{
    if (auto* list = value.if_array()) {
        for (auto& item : *list)
            say_times(item);
    } else if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            if ((member.key() == "finished" || member.key() == "until") && member.value().is_int64())
                member.value() = time_text(std::chrono::sys_time<std::chrono::milliseconds>(
                    std::chrono::milliseconds(member.value().get_int64())));
            else
                say_times(member.value());
        }
    }
}

/// The event that a call names, which has no parameters; not there for a caller who may not see it.
asio::awaitable<std::expected<EventId, net::Response>> event_of(const Means& with, const Call& call)
{
    const auto id = parse_letter(call.name);
    if (!id)
        co_return std::unexpected(refuse(400, "bad_event_id", "an event id is a UUID"));
    if (id->delivery)
        co_return std::unexpected(refuse(400, "bad_event_id", "this names a letter, not an event"));
    if (const auto none = parameters(call.query, {}); !none)
        co_return std::unexpected(failed(none.error()));
    const auto seen = co_await may_see(with, call.caller, id->event);
    if (!seen)
        co_return std::unexpected(failed(seen.error()));
    if (!*seen)
        co_return std::unexpected(not_found("no such event"));
    co_return id->event;
}

}  // namespace

asio::awaitable<net::Response> list_events(const Means& with, const Call& call)
{
    observability::HistoryFilter filter;
    auto given = parameters(call.query, {"state", "channel", "source", "entity", "cursor", "limit"});
    if (!given)
        co_return failed(given.error());
    filter.state = (*given)["state"];
    filter.channel = (*given)["channel"];
    filter.source = (*given)["source"];
    filter.entity = (*given)["entity"];
    filter.cursor = (*given)["cursor"];
    const auto limit = limit_of(*given, filter.limit);
    if (!limit)
        co_return failed(limit.error());
    filter.limit = *limit;
    filter.channels = call.caller.scope.channels;
    const auto page = with.history.list(filter);
    if (!page)
        co_return failed(page.error());
    json::array rows;
    for (const auto& row : page->rows) {
        const auto seen = co_await may_see(with, call.caller, row.event);
        if (!seen)
            co_return failed(seen.error());
        if (*seen)
            rows.push_back(row_json(row));
    }
    co_return reply(200, json::object{{"events", std::move(rows)}, {"next", page->next}});
}

asio::awaitable<net::Response> show_event(const Means& with, const Call& call)
{
    const auto id = co_await event_of(with, call);
    if (!id)
        co_return id.error();
    const auto row = with.history.show(*id);
    if (!row)
        co_return failed(row.error());
    auto bytes = co_await stored(with, *id);
    if (!bytes)
        co_return failed(bytes.error());
    if (!*row && bytes->empty())
        co_return not_found("no such event");
    json::object out = *row ? row_json(**row) : json::object{{"event", id->text()}, {"state", "waiting"}};
    if (*row && !(*row)->timeline.empty()) {
        boost::system::error_code error;
        auto timeline = json::parse((*row)->timeline, error);
        if (!error) {
            say_times(timeline);
            out["timeline"] = std::move(timeline);
        }
    }
    if (!bytes->empty())
        if (const auto envelope = decode_envelope_head(*bytes))
            out["envelope"] = envelope_json(with, call, *envelope);
    co_return reply(200, out);
}

asio::awaitable<net::Response> event_body(const Means& with, const Call& call)
{
    const auto id = co_await event_of(with, call);
    if (!id)
        co_return id.error();
    const auto bytes = co_await stored(with, *id);
    if (!bytes)
        co_return failed(bytes.error());
    if (bytes->empty())
        co_return not_found("no such event");
    auto envelope = decode_envelope(*bytes);
    if (!envelope)
        co_return failed(envelope.error());
    net::Response response;
    response.content_type = "application/octet-stream";
    response.body = call.reveal ? std::move(envelope->body) : with.mask.body(envelope->body);
    if (!call.reveal)
        response.fields.emplace_back("Headgate-Masked", "true");
    co_return response;
}

}  // namespace headgate::gateway::api
