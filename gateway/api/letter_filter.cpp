#include "gateway/api/letter_filter.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config/values.hpp"
#include "core/time.hpp"
#include "gateway/numbered_lines.hpp"
#include "gateway/searched_fields.hpp"

namespace headgate::gateway::api {

namespace {

using observability::LetterFilter;

constexpr std::array<std::pair<std::string_view, std::string LetterFilter::*>, 12> texts{
    {{"channel", &LetterFilter::channel},
     {"source", &LetterFilter::source},
     {"topic", &LetterFilter::topic},
     {"system", &LetterFilter::system},
     {"type", &LetterFilter::type},
     {"stage", &LetterFilter::stage},
     {"code", &LetterFilter::code},
     {"cause", &LetterFilter::cause},
     {"queue", &LetterFilter::queue},
     {"entity", &LetterFilter::entity},
     {"order", &LetterFilter::order_number},
     {"event", &LetterFilter::event}}};

/// Lines of NAME=VALUE.
Result<FoundFields> fields_of(const Means& with, std::string_view text)
{
    FoundFields fields;
    std::set<std::string, std::less<>> names;
    for (const auto& [type, declared] : with.configuration.searched)
        names.insert(declared.begin(), declared.end());
    for (const auto& [number, line] : numbered_lines(text)) {
        const auto equals = std::min(line.find('='), line.size());
        const auto name = line.substr(0, equals);
        if (!names.contains(name))
            return fail(FailureClass::permanent, "bad_filter",
                        names.empty() ? "letters are found by no `field` here: `search` of headgate.yaml declares them"
                                      : fmt::format("letters are not found by a field `{}`, but by {}", name,
                                                    fmt::join(names, ", ")));
        if (equals == line.size() || line.size() - equals - 1 > longest_searched_value)
            return fail(FailureClass::permanent, "bad_filter",
                        fmt::format("`field` is NAME=VALUE, and a value has up to {} bytes", longest_searched_value));
        fields.emplace_back(name, line.substr(equals + 1));
    }
    return fields;
}

}  // namespace

Result<std::chrono::system_clock::time_point> instant_of(std::string_view name, std::string_view text,
                                                         std::chrono::system_clock::time_point now)
{
    if (const auto ago = config::parse_duration(text))
        return now - *ago;
    if (const auto time = parse_timestamp(text))
        return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::seconds(time->seconds) + std::chrono::nanoseconds(time->nanos)));
    return fail(FailureClass::permanent, "bad_filter",
                fmt::format("`{}` is a time like 2026-01-31T08:00:00Z, or how long ago: 90m, 2h, 3d", name));
}

const std::vector<std::string_view>& letter_filter_names()
{
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> all;
        for (const auto& [name, member] : texts)
            all.push_back(name);
        all.insert(all.end(), {"since", "until", "overdue", "field"});
        return all;
    }();
    return names;
}

Result<LetterFilter> letter_filter(const Means& with, const Parameters& given, const Caller& caller,
                                   std::chrono::system_clock::time_point now)
{
    LetterFilter filter{
        .of_channels = caller.scope.channels, .of_types = caller.scope.types, .of_queues = caller.scope.queues};
    const auto value = [&given](std::string_view name) -> std::string_view {
        const auto found = given.find(name);
        return found == given.end() ? std::string_view{} : std::string_view(found->second);
    };
    for (const auto& [name, member] : texts)
        filter.*member = value(name);
    for (const auto& [name, into] : {std::pair{"since", &filter.since}, std::pair{"until", &filter.until}}) {
        if (value(name).empty())
            continue;
        const auto instant = instant_of(name, value(name), now);
        if (!instant)
            return std::unexpected(instant.error());
        *into = *instant;
    }
    if (const auto overdue = value("overdue"); overdue == "true")
        filter.due_by = now;
    else if (!overdue.empty() && overdue != "false")
        return fail(FailureClass::permanent, "bad_filter", "`overdue` is true or false");
    auto fields = fields_of(with, value("field"));
    if (!fields)
        return std::unexpected(std::move(fields.error()));
    filter.fields = std::move(*fields);
    return filter;
}

Result<LetterFilter> letter_filter(const Means& with, const json::object& members, const Caller& caller,
                                   std::chrono::system_clock::time_point now)
{
    Parameters given;
    const auto& names = letter_filter_names();
    for (const auto& [name, value] : members) {
        if (std::ranges::find(names, std::string_view(name)) == names.end())
            return fail(FailureClass::permanent, "bad_filter",
                        fmt::format("letters are not filtered by `{}`, but by {}", std::string_view(name),
                                    fmt::join(names, ", ")));
        if (!value.is_string())
            return fail(FailureClass::permanent, "bad_filter",
                        fmt::format("`{}` of a filter is a text", std::string_view(name)));
        given.emplace(name, value.as_string());
    }
    return letter_filter(with, given, caller, now);
}

Result<AskedPage> asked_page(const Means& with, const Call& call, std::initializer_list<std::string_view> more)
{
    auto names = letter_filter_names();
    names.insert(names.end(), {"cursor", "limit"});
    names.insert(names.end(), more);
    auto given = parameters(call.query, names);
    if (!given)
        return std::unexpected(std::move(given.error()));
    const auto limit = limit_of(*given, 100);
    if (!limit)
        return std::unexpected(limit.error());
    auto filter = letter_filter(with, *given, call.caller, std::chrono::system_clock::now());
    if (!filter)
        return std::unexpected(std::move(filter.error()));
    filter->cursor = (*given)["cursor"];
    filter->limit = *limit;
    return AskedPage{std::move(*given), std::move(*filter)};
}

}  // namespace headgate::gateway::api
