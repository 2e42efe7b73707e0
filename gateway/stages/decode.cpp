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

/// The body as a document, with what people changed of it.
Result<void> read_body(Event& event)
{
    if (event.document)
        return {};
    auto document = connectors::read_document(event.envelope.body, format_of(*event.channel, event.envelope));
    if (!document)
        return std::unexpected(std::move(document.error()));
    event.document = std::move(*document);
    return with_edits(event);
}

/// A message that did not say what happened is taken in all the same, and is a letter unless it says so by now: it was
/// edited, or the connector looks elsewhere.
Result<void> name_by_body(Event& event)
{
    const Envelope& envelope = event.envelope;
    if (envelope.topic != sqs_topic || !envelope.intake.starts_with(sqs_mark) ||
        event.channel->connector->topics.contains(sqs_topic))
        return {};
    if (auto done = read_body(event); !done)
        return done;
    const EventContext context(event, *event.document, event.document->root());
    auto topic = event.channel->connector->topic->text(context.seen);
    if (!topic)
        return std::unexpected(std::move(topic.error()));
    if (!*topic)
        return fail(FailureClass::permanent, "topic_missing", "the message does not say what happened");
    event.said_topic = std::move(**topic);
    return {};
}

/// Of what a batch held: it says what it is, and its signature held or holds with a secret of today.
Result<void> whole_item(const Event& event, const Topic& topic)
{
    const Envelope& envelope = event.envelope;
    if (as_sent(envelope))
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
    if (auto named = name_by_body(event); !named)
        return std::unexpected(std::move(named.error()));
    decoded.topic = event.channel->wanted(event.topic());
    if (decoded.topic == nullptr)
        return decoded;
    if (auto read = read_body(event); !read)
        return std::unexpected(std::move(read.error()));
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
