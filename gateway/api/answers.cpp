#include "gateway/api/answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>

#include "core/time.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::array<std::string_view, 11> wrong_requests{
    "why_missing", "bad_edit",  "bad_filter",        "bad_cursor",    "bad_limit",     "bad_query",
    "bad_body",    "bad_entry", "unknown_parameter", "bad_reference", "too_many_lines"};
constexpr std::array<std::string_view, 5> unknown_names{"unknown_system", "unknown_channel", "unknown_vocabulary",
                                                        "not_polled", "no_registration"};
constexpr std::array<std::string_view, 8> conflicts{"letter_changed",     "body_missing",     "edit_impossible",
                                                    "entry_in_file",      "no_entries",       "no_stored_transaction",
                                                    "public_url_missing", "address_not_https"};

}  // namespace

net::Response reply(int status, const json::value& body)
{
    net::Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body = json::serialize(body) + "\n";
    return response;
}

net::Response refuse(int status, std::string_view code, std::string_view detail)
{
    return reply(status, json::object{{"error", code}, {"detail", detail}});
}

net::Response failed(const Failure& failure)
{
    int status = 500;
    if (failure.failure_class == FailureClass::transient || failure.failure_class == FailureClass::unknown_outcome)
        status = 503;
    else if (std::ranges::find(unknown_names, failure.code) != unknown_names.end())
        status = 404;
    else if (std::ranges::find(conflicts, failure.code) != conflicts.end())
        status = 409;
    else if (std::ranges::find(wrong_requests, failure.code) != wrong_requests.end())
        status = 400;
    return reply(status, json::object{{"error", failure.code}, {"detail", failure.detail}});
}

net::Response not_found(std::string_view what)
{
    return refuse(404, "not_found", what);
}

net::Response wrong_method(std::string_view allowed)
{
    auto refused = refuse(405, "wrong_method", "this resource is for " + std::string(allowed));
    refused.fields.emplace_back("Allow", allowed);
    return refused;
}

Result<Parameters> parameters(std::string_view query, std::initializer_list<std::string_view> names)
{
    return parameters(query, std::vector<std::string_view>(names));
}

Result<Parameters> parameters(std::string_view query, const std::vector<std::string_view>& names)
{
    const std::string text(query);  // a target without a query has a view of nothing
    const auto parsed = boost::urls::parse_query(text);
    if (!parsed)
        return fail(FailureClass::permanent, "bad_query", "the query is not percent-encoded name=value pairs");
    Parameters given;
    for (const auto parameter : *parsed) {
        std::string name = parameter.key.decode();
        if (std::ranges::find(names, name) == names.end())
            return fail(FailureClass::permanent, "unknown_parameter",
                        names.empty() ? name + ": there are no parameters here"
                                      : fmt::format("{}: there is {}", name, fmt::join(names, ", ")));
        if (!given.emplace(name, parameter.value.decode()).second)
            return fail(FailureClass::permanent, "bad_query", name + " is given twice");
    }
    return given;
}

Result<std::size_t> limit_of(const Parameters& given, std::size_t otherwise)
{
    const auto found = given.find("limit");
    if (found == given.end() || found->second.empty())
        return otherwise;
    std::size_t limit = 0;
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > 1000)
        return fail(FailureClass::permanent, "bad_limit", "a page has 1 to 1000 rows");
    return limit;
}

Result<json::object> members(std::string_view body, std::initializer_list<std::string_view> names)
{
    if (body.empty())
        return json::object{};
    boost::system::error_code error;
    auto parsed = json::parse(body, error);
    if (error || !parsed.is_object())
        return fail(FailureClass::permanent, "bad_body",
                    "this is no JSON object" +
                        (names.size() == 0 ? "" : fmt::format("; it may have {}", fmt::join(names, ", "))));
    for (const auto& member : parsed.get_object())
        if (std::ranges::find(names, std::string_view(member.key())) == names.end())
            return fail(FailureClass::permanent, "bad_body",
                        fmt::format("`{}` is no member here; there is {}", std::string_view(member.key()),
                                    names.size() == 0 ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    return std::move(parsed.get_object());
}

Result<bool> flag_member(const json::object& members, std::string_view name)
{
    const auto* value = members.if_contains(name);
    if (value == nullptr)
        return false;
    if (!value->is_bool())
        return fail(FailureClass::permanent, "bad_body", fmt::format("`{}` is true or false", name));
    return value->get_bool();
}

Result<std::string> text_member(const json::object& members, std::string_view name, std::size_t most)
{
    const auto* value = members.if_contains(name);
    if (value == nullptr)
        return std::string{};
    if (!value->is_string())
        return fail(FailureClass::permanent, "bad_body", fmt::format("`{}` is no text: put it in quotes", name));
    if (value->get_string().size() > most)
        return fail(FailureClass::permanent, "bad_body", fmt::format("`{}` is longer than {} bytes", name, most));
    return std::string(value->get_string());
}

Result<std::string> reason(const json::object& members, std::string_view what)
{
    auto why = text_member(members, "why", longest_why);
    if (why && why->find_first_not_of(" \t\r\n") == std::string::npos)
        return fail(FailureClass::permanent, "why_missing",
                    fmt::format("{} needs a reason that others can read: `why`", what));
    return why;
}

std::string time_text(std::chrono::sys_time<std::chrono::milliseconds> at)
{
    const auto ms = at.time_since_epoch().count();
    Timestamp time;
    time.seconds = ms / 1000;
    time.nanos = static_cast<std::uint32_t>(ms % 1000) * 1'000'000U;
    return text_of(time);
}

}  // namespace headgate::gateway::api
