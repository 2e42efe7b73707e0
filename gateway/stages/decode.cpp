#include "gateway/stages/decode.hpp"

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "gateway/edits.hpp"
#include "gateway/stages/context.hpp"
#include "gateway/stages/identify.hpp"

namespace headgate::gateway {

namespace {

/// What people changed of it is so from here on.
Result<void> with_edits(Event& event)
{
    if (event.envelope.edits.empty())
        return {};
    const auto edits = read_edits(event.envelope.edits);
    if (!edits)
        return std::unexpected(edits.error());
    auto text = edited(*event.document, *edits);
    if (!text)
        return std::unexpected(std::move(text.error()));
    event.envelope.body = std::move(*text);  // the document's texts stand in it
    auto document = connectors::read_json(event.envelope.body);
    if (!document)
        return std::unexpected(std::move(document.error()));
    event.document = std::move(*document);
    return {};
}

}  // namespace

Result<Decoded> decode(Event& event)
{
    Decoded decoded;
    if (const auto part = part_too_long(event.envelope); !part.empty())
        return fail(FailureClass::permanent, "identity_too_long",
                    "the " + std::string(part) + " is longer than " + std::to_string(longest_identity) + " bytes");
    decoded.topic = event.channel->wanted(event.envelope.topic);
    if (decoded.topic == nullptr)
        return decoded;
    if (!event.document) {
        auto document = connectors::read_document(event.envelope.body, event.channel->connector->config.format);
        if (!document)
            return std::unexpected(std::move(document.error()));
        event.document = std::move(*document);
        if (auto made = with_edits(event); !made)
            return std::unexpected(std::move(made.error()));
    }
    decoded.document = &*event.document;
    if (const auto& inner = event.channel->connector->document) {
        const EventContext context(event, *event.document, 0);
        const auto root = inner->node(context.seen);
        if (!root)
            return std::unexpected(root.error());
        decoded.nothing_at_document = *root == no_node;
        decoded.root = decoded.nothing_at_document ? 0 : *root;
    }
    return decoded;
}

}  // namespace headgate::gateway
