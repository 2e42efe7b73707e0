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

/// What the bodies of an event are written in: what did not come as a request is JSON.
[[nodiscard]] const connectors::FormatConfig& format_of(const Channel& channel, const Envelope& envelope);

/// The name of the part that was too long, or nothing.
[[nodiscard]] std::string_view part_too_long(const Envelope& envelope);

}  // namespace headgate::gateway
