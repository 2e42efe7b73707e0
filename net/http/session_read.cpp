// The half of a session that reads requests.
#include <algorithm>
#include <cstring>

#include "core/async.hpp"
#include "net/http/chunked.hpp"
#include "net/http/session.hpp"

namespace headgate::net {

namespace {

constexpr std::size_t first_body_room = 64U << 10U;  // a length announced is not a length sent
constexpr std::size_t kept_body_room = 64U << 10U;
constexpr std::size_t piece_bytes = 256U << 10U;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

void InputBuffer::consume(std::size_t count)
{
    begin_ += count;
    if (begin_ == end_)
        begin_ = end_ = 0;
}

asio::mutable_buffer InputBuffer::space()
{
    if (begin_ > 0) {  // at most once for each request: what is moved is the start of the next one
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return {bytes_.get() + end_, room_ - end_};
}

asio::awaitable<std::optional<Refusal>> Session::read_request()
{
    if (request_.body.capacity() > kept_body_room)
        request_.body = std::string();
    request_.body.clear();
    request_.sink.reset();
    request_.remote = remote_;  // again each time: the handler may have moved the request away
    Framing framing;
    auto refusal = co_await read_head(framing);
    if (refusal)
        co_return refusal;
    if (state_->open_sink)
        request_.sink = state_->open_sink(request_);
    const Limits& limits = state_->limits;
    if (framing.content_length > (request_.sink ? limits.streamed_bytes : limits.body_bytes))
        co_return Refusal{413, "body_too_large"};
    if (request_.sink) {
        enter(Phase::handling);
        const bool wanted = co_await request_.sink->take({});
        if (!wanted)
            request_.keep_alive = false;  // its body is still to come
        if (!wanted || state_->is_cut)
            co_return state_->is_cut ? std::optional(gone) : std::nullopt;
    }
    if (framing.content_length == 0 && !framing.chunked)
        co_return std::nullopt;

    enter(Phase::body);
    if (framing.expects_continue && in_.empty()) {  // RFC 9110 §10.1.1: needless once the body is coming
        out_ = go_on;
        const bool sent = co_await send({});
        if (!sent)
            co_return gone;
        enter(Phase::body);
    }
    if (request_.sink)
        refusal = co_await read_into_sink(framing);
    else if (framing.chunked)
        refusal = co_await read_chunked_body();
    else
        refusal = co_await read_sized_body(framing.content_length);
    co_return refusal;
}

asio::awaitable<std::optional<Refusal>> Session::read_head(Framing& framing)
{
    HeadFinder finder;
    bool skipped = false;
    enter(in_.empty() ? Phase::idle : Phase::head);
    for (;;) {
        if (!skipped && in_.view().starts_with("\r\n")) {  // RFC 9112 §2.2: old clients end a body with one too many
            in_.consume(2);
            skipped = true;
            if (in_.empty())
                enter(Phase::idle);
        }
        if (!in_.empty() && (skipped || in_.view() != "\r")) {
            const auto length = finder.find(in_.view(), state_->limits);
            if (length && *length > 0) {
                const auto head = in_.view().substr(0, *length);
                request_.head.assign(head.begin(), head.end());
                in_.consume(*length);
                const auto parsed = parse_head({request_.head.data(), request_.head.size()}, state_->limits, request_);
                if (!parsed)
                    co_return parsed.error();
                framing = *parsed;
                co_return std::nullopt;
            }
            if (!length) {
                request_.method = {};  // of the request before
                co_return length.error();
            }
        }
        if (state_->draining && phase_ == Phase::idle)
            co_return gone;
        const auto trouble = co_await fill();
        if (trouble)
            co_return trouble;
        if (phase_ == Phase::idle)
            enter(Phase::head);
    }
}

asio::awaitable<std::optional<Refusal>> Session::read_sized_body(std::uint64_t length)
{
    std::string& body = request_.body;
    std::size_t received = std::min<std::size_t>(length, in_.view().size());
    body.assign(in_.view(), 0, received);
    in_.consume(received);
    while (received < length) {
        body.resize(std::min<std::size_t>(length, std::max(first_body_room, received * 2)));
        while (received < body.size()) {
            const asio::mutable_buffer space(body.data() + received, body.size() - received);
            const auto [error, count] = co_await socket_.async_read_some(space, use_tuple);
            const auto trouble = after_read(error.failed(), count);
            if (trouble)
                co_return trouble;
            received += count;
        }
    }
    co_return std::nullopt;
}

asio::awaitable<std::optional<Refusal>> Session::read_chunked_body()
{
    ChunkDecoder decoder(state_->limits.body_bytes);
    for (;;) {
        const auto used = decoder.feed(in_.view(), request_.body);
        if (!used)
            co_return used.error();
        in_.consume(*used);
        if (decoder.done())
            co_return std::nullopt;
        const auto trouble = co_await fill();
        if (trouble)
            co_return trouble;
    }
}

/// The time for a body is that of each piece: one of any size may come, and not at any leisure.
asio::awaitable<std::optional<Refusal>> Session::read_into_sink(const Framing& framing)
{
    const std::size_t most = state_->limits.streamed_bytes;
    ChunkDecoder decoder(most);
    std::uint64_t left = framing.content_length;
    std::size_t total = 0;
    std::string& piece = request_.body;
    for (bool whole = false; !whole;) {
        enter(Phase::body);
        piece.clear();
        for (;;) {
            if (framing.chunked) {
                const auto used = decoder.feed(in_.view(), piece);
                if (!used)
                    co_return used.error();
                in_.consume(*used);
                whole = decoder.done();
            } else {
                const auto count = std::min<std::uint64_t>(left, in_.view().size());
                piece.append(in_.view(), 0, count);
                in_.consume(count);
                left -= count;
                whole = left == 0;
            }
            if (whole || piece.size() >= piece_bytes)
                break;
            const auto trouble = co_await fill();
            if (trouble)
                co_return trouble;
        }
        total += piece.size();
        if (total > most)
            co_return Refusal{413, "body_too_large"};
        if (piece.empty())
            continue;
        enter(Phase::handling);
        const bool wanted = co_await request_.sink->take(piece);
        if (state_->is_cut)
            co_return gone;
        if (!wanted) {
            request_.keep_alive = false;
            break;
        }
    }
    piece.clear();
    co_return std::nullopt;
}

asio::awaitable<std::optional<Refusal>> Session::fill()
{
    const auto space = in_.space();
    const auto [error, count] = co_await socket_.async_read_some(space, use_tuple);
    in_.filled(count);
    co_return after_read(error.failed(), count);
}

/// The sweep may have come between the arrival of bytes and their being looked at: a request that has begun is late
/// all the same, one that just begins is welcome.
std::optional<Refusal> Session::after_read(bool failed, std::size_t count)
{
    if (state_->is_cut || (phase_ == Phase::idle && (failed || count == 0)))
        return gone;
    if (expired_ && phase_ == Phase::head) {
        request_.method = {};
        return Refusal{408, "head_too_slow"};
    }
    if (expired_ && phase_ == Phase::body)
        return Refusal{408, "body_too_slow"};
    return failed || count == 0 ? std::optional(gone) : std::nullopt;
}

}  // namespace headgate::net
