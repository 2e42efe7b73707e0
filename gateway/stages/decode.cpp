#include "gateway/stages/decode.hpp"

#include "connectors/formats/json.hpp"
#include "gateway/stages/context.hpp"
#include "gateway/stages/identify.hpp"

namespace headgate::gateway {

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
        auto document = connectors::read_json(event.envelope.body);
        if (!document)
            return std::unexpected(std::move(document.error()));
        event.document = std::move(*document);
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
