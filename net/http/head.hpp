#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "net/http/limits.hpp"
#include "net/http/message.hpp"

namespace headgate::net {

/// How the body behind a head is delimited (RFC 9112 §6.3), decided here once for all.
struct Framing {
    std::uint64_t content_length = 0;  // bytes; 0 when chunked and when there is no body
    bool chunked = false;
    bool expects_continue = false;  // Expect: 100-continue, and a body is announced
    bool operator==(const Framing&) const = default;
};

/// Finds the end of a head in bytes that come in pieces; looks at each byte once. Plain bytes, no socket.
class HeadFinder {
public:
    /// `bytes` is all that has come since the head's first byte: the same bytes as last time and more. Returns the
    /// length of the head with its empty line, or 0 while that has not come. Refuses early what can only be refused:
    /// `bare_lf`, `method_malformed`, 414 `target_too_long`, 431 `head_too_large`.
    [[nodiscard]] std::expected<std::size_t, Refusal> find(std::string_view bytes, const Limits& limits);

private:
    std::size_t seen_ = 0;
    std::size_t line_ = 0;  // where the current line starts
};

/// The only parse of a request head (RFC 9110, 9112), in one pass. `bytes` is one whole head as `HeadFinder` measured
/// it and must outlive `request`, whose head, views, version and keep_alive are set here; `body` and `remote` are not
/// touched. Refuses everything that two readers could frame or route in two ways, with 400 unless said otherwise:
///   request line   request_line_malformed, method_malformed, target_malformed, 414 target_too_long, 505
///   version_unsupported bytes          bare_cr, bare_lf, control_byte, head_incomplete fields field_name_empty,
///   field_name_malformed, space_before_colon, leading_space, folded_line,
///                  431 too_many_fields, 431 head_too_large
///   framing        content_length_repeated, content_length_malformed, content_length_with_transfer_encoding,
///                  transfer_encoding_repeated, transfer_encoding_unsupported, chunked_in_http_1_0,
///                  411 length_required (HTTP/1.0 POST, PUT, PATCH), 413 body_too_large
///   routing        host_missing, host_repeated, host_malformed, host_mismatch (with an absolute target)
///   meaning        417 expectation_unsupported, 415 content_encoding_unsupported (without `Limits::codings`)
[[nodiscard]] std::expected<Framing, Refusal> parse_head(std::string_view bytes, const Limits& limits,
                                                         Request& request);

/// One field line without its CRLF (RFC 9112 §5), for heads and trailers alike.
[[nodiscard]] std::expected<Field, Refusal> parse_field(std::string_view line);

}  // namespace headgate::net
