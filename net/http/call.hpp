#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "net/http/body_sink.hpp"

namespace headgate::net {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// Where calls go: scheme, host and port.
struct HttpOrigin {
    bool tls = true;   // https
    std::string host;  // a name or an IP address; an IPv6 address without brackets
    std::uint16_t port = 443;
};

struct HttpCall {
    std::string method = "GET";
    std::string target = "/";  // path and query, as they are to be sent
    HttpFields headers;
    std::string body;
    /// Of everything: the queue, name, connection, TLS, writing and the whole answer.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    /// Asked right before the first byte leaves, with nothing awaited in between; a failure is given back as it is and
    /// nothing was sent. Must neither throw nor call the pool. May be empty.
    std::function<std::optional<Failure>()> may_send;
    bool fresh = false;  // on a connection of its own making
    /// Takes the body of an answer of status 2xx, as it comes, and must outlive the call; other answers are kept. When
    /// it wants no more the call fails with permanent `answer_not_wanted`. `AnswerLimits::bytes` bounds each chunk and
    /// each length that is announced; of all that comes otherwise the sink says what is too much.
    BodySink* sink = nullptr;
};

/// What the origin answered, whatever the status.
struct HttpAnswer {
    int status = 0;
    HttpFields headers;  // names in lower case, as sent, repeated ones too; trailers are dropped
    std::string body;    // chunked coding removed, Content-Encoding left as it is

    /// The first of this name, which is given in lower case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
    /// Retry-After (RFC 9110 §10.2.3), seconds or a date; 0 for a date that has passed, at most
    /// `longest_retry_after`. Nothing when there is none that can be read.
    [[nodiscard]] std::optional<std::chrono::seconds> retry_after(std::chrono::system_clock::time_point now) const;
};

inline constexpr std::chrono::seconds longest_retry_after = std::chrono::hours(24);

/// Whether a header is the client's to send: Host, Content-Length and the rest of those that frame or route.
[[nodiscard]] bool frames_messages(std::string_view header);

/// The value of Host: with brackets where they belong, without the scheme's own port.
[[nodiscard]] std::string host_field(const HttpOrigin& origin);

/// The request as it goes out, head and body. Fails with permanent `call_malformed` when a part of the call could be
/// read as anything else than what it is, or names a header that is the client's (`frames_messages`).
[[nodiscard]] Result<std::string> request_bytes(const HttpCall& call, const HttpOrigin& origin);

/// An HTTP-date in any of its three forms (RFC 9110 §5.6.7), in seconds since 1970. `now` tells the century of the
/// form that has two digits for the year.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now);

}  // namespace headgate::net
