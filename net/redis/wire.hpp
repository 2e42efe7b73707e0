#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "net/redis/reply.hpp"

struct redisReader;

namespace headgate::net {

/// Appends one command as RESP: an array of bulk strings, any bytes.
void append_command(std::string& out, std::span<const std::string_view> args);
/// The same for a command that comes in two pieces.
void append_command(std::string& out, std::span<const std::string_view> head, std::span<const std::string_view> tail);

/// Turns bytes into replies. Not to be used again after a failure.
class ReplyReader {
public:
    ReplyReader();
    ~ReplyReader();
    ReplyReader(const ReplyReader&) = delete;
    ReplyReader& operator=(const ReplyReader&) = delete;

    void feed(std::string_view bytes);
    /// The next whole reply; nothing when more bytes are needed; `redis_protocol` (unknown_outcome) on garbage.
    Result<std::optional<Reply>> next();

private:
    redisReader* reader_;
};

/// What an error reply means (see Redis).
[[nodiscard]] Failure failure_of_error(std::string_view text);

}  // namespace headgate::net
