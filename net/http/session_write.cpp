// The half of a session that awaits the handler and writes answers.
#include <algorithm>
#include <array>
#include <utility>

#include "core/async.hpp"
#include "net/http/answer.hpp"
#include "net/http/session.hpp"

namespace headgate::net {

namespace {

constexpr std::size_t most_lingering_bytes = 1U << 20U;

}  // namespace

asio::awaitable<bool> Session::answer()
{
    enter(Phase::handling);
    Response response;
    std::string fault;
    try {
        auto work = state_->handler(request_);
        response = co_await std::move(work);
    } catch (const std::exception& error) {
        fault = error.what();
        if (fault.empty())
            fault = "an exception without text";
    } catch (...) {
        fault = "not an exception";
    }
    if (state_->is_cut)
        co_return false;

    bool kept = request_.keep_alive && !response.close && !state_->draining;
    out_.clear();
    if (fault.empty() && !append_answer_head(out_, response, {kept, request_.minor_version}))
        fault = "the handler's response cannot be sent";
    if (!fault.empty()) {
        state_->on_fault(fault);
        response = refusal_response({500, "internal_error"});
        kept = false;
        out_.clear();
        if (!append_answer_head(out_, response, {kept, request_.minor_version}))
            co_return false;
    }

    const bool with_body = has_body(response.status) && request_.method != "HEAD";
    const bool sent = co_await send(with_body ? std::string_view(response.body) : std::string_view());
    if (sent && !kept)
        co_await linger();
    co_return sent&& kept;
}

asio::awaitable<void> Session::refuse(Refusal refusal)
{
    state_->on_refusal(refusal.status, refusal.reason);
    const Response response = refusal_response(refusal);
    out_.clear();
    if (!append_answer_head(out_, response, {false, 1}))
        co_return;
    const bool with_body = request_.method != "HEAD";
    const bool sent = co_await send(with_body ? std::string_view(response.body) : std::string_view());
    if (sent)
        co_await linger();
}

/// `out_` and the body in one call of the kernel, which takes a small answer whole.
bool Session::send_now(std::string_view body, std::size_t& sent)
{
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(out_), asio::buffer(body)};
    boost::system::error_code error;
    sent = socket_.write_some(buffers, error);
    return !error || error == asio::error::would_block;
}

asio::awaitable<bool> Session::send(std::string_view body)
{
    std::size_t sent = 0;
    if (!send_now(body, sent))
        co_return false;
    const std::size_t whole = out_.size() + body.size();
    if (sent == whole)
        co_return true;

    enter(Phase::writing);
    while (sent < whole) {
        const std::size_t of_head = std::min(sent, out_.size());
        const std::array<asio::const_buffer, 2> rest{asio::buffer(out_) + of_head,
                                                     asio::buffer(body) + (sent - of_head)};
        const auto [error, count] = co_await socket_.async_write_some(rest, use_tuple);
        if (error || expired_ || state_->is_cut)
            co_return false;
        sent += count;
    }
    co_return true;
}

/// Closing over bytes that have come unread resets the connection, and the peer may lose our answer to that
/// (RFC 9112 §9.6): say that we are done, then drop what still comes for a little while.
asio::awaitable<void> Session::linger()
{
    enter(Phase::lingering);
    boost::system::error_code failed;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    std::size_t dropped = 0;
    while (!failed && dropped < most_lingering_bytes && !expired_ && !state_->is_cut) {
        in_.consume(in_.view().size());
        const auto space = in_.space();
        const auto [error, count] = co_await socket_.async_read_some(space, use_tuple);
        failed = error;
        dropped += count;
    }
}

}  // namespace headgate::net
