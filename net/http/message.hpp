#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "core/async.hpp"
#include "net/http/body_sink.hpp"

namespace headgate::net {

/// ASCII letters of either case are the same (RFC 9110 §5.1); bytes above 127 are compared as they are.
[[nodiscard]] bool same_ignoring_case(std::string_view left, std::string_view right);

struct Field {
    std::string_view name;   // as sent, compare ignoring case
    std::string_view value;  // without the white space around it
};

/// A request whose framing has been checked. Views point into `head`, or wherever a test that builds one by hand keeps
/// its text; they live as long as the request. The handler may move `body` out.
struct Request {
    Request() = default;
    Request(Request&&) = default;
    Request& operator=(Request&&) = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request() = default;

    std::string_view method;  // as sent; case matters
    std::string_view target;  // as sent
    std::string_view path;    // of the target, starts with "/" (or is "*"); percent-encoding is not decoded
    std::string_view query;   // behind the "?", without it
    int minor_version = 1;    // HTTP/1.x
    std::vector<Field> fields;
    std::string body;                // complete, transfer coding removed
    std::unique_ptr<BodySink> sink;  // what has taken the body instead
    bool keep_alive = true;          // what the client asked for (RFC 9112 §9.3)
    std::string remote;              // the peer's address without port: "192.0.2.7", "2001:db8::1"
    std::vector<char> head;          // the bytes that were parsed; moving a vector keeps its bytes in place

    /// The first value of this name, in the order sent.
    [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
};

/// What a handler answers. The server adds Date, Content-Type, Content-Length and Connection; a handler that names one
/// of these or Transfer-Encoding in `fields`, or gives a status outside 200..599 or control bytes, has a bug: 500.
struct Response {
    int status = 200;
    std::string content_type;  // empty: no Content-Type
    std::string body;          // not sent to HEAD, nor with 204 and 304
    std::vector<std::pair<std::string, std::string>> fields;
    bool close = false;  // close the connection behind this answer
};

/// What takes the body of a request whose head has come; null: it is kept in memory. Must not throw.
using OpenSink = std::function<std::unique_ptr<BodySink>(const Request&)>;

/// Awaited once for each request, one at a time on a connection; the request lives until it ends. Throwing is a bug:
/// 500, the connection closes, and the fault is counted.
using Handler = std::function<asio::awaitable<Response>(Request&)>;

}  // namespace headgate::net
