#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.hpp"
#include "core/result.hpp"

namespace headgate {

/// What is stored of an event when it is accepted (`b:<event>`): all that mapping and replay need, and nothing secret.
/// Encoded: one version byte, then length-prefixed fields, then the body as one zstd frame.
struct Envelope {
    EventId event;
    std::string source;
    std::string channel;
    std::string topic;
    std::string idempotency_key;
    std::string order_key;
    std::string conflict_of;  // the event that holds the same key with another body, if any
    std::chrono::system_clock::time_point received_at;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, secrets removed
    std::string edits{};                                       // what people changed of the document: JSON, opaque here
    std::string imported{};                                    // what it was a letter for elsewhere: JSON, opaque here
    std::string intake{};                                      // how it came, if not as a request: "split EVENT"
    std::string body;                                          // raw bytes as they arrived
};

/// Deterministic. The body is held once, compressed.
[[nodiscard]] std::string encode(const Envelope& envelope);
/// `envelope_unreadable` (permanent) when the bytes are not an envelope of this version; at most `max_body` bytes
/// inflate.
[[nodiscard]] Result<Envelope> decode_envelope(std::string_view bytes, std::size_t max_body = 64U << 20U);
/// The same without the body, which stays packed.
[[nodiscard]] Result<Envelope> decode_envelope_head(std::string_view bytes);

}  // namespace headgate
