#include "gateway/stages/identify.hpp"

#include <algorithm>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json_peek.hpp"
#include "core/ascii.hpp"

namespace headgate::gateway {

namespace {

const Document& no_document()
{
    static const Document document = [] {
        DocumentBuilder builder;
        builder.null();
        return std::move(builder).finish();
    }();
    return document;
}

/// A text that is too long, cut behind a whole character, with the hash of all of it: as distinct as it was. It stays
/// longer than what is allowed, so that it is known for what it is.
std::string bounded(std::string text)
{
    if (text.size() <= longest_identity)
        return text;
    const std::string hash = to_hex(sha256(text));
    std::size_t end = longest_identity;
    while (end > longest_identity - 3 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    text.resize(end);
    return text + "…sha256:" + hash;
}

std::unexpected<Refused> missing(std::string code, std::string detail)
{
    return std::unexpected(Refused{400, {FailureClass::permanent, std::move(code), std::move(detail), {}}, {}});
}

mapping::MappingContext context_of(const Channel& channel, const Envelope& envelope, const Document& document)
{
    return mapping::MappingContext{.document = document,
                                   .headers = envelope.headers,
                                   .channel_name = channel.name,
                                   .channel_zone = channel.zone,
                                   .channel_settings = &channel.settings};
}

/// What stays in order; nothing when the body does not say it.
std::optional<std::string> order_key(Identified& identified, const Topic* topic)
{
    const auto& own = identified.channel->order_by;
    const OrderBy* order_by = own ? &*own : topic != nullptr && topic->order_by ? &*topic->order_by : nullptr;
    if (order_by == nullptr)
        return std::nullopt;
    const auto& format = format_of(*identified.channel, identified.envelope);
    if (!order_by->paths.empty() && format.kind == connectors::FormatConfig::Kind::json)
        return connectors::peek_json(identified.envelope.body, order_by->paths);
    if (!identified.document) {
        auto document = connectors::read_document(identified.envelope.body, format);
        if (!document)
            return std::nullopt;
        identified.document = std::move(*document);
    }
    auto text = order_by->expression.text(context_of(*identified.channel, identified.envelope, *identified.document));
    return text ? std::move(*text) : std::nullopt;
}

}  // namespace

bool as_sent(const Envelope& envelope)
{
    return envelope.intake.empty() || envelope.intake.starts_with(sqs_mark);
}

const connectors::FormatConfig& format_of(const Channel& channel, const Envelope& envelope)
{
    static const connectors::FormatConfig json;
    return as_sent(envelope) ? channel.connector->config.format : json;
}

Identity identity_of(const Channel& channel, const Envelope& envelope)
{
    const Connector& connector = *channel.connector;
    Identity identity;
    if (connector.identity_reads_document)
        if (auto document = connectors::read_document(envelope.body, format_of(channel, envelope)))
            identity.document = std::move(*document);
    const auto context = context_of(channel, envelope, identity.document ? *identity.document : no_document());
    if (auto topic = connector.topic->text(context); topic && *topic)
        identity.topic = bounded(std::move(**topic));
    if (auto key = connector.idempotency_key->text(context); key && *key)
        identity.key = bounded(std::move(**key));
    return identity;
}

Intake<Identified> identify(const Received& received)
{
    Envelope envelope;
    envelope.received_at = received.at;
    for (const auto& field : received.request->fields)
        if (received.channel->keeps(field.name))
            envelope.headers.emplace_back(lower(field.name), field.value);
    envelope.body = std::move(received.request->body);
    return identify(*received.channel, std::move(envelope));
}

Intake<Identified> identify(const Channel& channel, Envelope arrived)
{
    Identified identified;
    identified.channel = &channel;
    Envelope& envelope = identified.envelope = std::move(arrived);
    envelope.event = EventId::make(envelope.received_at);
    envelope.source = channel.source;
    envelope.channel = channel.name;
    identified.digest = body_digest(envelope.body);

    if (envelope.topic.empty() || envelope.idempotency_key.empty()) {
        auto said = identity_of(channel, envelope);
        identified.document = std::move(said.document);
        if (envelope.topic.empty())
            envelope.topic = std::move(said.topic);
        if (envelope.idempotency_key.empty())
            envelope.idempotency_key = std::move(said.key);
    }
    if (envelope.topic.empty())
        return missing("topic_missing", "the request does not say what happened");
    if (envelope.idempotency_key.empty())
        return missing("idempotency_key_missing", "the request carries no id of its event");
    if (envelope.order_key.empty()) {
        auto order = order_key(identified, channel.wanted(envelope.topic));
        envelope.order_key = order ? bounded(std::move(*order)) : envelope.idempotency_key;
    }
    return identified;
}

std::string_view part_too_long(const Envelope& envelope)
{
    constexpr std::size_t digest = 1 + 2 * std::tuple_size_v<Digest>;  // "#" and what a conflict's key ends in
    if (envelope.topic.size() > longest_identity)
        return "topic";
    if (envelope.idempotency_key.size() > longest_identity + (envelope.conflict_of.empty() ? 0 : digest))
        return "idempotency key";
    return envelope.order_key.size() > longest_identity ? "order key" : "";
}

}  // namespace headgate::gateway
