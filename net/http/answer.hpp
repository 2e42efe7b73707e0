#pragma once

#include <string>
#include <string_view>

#include "net/http/limits.hpp"
#include "net/http/message.hpp"

namespace headgate::net {

/// How an answer goes out on its connection.
struct Wire {
    bool keep_alive = false;
    int minor_version = 1;  // of the request: HTTP/1.0 must be told of keep-alive, HTTP/1.1 of close
};

/// Appends status line, fields and the empty line (RFC 9112 §4). Always HTTP/1.1, with Date, and Content-Length where
/// the status may have one. False, with `out` unfit for use, when the response breaks what `Response` asks of a
/// handler.
[[nodiscard]] bool append_answer_head(std::string& out, const Response& response, const Wire& wire);

/// 204 and 304 have no body (RFC 9110 §6.4.1).
[[nodiscard]] constexpr bool has_body(int status)
{
    return status != 204 && status != 304;
}

/// `{"error":"<reason>"}`, closing.
[[nodiscard]] Response refusal_response(const Refusal& refusal);

}  // namespace headgate::net
