#include "gateway/unfolding.hpp"

#include <charconv>

#include "connectors/formats/json.hpp"
#include "core/hash.hpp"
#include "gateway/item_signatures.hpp"
#include "gateway/stages/context.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/tools/document_text.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

std::string json_quoted(std::string_view text)
{
    std::string out;
    mapping::append_json_string(out, text);
    return out;
}

constexpr std::string_view split_mark = "split ";
constexpr std::string_view fetched_mark = "fetch ";
constexpr std::size_t longest_key = 480;  // that something can be put behind

/// A key that its place is put behind is as long as any other.
std::string with_place(const std::string& key, std::size_t place)
{
    return (key.size() <= longest_key ? key : "sha256:" + to_hex(sha256(key))) + "#" + std::to_string(place);
}

std::string text_at(const Document& document, std::string_view name)
{
    const NodeIndex node = document.member(document.root(), name);
    return node == no_node ? std::string() : std::string(document[node].text);
}

}  // namespace

Result<bool> unfolds(const Event& event, const Decoded& decoded)
{
    const std::string& intake = event.envelope.intake;
    if (decoded.topic->split)
        return as_sent(event.envelope);
    const auto& fetch = decoded.topic->fetch;
    if (!fetch || intake.starts_with(fetched_mark))
        return false;
    if (fetch->when) {
        const EventContext context(event, *decoded.document, decoded.document->root());
        const auto wanted = fetch->when->holds(context.seen);
        if (!wanted || !*wanted)
            return wanted;
    }
    if (event.channel->api == nullptr && fetch->required)
        return fail(FailureClass::permanent, "api_missing",
                    "the event only names its document, and the channel has no `api` to fetch it from");
    return event.channel->api != nullptr;
}

Result<Document> items_of(const mapping::Expression& split, const mapping::MappingContext& context, std::string& text,
                          std::string_view key)
{
    auto found = split.json(context);
    if (!found)
        return std::unexpected(std::move(found.error()));
    text = std::move(*found);
    auto items = connectors::read_json(text);
    if (!items)
        return std::unexpected(std::move(items.error()));
    if ((*items)[items->root()].kind != NodeKind::list)
        return fail(FailureClass::permanent, "split_wrong", "`" + std::string(key) + "` finds no list in this body");
    if (const auto count = items->children(items->root()).size(); count > most_items)
        return fail(FailureClass::permanent, "limit_items",
                    "the body holds " + std::to_string(count) + " items, more than " + std::to_string(most_items));
    return items;
}

namespace {

/// What both kinds of delivery say of their event, without the closing brace.
std::string head_of(const Event& event)
{
    const Envelope& envelope = event.envelope;
    std::string out =
        "{\"event\":" + json_quoted(envelope.event.text()) + ",\"topic\":" + json_quoted(event.topic()) +
        ",\"key\":" + json_quoted(envelope.idempotency_key) + ",\"received_ms\":" +
        std::to_string(
            std::chrono::duration_cast<std::chrono::milliseconds>(envelope.received_at.time_since_epoch()).count()) +
        ",\"headers\":{";
    for (const auto& [name, value] : envelope.headers)
        if (name != wrong_item_header)  // which is ours to say
            out += (out.back() == '{' ? "" : ",") + json_quoted(name) + ":" + json_quoted(value);
    return out + "}";
}

Transaction transaction_of(const Event& event, std::string_view slot)
{
    const Envelope& envelope = event.envelope;
    Transaction transaction;
    transaction.type = transaction.family = events_type;
    transaction.order = Order::free;
    transaction.slot.mapping = slot;
    transaction.entity = "events/" + envelope.order_key;
    transaction.id = "events/" + envelope.idempotency_key;
    transaction.version.kind = Version::Kind::once;
    transaction.json = head_of(event);
    return transaction;
}

Result<Routed> unfold_fetch(const Event& event, const Decoded& decoded, const EventContext& context)
{
    auto path = decoded.topic->fetch->path.text(context.seen);
    if (!path)
        return std::unexpected(std::move(path.error()));
    const bool there = *path && ((*path)->starts_with('/') || (*path)->starts_with("http"));
    if (!there)
        return fail(FailureClass::permanent, "fetch_path_missing",
                    "the event does not say what is to be fetched: `fetch.path` is null, or does not begin with / or "
                    "http");
    Routed routed;
    routed.system = api_name(event.channel->name);
    routed.transaction = transaction_of(event, "fetch");
    routed.transaction.json += ",\"order_key\":" + json_quoted(event.envelope.order_key) +
                               ",\"path\":" + json_quoted(**path) +
                               ",\"document\":" + json_text(*decoded.document, decoded.document->root()) + "}";
    return routed;
}

}  // namespace

