#include "gateway/answer_pages.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/url/decode_view.hpp>
#include <boost/url/parse.hpp>

#include "mapping/request_body.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

namespace {

namespace urls = boost::urls;

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

/// Whether the parameters of a link, `; rel="next"; title=…`, say that it is the next.
bool is_next(std::string_view parameters)
{
    while (!parameters.empty()) {
        const auto at = parameters.find(';');
        auto one = trimmed(parameters.substr(0, at));
        parameters.remove_prefix(at == std::string_view::npos ? parameters.size() : at + 1);
        const auto equals = one.find('=');
        if (equals == std::string_view::npos || !net::same_ignoring_case(trimmed(one.substr(0, equals)), "rel"))
            continue;
        auto value = trimmed(one.substr(equals + 1));
        if (value.size() > 1 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        while (!value.empty()) {  // several relations, with blanks between them
            const auto end = value.find(' ');
            if (net::same_ignoring_case(value.substr(0, end), "next"))
                return true;
            value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
        }
    }
    return false;
}

}  // namespace

std::string with_parameter(const std::string& target, std::string_view name, std::string_view value)
{
    // Written by hand: a `+` in a value is a plus, and not the blank that forms read it as.
    std::string encoded;
    mapping::append_percent_encoded(encoded, name);
    encoded += '=';
    mapping::append_percent_encoded(encoded, value);
    const auto mark = target.find('?');
    std::string made = target.substr(0, mark) + "?";
    bool placed = false;
    const auto add = [&made](std::string_view part) {
        if (made.back() != '?')
            made += '&';
        made += part;
    };
    std::string_view query = mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const urls::decode_view key(part.substr(0, part.find('=')));
        if (std::string(key.begin(), key.end()) != name)
            add(part);
        else if (!std::exchange(placed, true))
            add(encoded);
    }
    if (!placed)
        add(encoded);
    return made;
}

std::optional<std::string> parameter_of(const std::string& target, std::string_view name)
{
    const auto url = urls::parse_origin_form(target);
    if (!url)
        return std::nullopt;
    for (const auto& parameter : url->params())
        if (parameter.key == name)
            return parameter.value;
    return std::nullopt;
}

std::optional<std::string> next_link(const net::HttpAnswer& answer)
{
    for (const auto& [name, value] : answer.headers) {
        if (name != "link")
            continue;
        std::string_view rest = value;
        for (auto open = rest.find('<'); open != std::string_view::npos; open = rest.find('<')) {
            const auto close = rest.find('>', open);
            if (close == std::string_view::npos)
                break;
            const auto url = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            // Up to the comma that is in no quotes.
            std::size_t end = 0;
            for (bool quoted = false; end < rest.size() && (quoted || rest[end] != ','); ++end)
                if (rest[end] == '"')
                    quoted = !quoted;
            const auto parameters = rest.substr(0, end);
            rest.remove_prefix(end);
            if (is_next(parameters.substr(parameters.empty() ? 0 : parameters.find(';') == 0 ? 1 : 0)))
                return std::string(url);
        }
    }
    return std::nullopt;
}

Result<std::string> target_at(std::string_view url, const net::HttpOrigin& origin, const std::string& target)
{
    const auto wrong = [](std::string detail) {
        return fail(FailureClass::permanent, "next_elsewhere", std::move(detail));
    };
    if (url.starts_with('?'))
        return target.substr(0, target.find('?')) + std::string(url);
    if (url.starts_with('/') && !url.starts_with("//"))
        return std::string(url);
    const auto parsed = urls::parse_uri(url);
    if (!parsed)
        return wrong("what is to be asked for next is no URL");
    const bool tls = parsed->scheme() == "https";
    const std::uint16_t port = parsed->has_port() ? parsed->port_number() : tls ? 443 : 80;
    if (tls != origin.tls || !net::same_ignoring_case(parsed->encoded_host(), origin.host) || port != origin.port)
        return wrong("the answer leads to another host than that of the API");
    return std::string(parsed->encoded_resource());
}

Result<std::optional<std::string>> AnswerPages::next(const std::string& target, const net::HttpOrigin& origin,
                                                     const net::HttpAnswer& answer,
                                                     const mapping::MappingContext& context,
                                                     std::size_t items_found) const
{
    const auto to = [&](std::string_view found) -> Result<std::optional<std::string>> {
        auto made = target_at(found, origin, target);
        if (!made)
            return std::unexpected(std::move(made.error()));
        return std::optional(std::move(*made));
    };
    if (link) {
        const auto found = next_link(answer);
        return found ? to(*found) : std::optional<std::string>();
    }
    if (!page.empty()) {
        if (items_found == 0)
            return std::optional<std::string>();
        std::uint32_t number = 1;
        if (const auto now = parameter_of(target, page))
            std::from_chars(now->data(), now->data() + now->size(), number);
        return std::optional(with_parameter(target, page, std::to_string(number + 1)));
    }
    const auto& asked = url ? url : value;
    if (!asked)
        return std::optional<std::string>();
    auto found = asked->text(context);
    if (!found)
        return std::unexpected(std::move(found.error()));
    if (!*found || (*found)->empty())
        return std::optional<std::string>();
    if (url)
        return to(**found);
    return std::optional(with_parameter(target, parameter, **found));
}

}  // namespace headgate::gateway
