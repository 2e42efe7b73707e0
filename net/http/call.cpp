#include "net/http/call.hpp"

#include <algorithm>
#include <array>

#include "net/http/characters.hpp"
#include "net/http/message.hpp"
#include "net/http/request_line.hpp"

namespace headgate::net {

namespace {

using namespace characters;

/// Those that frame and route a message or are about one connection: a second opinion on them is an attack.
constexpr std::array<std::string_view, 10> ours{"host",       "content-length", "connection", "transfer-encoding",
                                                "te",         "trailer",        "upgrade",    "proxy-connection",
                                                "keep-alive", "expect"};

}  // namespace

bool frames_messages(std::string_view header)
{
    return std::ranges::any_of(ours, [&](std::string_view own) { return same_ignoring_case(header, own); });
}

namespace {

std::string_view problem_of(const HttpCall& call)
{
    if (call.method.empty() || call.method.size() > longest_method || !all(call.method, Class::token))
        return "the method is no token";
    if (call.method == "CONNECT")
        return "CONNECT asks for a tunnel, not for an answer";
    if (!call.target.starts_with('/') || !all(call.target, Class::query))
        return "the target is no path and query: it starts with `/` and has no space, control byte, `#` or letter "
               "beyond ASCII";
    for (const auto& [name, value] : call.headers) {
        if (name.empty() || !all(name, Class::token))
            return "the name of a header is no token";
        if (!all(value, Class::value))
            return "the value of a header has a control byte";
        for (const auto own : ours)
            if (same_ignoring_case(name, own))
                return own;
    }
    return {};
}

/// RFC 9110 §8.6: those that are expected to have a body say that they have none.
bool has_length(const HttpCall& call)
{
    return !call.body.empty() || call.method == "POST" || call.method == "PUT" || call.method == "PATCH";
}

}  // namespace

std::optional<std::string_view> HttpAnswer::header(std::string_view name) const
{
    for (const auto& [candidate, value] : headers)
        if (candidate == name)
            return value;
    return std::nullopt;
}

std::string host_field(const HttpOrigin& origin)
{
    std::string text = origin.host.find(':') == std::string::npos ? origin.host : "[" + origin.host + "]";
    if (origin.port != (origin.tls ? 443 : 80))
        text += ":" + std::to_string(origin.port);
    return text;
}

Result<std::string> request_bytes(const HttpCall& call, const HttpOrigin& origin)
{
    const auto problem = problem_of(call);
    if (!problem.empty()) {
        const bool is_field = std::ranges::find(ours, problem) != ours.end();
        return fail(FailureClass::permanent, "call_malformed",
                    is_field ? "`" + std::string(problem) + "` is the client's to send" : std::string(problem));
    }

    std::string bytes = call.method + " " + call.target + " HTTP/1.1\r\nHost: " + host_field(origin) + "\r\n";
    for (const auto& [name, value] : call.headers) {
        bytes += name;
        bytes += ": ";
        bytes += value;
        bytes += "\r\n";
    }
    if (has_length(call))
        bytes += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
    bytes += "\r\n";
    bytes += call.body;
    return bytes;
}

}  // namespace headgate::net
