#include "net/http/chunked.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/http/characters.hpp"
#include "net/http/head.hpp"

namespace headgate::net {

namespace {

using namespace characters;

constexpr std::size_t longest_size = 16;
constexpr std::size_t most_extension_bytes = 4096;
constexpr std::size_t most_trailer_bytes = 4096;
constexpr std::size_t most_trailers = 32;

/// RFC 9110 §6.5.1, and what an attacker would like to add once the fields have been judged.
constexpr std::array<std::string_view, 28> forbidden_trailers{"accept-encoding",
                                                              "authorization",
                                                              "cache-control",
                                                              "connection",
                                                              "content-encoding",
                                                              "content-length",
                                                              "content-range",
                                                              "content-type",
                                                              "cookie",
                                                              "date",
                                                              "expect",
                                                              "forwarded",
                                                              "host",
                                                              "keep-alive",
                                                              "max-forwards",
                                                              "proxy-authorization",
                                                              "proxy-connection",
                                                              "range",
                                                              "set-cookie",
                                                              "te",
                                                              "trailer",
                                                              "transfer-encoding",
                                                              "upgrade",
                                                              "via",
                                                              "x-forwarded-for",
                                                              "x-forwarded-host",
                                                              "x-forwarded-proto",
                                                              "x-real-ip"};

constexpr std::uint64_t hex_value(char digit_letter)
{
    if (digit_letter <= '9')
        return static_cast<std::uint64_t>(digit_letter - '0');
    return static_cast<std::uint64_t>((digit_letter | 0x20) - 'a') + 10;
}

}  // namespace

std::expected<std::size_t, Refusal> ChunkDecoder::feed(std::string_view bytes, std::string& body)
{
    std::size_t at = 0;
    while (at < bytes.size() && state_ != State::done) {
        if (state_ == State::data) {
            const auto length = std::min<std::uint64_t>(left_, bytes.size() - at);
            body.append(bytes, at, length);
            at += length;
            left_ -= length;
            if (left_ == 0)
                state_ = State::data_return;
            continue;
        }
        if (const auto stepped = step(bytes[at], body.size()); !stepped)
            return std::unexpected(stepped.error());
        ++at;
    }
    return at;
}

std::expected<void, Refusal> ChunkDecoder::step(char byte, std::size_t body_size)
{
    switch (state_) {
    case State::size: return take_size(byte);
    case State::extension:
        if (byte == '\r') {
            state_ = State::size_feed;
            return {};
        }
        if (!is(byte, Class::value))
            return refuse("chunk_extension_malformed");
        if (++extension_bytes_ > most_extension_bytes)
            return refuse("chunk_extension_too_long");
        return {};
    case State::size_feed:
        if (byte != '\n')
            return refuse("bare_cr");
        return end_size(body_size);
    case State::data_return:
        if (byte != '\r')
            return refuse("chunk_end_malformed");
        state_ = State::data_feed;
        return {};
    case State::data_feed:
        if (byte != '\n')
            return refuse("chunk_end_malformed");
        state_ = State::size;
        return {};
    case State::trailer:
        if (byte == '\n')
            return refuse("bare_lf");
        if (++trailer_bytes_ > most_trailer_bytes)
            return refuse("trailers_too_large", 431);
        if (byte == '\r')
            state_ = State::trailer_feed;
        else
            line_ += byte;
        return {};
    case State::trailer_feed:
        if (byte != '\n')
            return refuse("bare_cr");
        return end_trailer();
    case State::data:
    case State::done: break;  // `feed` does not come here with these
    }
    std::unreachable();
}

std::expected<void, Refusal> ChunkDecoder::take_size(char byte)
{
    if (is(byte, Class::hex)) {
        if (++digits_ > longest_size)
            return refuse("chunk_size_malformed");
        left_ = left_ << 4U | hex_value(byte);
        return {};
    }
    if (digits_ == 0 || (byte != '\r' && byte != ';'))
        return refuse(byte == '\n' && digits_ > 0 ? "bare_lf" : "chunk_size_malformed");
    state_ = byte == '\r' ? State::size_feed : State::extension;
    return {};
}

std::expected<void, Refusal> ChunkDecoder::end_size(std::size_t body_size)
{
    digits_ = 0;
    if (left_ > body_limit_ - std::min(body_size, body_limit_))
        return refuse("body_too_large", 413);
    state_ = left_ == 0 ? State::trailer : State::data;
    return {};
}

std::expected<void, Refusal> ChunkDecoder::end_trailer()
{
    if (line_.empty()) {
        state_ = State::done;
        return {};
    }
    if (++trailers_ > most_trailers)
        return refuse("trailers_too_large", 431);
    if (is_space(line_.front()))
        return refuse(trailers_ == 1 ? "leading_space" : "folded_line");
    const auto field = parse_field(line_);
    if (!field)
        return std::unexpected(field.error());
    for (const auto name : forbidden_trailers)
        if (same_ignoring_case(field->name, name))
            return refuse("trailer_forbidden");
    line_.clear();
    state_ = State::trailer;
    return {};
}

}  // namespace headgate::net