Result<Routed> unfold(const Event& event, const Decoded& decoded)
{
    const EventContext context(event, *decoded.document, decoded.document->root());
    if (decoded.topic->fetch)
        return unfold_fetch(event, decoded, context);
    std::string text;
    const auto items = items_of(*decoded.topic->split, context.seen, text);
    if (!items)
        return std::unexpected(items.error());

    Routed routed;
    routed.system = door_name;
    routed.transaction = transaction_of(event, "split");
    std::string& out = routed.transaction.json;
    out += ",\"wrong\":[";
    const auto list = items->children(items->root());
    if (event.channel->item_signatures)
        for (std::size_t i = 0; i < list.size(); ++i)
            if (!event.channel->item_signatures->judge(*items, list[i], *event.channel))
                out += (out.back() == '[' ? "" : ",") + std::to_string(i);
    out += "],\"items\":";
    out += text;
    out += '}';
    return routed;
}

namespace {

/// What all that comes of an event have of it.
Envelope common_of(const Document& document, std::string_view mark)
{
    std::int64_t received = 0;
    const std::string ms = text_at(document, "received_ms");
    std::from_chars(ms.data(), ms.data() + ms.size(), received);
    Envelope common;
    common.received_at = std::chrono::system_clock::time_point{std::chrono::milliseconds{received}};
    common.intake = std::string(mark) + text_at(document, "event");
    for (const NodeIndex header : document.children(document.member(document.root(), "headers")))
        common.headers.emplace_back(document[header].name, document[header].text);
    return common;
}

}  // namespace

Result<ToFetch> to_fetch(const Channel& channel, std::string_view transaction)
{
    const auto read = connectors::read_json(transaction);
    if (!read)
        return std::unexpected(read.error());
    const Document& document = *read;
    ToFetch made;
    made.event = common_of(document, fetched_mark);
    made.event.topic = text_at(document, "topic");
    const std::string key = text_at(document, "key");
    made.event.idempotency_key = (key.size() <= longest_key ? key : "sha256:" + to_hex(sha256(key))) + "#fetched";
    made.event.order_key = text_at(document, "order_key");
    made.event.body = json_text(document, document.member(document.root(), "document"));
    made.path = text_at(document, "path");
    const Topic* topic = channel.wanted(made.event.topic);
    if (topic == nullptr || !topic->fetch)
        return fail(FailureClass::permanent, "not_fetched",
                    "the connector does not fetch anything for this topic any more; replay the event");
    made.how = &*topic->fetch;
    return made;
}

Result<std::vector<Envelope>> unfolded(const Channel& channel, std::string_view transaction)
{
    const auto read = connectors::read_json(transaction);
    if (!read)
        return std::unexpected(read.error());
    const Document& document = *read;
    const NodeIndex root = document.root();
    const Envelope common = common_of(document, split_mark);

    const NodeIndex items = document.member(root, "items");
    std::vector<bool> forged(document.children(items).size());
    for (const NodeIndex place : document.children(document.member(root, "wrong"))) {
        std::size_t at = forged.size();
        const auto text = document[place].text;
        std::from_chars(text.data(), text.data() + text.size(), at);
        if (at < forged.size())
            forged[at] = true;
    }

    const std::string topic = text_at(document, "topic");
    const std::string key = text_at(document, "key");
    std::vector<Envelope> envelopes;
    envelopes.reserve(forged.size());
    for (const NodeIndex item : document.children(items)) {
        Envelope envelope = common;
        envelope.body = json_text(document, item);
        if (forged[envelopes.size()])
            envelope.headers.emplace_back(wrong_item_header, "1");
        auto named = identity_of(channel, envelope);
        envelope.topic = named.topic.empty() ? topic : std::move(named.topic);
        envelope.idempotency_key =
            named.key.empty() || named.key == key ? with_place(key, envelopes.size()) : std::move(named.key);
        envelopes.push_back(std::move(envelope));
    }
    return envelopes;
}

}  // namespace headgate::gateway
