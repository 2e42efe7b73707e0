#include "gateway/stages/decode.hpp"

#include "connectors/formats/json.hpp"

namespace headgate::gateway {

Result<Decoded> decode(Event& event)
{
    Decoded decoded;
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
        const mapping::MappingContext context{.document = *event.document, .headers = event.envelope.headers};
        const auto root = inner->node(context);
        if (!root)
            return std::unexpected(root.error());
        decoded.root = *root == no_node ? 0 : *root;
    }
    return decoded;
}

}  // namespace headgate::gateway
