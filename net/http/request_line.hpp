#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/http/limits.hpp"
#include "net/http/message.hpp"

namespace headgate::net {

inline constexpr std::size_t longest_method = 32;  // bytes

/// RFC 3986 authority without user information: a name or an IP literal, and perhaps a port.
[[nodiscard]] bool is_host(std::string_view text);

/// RFC 9112 §3, one line without its CRLF: exactly one space between the three parts. Sets method, target, path, query
/// and version of `request`, and `authority` for a target in absolute form; see `parse_head` for the refusals.
[[nodiscard]] std::optional<Refusal> parse_request_line(std::string_view line, const Limits& limits, Request& request,
                                                        std::string_view& authority);

}  // namespace headgate::net
