#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// The body as a document, and its object of interest. Fails with `identity_too_long` and the format's codes. A topic
/// nobody wants gives `topic == nullptr`: the event is suppressed as filtered, whatever its body is.
Result<Decoded> decode(Event& event);

}  // namespace headgate::gateway
