#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// Which event it is: topic, idempotency key, order key, id. Takes the body out of the request. 400
/// `idempotency_key_missing` or `topic_missing`; a body that does not decode is no reason to refuse, its order key is
/// then the idempotency key.
Intake<Identified> identify(const Received& received);

}  // namespace headgate::gateway
