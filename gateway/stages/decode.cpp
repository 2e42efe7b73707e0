#include "gateway/stages/decode.hpp"

#include <algorithm>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "gateway/bad_row.hpp"
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

/// Of what a batch held: it says what it is, and its signature held or holds with a secret of today.
Result<void> whole_item(const Event& event, const Topic& topic)
{
    const Envelope& envelope = event.envelope;
    if (envelope.intake.empty())
        return {};
    if (topic.split)
        return fail(FailureClass::permanent, "topic_missing",
                    "the item does not say what happened: it has the topic of its batch");
    const auto is_wrong = [](const auto& header) { return header.first == wrong_item_header; };
    if (std::ranges::none_of(envelope.headers, is_wrong) || !event.channel->item_signatures)
        return {};
    const Document& document = *event.document;
    auto judged = event.channel->item_signatures->judge(document, document.root(), *event.channel);
    if (judged)
        return {};
    Failure failure = std::move(judged.error());
    failure.failure_class = FailureClass::permanent;  // others of its batch are good
    failure.detail = "an item of a batch: " + failure.detail;
    return std::unexpected(std::move(failure));
}

}  // namespace

Result<Decoded> decode(Event& event)
{
    Decoded decoded;
    if (const auto part = part_too_long(event.envelope); !part.empty())
        return fail(FailureClass::permanent, "identity_too_long",
                    "the " + std::string(part) + " is longer than " + std::to_string(longest_identity) + " bytes");
    if (auto failed = bad_row(event.envelope); failed && event.envelope.edits.empty())
        return std::unexpected(std::move(*failed));
    decoded.topic = event.channel->wanted(event.envelope.topic);
    if (decoded.topic == nullptr)
        return decoded;
    if (!event.document) {
        auto document = connectors::read_document(event.envelope.body, format_of(*event.channel, event.envelope));
        if (!document)
            return std::unexpected(std::move(document.error()));
        event.document = std::move(*document);
        if (auto made = with_edits(event); !made)
            return std::unexpected(std::move(made.error()));
    }
    decoded.document = &*event.document;
    if (auto whole = whole_item(event, *decoded.topic); !whole)
        return std::unexpected(std::move(whole.error()));
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

Result<std::string_view> of_other_mode(const Event& event, const Decoded& decoded)
{
    using Takes = ChannelConfig::Takes;
    const auto& test = event.channel->connector->test;
    const Takes takes = event.channel->config.takes;
    if (!test || takes == Takes::any || !event.document)
        return std::string_view();
    const EventContext context(event, *event.document, decoded.root);
    const auto said = test->json(context.seen);
    if (!said)
        return std::unexpected(said.error());
    const bool is_test = *said == "true";
    if ((!is_test && *said != "false") || is_test == (takes == Takes::test))
        return std::string_view();
    return std::string_view(is_test ? "test_event" : "live_event");
}

}  // namespace headgate::gateway
