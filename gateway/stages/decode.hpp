#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// The body as a document, and its object of interest. Fails with `identity_too_long` and the format's codes. A topic
/// nobody wants gives `topic == nullptr`: the event is suppressed as filtered, whatever its body is.
Result<Decoded> decode(Event& event);

/// Why a channel leaves out an event of the vendor's test mode, or of its live mode: "test_event", "live_event"; "": it
/// does not.
Result<std::string_view> of_other_mode(const Event& event, const Decoded& decoded);

}  // namespace headgate::gateway
