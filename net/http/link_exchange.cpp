// The half of a connection that talks: one request, one answer.
#include "net/http/link.hpp"

#include <tuple>

#include <boost/asio/write.hpp>

#include "core/async.hpp"

namespace headgate::net {

namespace {

constexpr std::size_t read_room = 16U << 10U;
constexpr std::size_t drained_bytes = 256U << 10U;    // given to a sink at once
constexpr std::size_t most_of_a_refusal = 1U << 20U;  // an answer that is not for the sink

}  // namespace

Task<HttpAnswer> Link::exchange(const HttpCall& call, const std::string& request)
{
    rest_.reset();
    arm(call.deadline);
    auto answer = co_await talk(call, request);
    disarm();
    if (!rest_)
        cut();
    co_return answer;
}

Task<HttpAnswer> Link::talk(const HttpCall& call, const std::string& request)
{
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    AnswerReader reader(call.method == "HEAD", route_->options.answer);
    const auto bytes = asio::buffer(request);
    std::tuple<Error, std::size_t> written;

    if (auto stop = stopped(cancellation, call.deadline))
        co_return std::unexpected(std::move(*stop));
    // Nothing is awaited between the question and the first byte: what it answered is still so.
    if (call.may_send)
        if (auto refusal = call.may_send()) {
            rest_ = route_->options.idle_limit;  // nothing has happened to the connection
            co_return std::unexpected(std::move(*refusal));
        }
    if (tls_)
        written = co_await asio::async_write(*tls_, bytes, use_tuple);
    else
        written = co_await asio::async_write(socket_, bytes, use_tuple);

    // A peer that refuses early answers before it has read everything: a failed write is no reason not to listen.
    const auto clean = co_await listen(reader, call.sink);
    if (!clean)
        co_return std::unexpected(clean.error());
    if (*clean && !std::get<Error>(written) && socket_.is_open())
        rest_ = reader.rest(route_->options.idle_limit);
    co_return reader.take();
}

Task<void> Link::drain(AnswerReader& reader, BodySink* sink)
{
    const int status = reader.status();
    if (status / 100 != 2) {
        if (reader.body_size() > most_of_a_refusal)
            co_return std::unexpected(unknown("answer_too_large", "its answer is not used: its body is too large"));
        co_return Result<void>{};
    }
    if (reader.body_size() == 0 || (reader.body_size() < drained_bytes && !reader.done()))
        co_return Result<void>{};
    const std::string piece = reader.take_body();
    const bool wanted = co_await sink->take(piece);
    if (!wanted)
        co_return fail(FailureClass::permanent, "answer_not_wanted",
                       route_->name + ": no more of its answer is wanted");
    co_return Result<void>{};
}

/// True when nothing came behind the answer.
Task<bool> Link::listen(AnswerReader& reader, BodySink* sink)
{
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    std::string bytes(read_room, '\0');
    const auto room = asio::buffer(bytes);
    std::tuple<Error, std::size_t> read;
    for (;;) {
        if (cancellation.cancelled() != asio::cancellation_type::none)
            co_return std::unexpected(lost(reader, "the call was cancelled", cancellation));
        if (tls_)
            read = co_await tls_->async_read_some(room, use_tuple);
        else
            read = co_await socket_.async_read_some(room, use_tuple);
        const auto [error, count] = read;
        const auto used = reader.feed(std::string_view(bytes).substr(0, count));
        if (!used) {
            const auto& trouble = used.error();
            co_return std::unexpected(unknown(trouble.too_large ? "answer_too_large" : "answer_broken",
                                              "its answer is not used: " + std::string(trouble.why)));
        }
        if (sink != nullptr) {
            const auto drained = co_await drain(reader, sink);
            if (!drained)
                co_return std::unexpected(drained.error());
        }
        if (reader.done())
            co_return *used == count;
        if (error == asio::error::eof && reader.end()) {
            if (sink != nullptr) {
                const auto drained = co_await drain(reader, sink);
                if (!drained)
                    co_return std::unexpected(drained.error());
            }
            co_return true;
        }
        if (error)
            co_return std::unexpected(lost(reader, error.message(), cancellation));
    }
}

Failure Link::unknown(std::string code, const std::string& cause) const
{
    return {FailureClass::unknown_outcome, std::move(code), route_->name + ": " + cause, {}};
}

Failure Link::lost(const AnswerReader& reader, const std::string& cause,
                   const asio::cancellation_state& cancellation) const
{
    if (expired_)
        return unknown("answer_timeout",
                       reader.started() ? "only a part of its answer came in time" : "no answer in time");
    if (aborted_)
        return unknown("no_answer", "the pool was closed before its answer came");
    if (cancellation.cancelled() != asio::cancellation_type::none)
        return unknown("no_answer", "the call was cancelled before its answer came");
    if (reader.started())
        return unknown("answer_broken", "its answer was cut off: " + cause);
    return reused_ ? unknown("connection_closed", "a connection that had been used before ended: " + cause)
                   : unknown("no_answer", "the connection ended before an answer: " + cause);
}

}  // namespace headgate::net
