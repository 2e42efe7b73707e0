#include "gateway/api/stored_event.hpp"

#include "gateway/api/answers.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway::api {

Task<std::string> stored(const Means& with, EventId id)
{
    const auto kept = with.history.raw(id);
    if (!kept)
        co_return std::unexpected(kept.error());
    if (*kept && !(*kept)->empty())
        co_return **kept;
    std::vector<std::string> get{"GET", retry::event_key("b", id)};
    auto found = co_await with.redis.command(std::move(get));
    if (!found)
        co_return std::unexpected(std::move(found.error()));
    co_return std::move(found->text);
}

json::object envelope_json(const Envelope& envelope)
{
    json::object headers;
    for (const auto& [name, value] : envelope.headers)
        headers[name] = value;
    return {{"event", envelope.event.text()},
            {"channel", envelope.channel},
            {"source", envelope.source},
            {"topic", envelope.topic},
            {"idempotency_key", envelope.idempotency_key},
            {"order_key", envelope.order_key},
            {"conflict_of", envelope.conflict_of},
            {"received_at", time_text(envelope.received_at)},
            {"headers", std::move(headers)}};
}

}  // namespace headgate::gateway::api
