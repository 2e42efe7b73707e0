#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <string_view>

namespace headgate::net {

/// What one listener lets a stranger use. Bytes are bytes on the wire; times are measured by the server's clock and
/// enforced at the next sweep, so each can run over by one sweep (250 ms).
struct Limits {
    std::size_t head_bytes = 16U << 10U;          // request line and fields together; beyond: 431
    std::size_t fields = 100;                     // field lines; beyond: 431
    std::size_t target_bytes = 8U << 10U;         // beyond: 414
    std::size_t body_bytes = 8U << 20U;           // after chunked decoding; beyond: 413
    std::size_t streamed_bytes = 0;               // of a body that a BodySink takes; beyond: 413
    bool codings = false;                         // Content-Encoding is left to the handler; else 415
    std::size_t connections = 10'000;             // beyond: 503 and close
    std::chrono::milliseconds head_time{10'000};  // from a request's first byte to the end of its head; then 408
    std::chrono::milliseconds body_time{
        30'000};  // from the end of the head to the end of the body, or for 256 KiB of a streamed one; then 408
    std::chrono::milliseconds idle_time{75'000};   // between requests, and before the first; then a silent close
    std::chrono::milliseconds write_time{30'000};  // for one whole answer; then a silent close
};

/// Why the server itself refuses a request. `reason` is a literal with a bounded set of values
/// ("content_length_repeated"): it labels metrics and is the answer's `error`. Every refusal closes the connection.
struct Refusal {
    int status = 400;
    std::string_view reason;
    bool operator==(const Refusal&) const = default;
};

inline std::unexpected<Refusal> refuse(std::string_view reason, int status = 400)
{
    return std::unexpected(Refusal{status, reason});
}

}  // namespace headgate::net
