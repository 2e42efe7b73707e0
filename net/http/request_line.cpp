#include "net/http/request_line.hpp"

#include "net/http/characters.hpp"

namespace headgate::net {

using namespace characters;

namespace {

bool is_path(std::string_view text)
{
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is(text[at], Class::path))
            return false;
        if (text[at] == '%' &&
            (at + 2 >= text.size() || !is(text[at + 1], Class::hex) || !is(text[at + 2], Class::hex)))
            return false;
    }
    return true;
}

/// Splits the target (RFC 9112 §3.2); `authority` is set for the absolute form only.
bool split_target(Request& request, std::string_view& authority)
{
    std::string_view rest = request.target;
    if (rest == "*") {
        request.path = rest;
        return request.method == "OPTIONS";
    }
    if (request.method == "CONNECT")
        return false;
    if (!rest.starts_with('/')) {
        for (const std::string_view scheme : {"http://", "https://"})
            if (same_ignoring_case(rest.substr(0, scheme.size()), scheme)) {
                rest.remove_prefix(scheme.size());
                authority = rest.substr(0, rest.find_first_of("/?"));
                rest.remove_prefix(authority.size());
                break;
            }
        if (!is_host(authority) || authority.empty())
            return false;
    }
    const auto mark = rest.find('?');
    request.path = rest.substr(0, mark);
    if (request.path.empty())
        request.path = "/";
    if (mark != std::string_view::npos)
        request.query = rest.substr(mark + 1);
    return is_path(request.path) && all(request.query, Class::query);
}

}  // namespace

bool is_host(std::string_view text)
{
    if (!all(text, Class::host))
        return false;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end < 3)
            return false;
        for (const char letter : text.substr(1, end - 1))
            if (!is(letter, Class::hex) && letter != ':' && letter != '.')
                return false;
        port = text.substr(end + 1);
        if (!port.empty() && port.front() != ':')
            return false;
    } else {
        const auto colon = text.find(':');
        const auto name = text.substr(0, colon);
        if (name.empty() || name.find_first_of("[]") != std::string_view::npos)
            return false;
        port = text.substr(name.size());
    }
    return port.empty() || (port.size() <= 6 && all(port.substr(1), Class::digit));
}

std::optional<Refusal> parse_request_line(std::string_view line, const Limits& limits, Request& request,
                                          std::string_view& authority)
{
    const auto first = line.find(' ');
    if (first == std::string_view::npos)
        return Refusal{400, "request_line_malformed"};
    const auto method = line.substr(0, first);
    if (method.empty() || method.size() > longest_method || !all(method, Class::token))
        return Refusal{400, "method_malformed"};
    const auto second = line.find(' ', first + 1);
    const auto target = line.substr(first + 1, second == std::string_view::npos ? second : second - first - 1);
    if (target.size() > limits.target_bytes)
        return Refusal{414, "target_too_long"};
    if (second == std::string_view::npos || target.empty())
        return Refusal{400, "request_line_malformed"};
    const auto version = line.substr(second + 1);
    if (version.size() != 8 || !version.starts_with("HTTP/") || !is(version[5], Class::digit) || version[6] != '.' ||
        !is(version[7], Class::digit))
        return Refusal{400, "request_line_malformed"};
    if (version[5] != '1' || version[7] > '1')
        return Refusal{505, "version_unsupported"};

    request.method = method;
    request.target = target;
    request.minor_version = version[7] - '0';
    if (!split_target(request, authority))
        return Refusal{400, "target_malformed"};
    return {};
}

}  // namespace headgate::net
