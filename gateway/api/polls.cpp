#include <algorithm>

#include <boost/json.hpp>

#include "core/time.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/hint.hpp"

namespace headgate::gateway::api {

namespace {

namespace json = boost::json;

constexpr std::size_t most_days = 31;
constexpr std::size_t most_missed = 100;

Result<const Channel*> polled_channel(const Means& with, std::string_view name)
{
    const Channel* channel = with.configuration.channel(name);
    if (channel == nullptr)
        return fail(FailureClass::permanent, "unknown_channel", "there is no channel `" + std::string(name) + "`");
    if (channel->polls().empty())
        return fail(FailureClass::permanent, "not_polled",
                    "nothing is polled of the channel: give it `api` and `poll`, and a connector with `polls`");
    return channel;
}

json::value time_at(const json::object& state, std::string_view name)
{
    const auto* value = state.if_contains(name);
    boost::system::error_code error;
    const std::int64_t second =
        value != nullptr && value->is_number() ? value->to_number<std::int64_t>(error) : std::int64_t{0};
    return second == 0 ? json::value(nullptr) : json::value(text_of_second(second));
}

/// Beside what the vendor has: how much of it was here before the poll asked.
json::array days_of(const std::vector<observability::PolledDay>& all, const std::string& poll)
{
    json::array days;
    for (const auto& day : all)
        if (day.poll == poll)
            days.push_back(json::object{
                {"day", day.day}, {"vendor", day.items}, {"ours", day.items - day.applied}, {"missed", day.applied}});
    return days;
}

}  // namespace

asio::awaitable<net::Response> list_polls(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto channel = polled_channel(with, call.name);
    if (!channel)
        co_return failed(channel.error());
    json::array rows;
    const auto days = with.history.polled((*channel)->name, most_days);
    if (!days)
        co_return failed(days.error());
    for (const Poll* poll : (*channel)->polls()) {
        std::vector<std::string> ask{"HGET", "hg:poll:" + (*channel)->name, poll->config.name};
        const auto reply = co_await with.redis.command(std::move(ask));
        if (!reply)
            co_return failed(reply.error());
        boost::system::error_code error;
        const auto parsed = json::parse(reply->text, error);
        const json::object state = !error && parsed.is_object() ? parsed.get_object() : json::object{};
        const auto at = [&](std::string_view name, json::value otherwise) {
            const auto* value = state.if_contains(name);
            return value == nullptr ? std::move(otherwise) : *value;
        };
        rows.push_back(json::object{{"poll", poll->config.name},
                                    {"ran", time_at(state, "ran")},
                                    {"tried", time_at(state, "tried")},
                                    {"since", time_at(state, "since")},
                                    {"cursor", at("cursor", "")},
                                    {"items", at("items", 0)},
                                    {"fresh", at("fresh", 0)},
                                    {"failed", at("failed", "")},
                                    {"days", days_of(*days, poll->config.name)}});
        if (!poll->config.webhook || !(*channel)->connector->config.signature.given())
            continue;
        const auto missed = with.history.missed((*channel)->name, poll->config.name, most_missed);
        if (!missed)
            co_return failed(missed.error());
        json::array list;
        for (const auto& row : *missed)
            list.push_back(json::object{
                {"event", row.event.text()},
                {"topic", row.topic},
                {"entity", row.entity},
                {"received_at",
                 text_of_second(
                     std::chrono::duration_cast<std::chrono::seconds>(row.received_at.time_since_epoch()).count())}});
        rows.back().as_object()["missed"] = std::move(list);
    }
    co_return reply(200, json::object{{"polls", std::move(rows)}});
}

asio::awaitable<net::Response> run_polls(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto given = members(call.body, {"since"});
    if (!given)
        co_return failed(given.error());
    const auto since = text_member(*given, "since", 64);
    if (!since)
        co_return failed(since.error());
    const auto channel = polled_channel(with, call.name);
    if (!channel)
        co_return failed(channel.error());
    std::optional<std::int64_t> from;
    if (!since->empty()) {
        const auto at = parse_timestamp(*since);
        if (!at)
            co_return failed({FailureClass::permanent, "bad_body", "`since` is no time of RFC 3339", {}});
        from = at->seconds;
    }
    with.owner.poll((*channel)->name, from);
    co_return reply(200, json::object{{"channel", (*channel)->name}, {"polls", (*channel)->polls().size()}});
}

}  // namespace headgate::gateway::api
