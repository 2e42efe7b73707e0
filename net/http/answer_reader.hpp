#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/http/call.hpp"
#include "net/http/chunked.hpp"

namespace headgate::net {

struct AnswerLimits {
    std::size_t head_bytes = 64U << 10U;  // of all heads together: those of interim answers count
    std::size_t bytes = 1U << 20U;        // head and body
};

/// Why bytes are no answer.
struct AnswerTrouble {
    bool too_large = false;
    std::string_view why;  // a literal
};

/// Reads one answer (RFC 9112) in pieces of any size, strictly: what two readers could frame in two ways is refused.
/// Interim answers (1xx) are skipped, but 101, which nobody has asked for. Plain bytes, no socket. After a trouble it
/// must not be fed again.
class AnswerReader {
public:
    AnswerReader(bool to_head, AnswerLimits limits) : to_head_(to_head), limits_(limits), chunks_(0) {}

    /// Returns how many of `bytes` were used; less than all only when `done`: what is left is no part of the answer.
    [[nodiscard]] std::expected<std::size_t, AnswerTrouble> feed(std::string_view bytes);
    /// The connection has ended: completes an answer that has no other end, and is trouble otherwise.
    [[nodiscard]] std::expected<void, AnswerTrouble> end();

    [[nodiscard]] bool started() const { return started_; }
    [[nodiscard]] bool done() const { return state_ == State::done; }

    /// When its head has come: the status, else 0.
    [[nodiscard]] int status() const { return state_ == State::head ? 0 : answer_.status; }
    [[nodiscard]] std::size_t body_size() const { return answer_.body.size(); }
    /// What has come of the body since it was last taken.
    [[nodiscard]] std::string take_body() { return std::exchange(answer_.body, {}); }

    // When done:
    /// How long the connection may rest before its next request, by this answer alone; nothing: it must not be used
    /// again.
    [[nodiscard]] std::optional<std::chrono::milliseconds> rest(std::chrono::milliseconds limit) const;
    [[nodiscard]] HttpAnswer take() { return std::move(answer_); }

private:
    enum class State : std::uint8_t { head, sized, chunked, until_end, done };
    using Step = std::expected<std::size_t, AnswerTrouble>;

    Step feed_head(std::string_view bytes);
    Step feed_sized(std::string_view bytes);
    Step feed_chunked(std::string_view bytes);
    Step feed_until_end(std::string_view bytes);
    std::optional<AnswerTrouble> take_head();
    std::optional<AnswerTrouble> take_status(std::string_view line);
    std::optional<AnswerTrouble> take_field(std::string_view line);
    std::optional<AnswerTrouble> frame();

    bool to_head_;
    AnswerLimits limits_;
    HttpAnswer answer_;
    std::string head_;            // what has come of the head under way
    std::size_t heads_ = 0;       // bytes of those that are complete
    std::size_t body_limit_ = 0;  // what the heads leave
    std::uint64_t left_ = 0;      // of a sized body
    ChunkDecoder chunks_;
    std::optional<std::uint64_t> length_;
    int minor_version_ = 1;
    bool is_chunked_ = false;
    bool close_ = false;
    std::optional<std::chrono::seconds> keep_alive_;
    bool started_ = false;
    State state_ = State::head;
};

}  // namespace headgate::net
