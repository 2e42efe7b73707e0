#include "net/http/head.hpp"

#include <algorithm>
#include <limits>

#include "net/http/characters.hpp"
#include "net/http/request_line.hpp"

namespace headgate::net {

namespace {

using namespace characters;
using Trouble = std::optional<Refusal>;

constexpr std::string_view after_target = " HTTP/1.1";

Trouble trouble(std::string_view reason, int status = 400)
{
    return Refusal{status, reason};
}

/// What the fields say about framing, routing and the connection; judged together once all have been read.
struct Known {
    std::optional<std::uint64_t> length;
    bool chunked = false;
    std::optional<std::string_view> host;
    bool close = false;
    bool keep_alive = false;
    bool expects_continue = false;
    Trouble meaning;  // 415 or 417: only a well framed request deserves to hear it
};

/// Takes the next line off `rest`, without its CRLF; no CR or LF is left inside.
std::expected<std::string_view, Refusal> next_line(std::string_view& rest)
{
    const auto feed = rest.find('\n');
    const auto line = rest.substr(0, feed == std::string_view::npos ? rest.size() : feed);
    const auto carriage = line.find('\r');
    if (carriage == std::string_view::npos)
        return refuse(feed == std::string_view::npos ? "head_incomplete" : "bare_lf");
    if (carriage + 1 != line.size())
        return refuse("bare_cr");
    if (feed == std::string_view::npos)
        return refuse("head_incomplete");
    rest.remove_prefix(feed + 1);
    return line.substr(0, carriage);
}

/// One number in its only spelling: no sign, no list, no leading zero (readers that take "010" for octal exist).
Trouble take_length(std::string_view value, Known& known)
{
    if (known.length)
        return trouble("content_length_repeated");
    if (value.empty() || (value.front() == '0' && value.size() > 1))
        return trouble("content_length_malformed");
    std::uint64_t length = 0;
    for (const char letter : value) {
        if (!is(letter, Class::digit))
            return trouble("content_length_malformed");
        const auto units = static_cast<std::uint64_t>(letter - '0');
        if (length > (std::numeric_limits<std::uint64_t>::max() - units) / 10)
            return trouble("content_length_malformed");
        length = length * 10 + units;
    }
    known.length = length;
    return {};
}

Trouble take_transfer_coding(std::string_view value, Known& known)
{
    if (known.chunked)
        return trouble("transfer_encoding_repeated");
    if (!same_ignoring_case(value, "chunked"))
        return trouble("transfer_encoding_unsupported");
    known.chunked = true;
    return {};
}

void take_connection(std::string_view value, Known& known)
{
    while (!value.empty()) {
        const auto comma = value.find(',');
        const auto option = trim(value.substr(0, comma));
        known.close |= same_ignoring_case(option, "close");
        known.keep_alive |= same_ignoring_case(option, "keep-alive");
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    }
}

Trouble take_field(const Field& field, int minor_version, bool codings, Known& known)
{
    const auto named = [&field](std::string_view name) { return same_ignoring_case(field.name, name); };
    switch (field.name.size()) {
    case 4:
        if (!named("host"))
            return {};
        if (known.host)
            return trouble("host_repeated");
        if (!is_host(field.value) || field.value.empty())
            return trouble("host_malformed");
        known.host = field.value;
        return {};
    case 6:
        if (!named("expect") || minor_version == 0)  // RFC 9110 §10.1.1: means nothing in HTTP/1.0
            return {};
        known.expects_continue = true;
        if (!same_ignoring_case(field.value, "100-continue"))
            known.meaning = Refusal{417, "expectation_unsupported"};
        return {};
    case 10:
        if (named("connection"))
            take_connection(field.value, known);
        return {};
    case 14: return named("content-length") ? take_length(field.value, known) : Trouble{};
    case 16:
        if (!codings && named("content-encoding") && !same_ignoring_case(field.value, "identity"))
            known.meaning = Refusal{415, "content_encoding_unsupported"};
        return {};
    case 17: return named("transfer-encoding") ? take_transfer_coding(field.value, known) : Trouble{};
    default: return {};
    }
}

Trouble judge(const Known& known, std::string_view authority, const Limits& limits, const Request& request)
{
    if (known.chunked && known.length)
        return trouble("content_length_with_transfer_encoding");
    if (known.chunked && request.minor_version == 0)
        return trouble("chunked_in_http_1_0");
    if (!known.host && request.minor_version == 1)
        return trouble("host_missing");
    if (!authority.empty() && known.host && !same_ignoring_case(authority, *known.host))
        return trouble("host_mismatch");
    if (!known.length && request.minor_version == 0 &&
        (request.method == "POST" || request.method == "PUT" || request.method == "PATCH"))
        return trouble("length_required", 411);
    if (known.meaning)
        return known.meaning;
    if (known.length && *known.length > std::max(limits.body_bytes, limits.streamed_bytes))
        return trouble("body_too_large", 413);
    return {};
}

}  // namespace

std::expected<std::size_t, Refusal> HeadFinder::find(std::string_view bytes, const Limits& limits)
{
    if (bytes.empty())
        return 0;
    if (seen_ == 0 && !is(bytes.front(), Class::token))
        return refuse("method_malformed");
    while (seen_ < bytes.size()) {
        const auto rest = bytes.substr(seen_);
        const auto carriage = rest.find('\r');
        if (rest.substr(0, carriage).find('\n') != std::string_view::npos)
            return refuse("bare_lf");
        if (carriage == std::string_view::npos || carriage + 1 == rest.size()) {
            seen_ += carriage == std::string_view::npos ? rest.size() : carriage;
            break;
        }
        if (rest[carriage + 1] != '\n')
            return refuse("bare_cr");
        const auto line_end = seen_ + carriage;
        if (line_end + 2 > limits.head_bytes)
            break;
        if (line_end == line_)
            return line_end + 2;
        line_ = seen_ = line_end + 2;
    }
    if (line_ == 0 && bytes.size() > limits.target_bytes + longest_method + 1 + after_target.size())
        return refuse("target_too_long", 414);
    if (bytes.size() >= limits.head_bytes)
        return refuse("head_too_large", 431);
    return 0;
}

std::expected<Field, Refusal> parse_field(std::string_view line)
{
    std::size_t end = 0;
    while (end < line.size() && is(line[end], Class::token))
        ++end;
    if (end == line.size() || line[end] != ':') {
        const bool space_then_colon =
            end > 0 && end < line.size() && is_space(line[end]) && trim(line.substr(end)).starts_with(':');
        return refuse(space_then_colon ? "space_before_colon" : "field_name_malformed");
    }
    if (end == 0)
        return refuse("field_name_empty");
    const auto text = line.substr(end + 1);
    if (!all(text, Class::value))
        return refuse("control_byte");
    return Field{line.substr(0, end), trim(text)};
}

std::expected<Framing, Refusal> parse_head(std::string_view bytes, const Limits& limits, Request& request)
{
    request.method = request.target = request.path = request.query = {};
    request.minor_version = 1;
    request.keep_alive = false;
    request.fields.clear();
    if (bytes.size() > limits.head_bytes)
        return refuse("head_too_large", 431);

    const auto request_line = next_line(bytes);
    if (!request_line)
        return std::unexpected(request_line.error());
    std::string_view authority;
    if (const auto wrong = parse_request_line(*request_line, limits, request, authority))
        return std::unexpected(*wrong);

    Known known;
    for (;;) {
        const auto line = next_line(bytes);
        if (!line)
            return std::unexpected(line.error());
        if (line->empty())
            break;
        if (is_space(line->front()))
            return refuse(request.fields.empty() ? "leading_space" : "folded_line");
        if (request.fields.size() == limits.fields)
            return refuse("too_many_fields", 431);
        const auto field = parse_field(*line);
        if (!field)
            return std::unexpected(field.error());
        if (const auto wrong = take_field(*field, request.minor_version, limits.codings, known))
            return std::unexpected(*wrong);
        request.fields.push_back(*field);
    }
    if (!bytes.empty())
        return refuse("head_incomplete");  // the caller cut in the wrong place

    if (const auto wrong = judge(known, authority, limits, request))
        return std::unexpected(*wrong);
    request.keep_alive = !known.close && (request.minor_version == 1 || known.keep_alive);
    const bool has_body = known.chunked || known.length.value_or(0) > 0;
    return Framing{known.length.value_or(0), known.chunked, known.expects_continue && has_body};
}

}  // namespace headgate::net
