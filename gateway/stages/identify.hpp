#pragma once

#include <string_view>

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// Topic, idempotency key and order key are texts of at most so many bytes.
inline constexpr std::size_t longest_identity = 512;

/// Which event it is: topic, idempotency key, order key, id. Takes the body out of the request. 400
/// `idempotency_key_missing` or `topic_missing`; a body that does not decode is no reason to refuse, its order key is
/// then the idempotency key. A part that is too long is cut and ends in the hash of the whole, so that a repeat is
/// still one and the event is stored; what is wrong with it is decode's to say.
Intake<Identified> identify(const Received& received);
/// The same of what came otherwise: an item of a batch, a document that was fetched, a row of a file. `arrived` has
/// channel, headers, body and `intake`; what it has of topic and keys already stays so.
Intake<Identified> identify(const Channel& channel, Envelope arrived);

/// Topic and key that a body and its headers say, bounded; empty where they do not.
struct Identity {
    std::string topic;
    std::string key;
    std::optional<Document> document;  // of the body, when it was needed and decodes; it borrows the envelope's text
};
[[nodiscard]] Identity identity_of(const Channel& channel, const Envelope& envelope);

/// How the intake of what came in a message of Amazon SQS begins: "sqs MESSAGE".
inline constexpr std::string_view sqs_mark = "sqs ";
/// The topic of a message that does not say what happened. Unless the connector has a topic of this name, it is looked
/// for again whenever the event is decoded.
inline constexpr std::string_view sqs_topic = "sqs";

/// Whether the body is as its sender wrote it: it came as a request, or in a message. Any other is JSON of ours.
[[nodiscard]] bool as_sent(const Envelope& envelope);

/// What the bodies of an event are written in: the connector's format when they are as they were sent, else JSON.
[[nodiscard]] const connectors::FormatConfig& format_of(const Channel& channel, const Envelope& envelope);

/// The name of the part that was too long, or nothing.
[[nodiscard]] std::string_view part_too_long(const Envelope& envelope);

}  // namespace headgate::gateway
