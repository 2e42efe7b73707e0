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

/// The name of the part that was too long, or nothing.
[[nodiscard]] std::string_view part_too_long(const Envelope& envelope);

}  // namespace headgate::gateway
