#include "net/http/answer.hpp"

#include <array>
#include <ctime>

#include <fmt/format.h>

#include "net/http/characters.hpp"

namespace headgate::net {

namespace {

using characters::all;
using characters::Class;

constexpr std::string_view phrase_of(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "";  // the phrase is for people and may be empty (RFC 9112 §4)
    }
}

/// IMF-fixdate (RFC 9110 §5.6.7), made once a second; by hand, since strftime follows the locale.
std::string_view date_text()
{
    static constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    thread_local std::time_t made_at = -1;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now != made_at) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days.at(static_cast<std::size_t>(parts.tm_wday)),
                           parts.tm_mday, months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                           parts.tm_hour, parts.tm_min, parts.tm_sec);
        made_at = now;
    }
    return text;
}

bool is_ours(std::string_view name)
{
    for (const std::string_view ours : {"content-length", "transfer-encoding", "connection", "date", "content-type"})
        if (same_ignoring_case(name, ours))
            return true;
    return false;
}

void append_number(std::string& out, std::size_t number)
{
    const fmt::format_int digits(number);
    out.append(digits.data(), digits.size());
}

}  // namespace

bool append_answer_head(std::string& out, const Response& response, const Wire& wire)
{
    if (response.status < 200 || response.status > 599 || !all(response.content_type, Class::value))
        return false;

    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += phrase_of(response.status);
    out += "\r\nDate: ";
    out += date_text();
    if (!response.content_type.empty()) {
        out += "\r\nContent-Type: ";
        out += response.content_type;
    }
    if (has_body(response.status)) {
        out += "\r\nContent-Length: ";
        append_number(out, response.body.size());
    }
    if (!wire.keep_alive)
        out += "\r\nConnection: close";
    else if (wire.minor_version == 0)
        out += "\r\nConnection: keep-alive";
    for (const auto& [name, value] : response.fields) {
        if (name.empty() || !all(name, Class::token) || !all(value, Class::value) || is_ours(name))
            return false;
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    }
    out += "\r\n\r\n";
    return true;
}

Response refusal_response(const Refusal& refusal)
{
    Response response;
    response.status = refusal.status;
    response.content_type = "application/json";
    response.body = fmt::format("{{\"error\":\"{}\"}}\n", refusal.reason);
    response.close = true;
    if (refusal.status == 415)
        response.fields.emplace_back("Accept-Encoding", "identity");  // RFC 9110 §12.5.3
    if (refusal.status == 503)
        response.fields.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace headgate::net
