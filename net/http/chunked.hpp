#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "net/http/limits.hpp"

namespace headgate::net {

/// Takes the chunked transfer coding off one body (RFC 9112 §7.1), in pieces of any size. Strict: CRLF to the byte,
/// 1-16 hex digits, bounded extensions and trailers; both are checked and then dropped. Plain bytes, no socket.
/// Refusals, 400 unless said: chunk_size_malformed, chunk_extension_malformed, chunk_extension_too_long,
/// chunk_end_malformed, 413 body_too_large, trailer_forbidden (what frames, routes, authorises or types the message,
/// RFC 9110 §6.5.1), 431 trailers_too_large, and the codes of `parse_field`, bare_cr, bare_lf, folded_line.
/// After a refusal the decoder must not be fed again.
class ChunkDecoder {
public:
    explicit ChunkDecoder(std::size_t body_limit) : body_limit_(body_limit) {}

    /// Appends decoded bytes to `body`; returns how many of `bytes` were used. Less than all only when `done`: what is
    /// left is the next request.
    [[nodiscard]] std::expected<std::size_t, Refusal> feed(std::string_view bytes, std::string& body);
    [[nodiscard]] bool done() const { return state_ == State::done; }

private:
    enum class State : std::uint8_t {
        size,
        extension,
        size_feed,
        data,
        data_return,
        data_feed,
        trailer,
        trailer_feed,
        done
    };

    [[nodiscard]] std::expected<void, Refusal> step(char byte, std::size_t body_size);
    [[nodiscard]] std::expected<void, Refusal> take_size(char byte);
    [[nodiscard]] std::expected<void, Refusal> end_size(std::size_t body_size);
    [[nodiscard]] std::expected<void, Refusal> end_trailer();

    std::size_t body_limit_;
    std::uint64_t left_ = 0;           // of the current chunk
    std::size_t digits_ = 0;           // of the current size
    std::size_t extension_bytes_ = 0;  // of the whole body: many small ones add up
    std::size_t trailer_bytes_ = 0;
    std::size_t trailers_ = 0;
    std::string line_;  // the current trailer
    State state_ = State::size;
};

}  // namespace headgate::net
