#include "gateway/api/stored_event.hpp"

#include <boost/json.hpp>

#include "connectors/formats/json.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/tools/document_text.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway::api {

Task<std::string> stored(const Means& with, EventId id)
{
    std::vector<std::string> get{"GET", retry::event_key("b", id)};
    auto found = co_await with.redis.command(std::move(get));
    if (!found)
        co_return std::unexpected(std::move(found.error()));
    if (!found->text.empty())
        co_return std::move(found->text);
    auto kept = with.history.raw(id);
    if (!kept)
        co_return std::unexpected(std::move(kept.error()));
    co_return std::move(*kept).value_or("");
}

namespace {

/// The name that the value at a pointer is known by; an item of a list is known by the list's.
std::string name_of(std::string_view pointer)
{
    while (!pointer.empty()) {
        const auto slash = pointer.rfind('/');
        const auto name = pointer.substr(slash + 1);
        if (name != "-" && name.find_first_not_of("0123456789") != std::string_view::npos)
            return std::string(name);
        pointer = slash == std::string_view::npos ? std::string_view{} : pointer.substr(0, slash);
    }
    return {};
}

}  // namespace

json::array edits_json(const Means& with, const Call& call, const Envelope& envelope)
{
    json::array edits;
    const auto all = connectors::read_json(envelope.edits);
    if (envelope.edits.empty() || !all)
        return edits;
    for (const NodeIndex item : all->children(0)) {
        json::object edit;
        for (const NodeIndex member : all->children(item)) {
            const auto& node = (*all)[member];
            edit[node.name] = node.name == "value" ? json_text(*all, member) : std::string(node.text);
        }
        const auto value = all->member(item, "value");
        const auto path = all->member(item, "path");
        if (value != no_node && path != no_node && !call.reveal) {
            const auto name = json::serialize(json::string(name_of((*all)[path].text)));
            const auto masked = with.mask.body("{" + name + ":" + json_text(*all, value) + "}");
            edit["value"] = masked.size() < name.size() + 3
                                ? masked
                                : masked.substr(name.size() + 2, masked.size() - name.size() - 3);
        }
        edits.push_back(std::move(edit));
    }
    return edits;
}

json::object envelope_json(const Means& with, const Call& call, const Envelope& envelope)
{
    json::object headers;
    for (const auto& [name, value] : envelope.headers)
        headers[name] = call.reveal ? value : with.mask.value(name, value);
    json::object out{{"event", envelope.event.text()},
                     {"channel", envelope.channel},
                     {"source", envelope.source},
                     {"topic", envelope.topic},
                     {"idempotency_key", envelope.idempotency_key},
                     {"order_key", envelope.order_key},
                     {"conflict_of", envelope.conflict_of},
                     {"received_at", time_text(envelope.received_at)},
                     {"headers", std::move(headers)},
                     {"edits", edits_json(with, call, envelope)}};
    if (!envelope.intake.empty())
        out["intake"] = envelope.intake;
    if (!envelope.imported.empty())
        out["imported"] = json::parse(envelope.imported);
    return out;
}

}  // namespace headgate::gateway::api
