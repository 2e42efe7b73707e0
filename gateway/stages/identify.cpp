#include "gateway/stages/identify.hpp"

#include <algorithm>

#include "connectors/formats/json.hpp"

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

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return out;
}

std::unexpected<Refused> missing(std::string code, std::string detail)
{
    return std::unexpected(Refused{400, {FailureClass::permanent, std::move(code), std::move(detail), {}}, {}});
}

}  // namespace

Intake<Identified> identify(const Received& received)
{
    const Channel& channel = *received.channel;
    Identified identified;
    identified.channel = &channel;
    Envelope& envelope = identified.envelope;
    envelope.event = EventId::make(received.at);
    envelope.source = channel.source;
    envelope.channel = channel.name;
    envelope.received_at = received.at;
    for (const auto& field : received.request->fields)
        if (channel.keeps(field.name))
            envelope.headers.emplace_back(lower(field.name), field.value);
    envelope.body = std::move(received.request->body);
    identified.digest = sha256(envelope.body);

    // Decoded once, here: the order key needs it now, and mapping has it ready afterwards.
    if (auto document = connectors::read_json(envelope.body))
        identified.document = std::move(*document);
    const mapping::MappingContext context{.document = identified.document ? *identified.document : no_document(),
                                          .headers = envelope.headers,
                                          .channel_name = channel.name,
                                          .channel_zone = channel.zone};

    const Connector& connector = *channel.connector;
    const auto topic = connector.topic->text(context);
    if (!topic || !*topic)
        return missing("topic_missing", "the request does not say what happened");
    envelope.topic = **topic;
    const auto key = connector.idempotency_key->text(context);
    if (!key || !*key)
        return missing("idempotency_key_missing", "the request carries no id of its event");
    envelope.idempotency_key = **key;

    envelope.order_key = envelope.idempotency_key;
    const Topic* wanted = channel.wanted(envelope.topic);
    const auto& order_by = channel.order_by ? channel.order_by : wanted != nullptr ? wanted->order_by : std::nullopt;
    if (order_by && identified.document)
        if (const auto text = order_by->text(context); text && *text)
            envelope.order_key = **text;
    return identified;
}

}  // namespace headgate::gateway
