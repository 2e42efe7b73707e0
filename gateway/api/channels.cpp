#include <ranges>
#include <set>

#include <boost/json.hpp>

#include "core/time.hpp"
#include "gateway/api/commands.hpp"
#include "gateway/api/pauses.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/hint.hpp"
#include "gateway/missing.hpp"
#include "retry/decisions.hpp"

namespace headgate::gateway::api {

namespace {

std::string_view name_of(ChannelConfig::Mode mode)
{
    switch (mode) {
    case ChannelConfig::Mode::live: return "live";
    case ChannelConfig::Mode::shadow: return "shadow";
    case ChannelConfig::Mode::closed: return "closed";
    }
    std::unreachable();
}

std::set<std::string> names_of(const Configuration& configuration)
{
    const auto names = configuration.channels | std::views::keys;
    return {names.begin(), names.end()};
}

Result<void> check_channel(const Means& with, std::string_view name)
{
    if (with.configuration.channel(name) != nullptr)
        return {};
    return fail(FailureClass::permanent, "unknown_channel",
                "there is no channel `" + std::string(name) + "` (" + list_of(names_of(with.configuration)) + ")");
}

/// Where the queue that a channel reads stands, as whoever reads it has said last; null when it reads none.
json::value queue_json(const net::Reply& said)
{
    boost::system::error_code error;
    const auto parsed = json::parse(said.text.empty() ? std::string_view("{}") : std::string_view(said.text), error);
    const json::object state = !error && parsed.is_object() ? parsed.get_object() : json::object{};
    const auto time = [&](std::string_view name) {
        const auto* value = state.if_contains(name);
        const std::int64_t second = value != nullptr && value->is_int64() ? value->get_int64() : 0;
        return second == 0 ? json::value(nullptr) : json::value(text_of_second(second));
    };
    const auto* failed = state.if_contains("failed");
    return json::object{{"asked", time("asked")},
                        {"heard", time("heard")},
                        {"failed", failed != nullptr && failed->is_string() ? *failed : json::value("")}};
}

}  // namespace

asio::awaitable<net::Response> list_channels(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    retry::Decisions decisions(with.redis, with.scripts);
    const auto paused = co_await decisions.paused();
    if (!paused)
        co_return failed(paused.error());
    auto names = names_of(with.configuration);
    names.merge(paused_names(*paused, "channel"));
    std::vector<std::vector<std::string>> ask;
    std::erase_if(names, [&call](const std::string& name) { return !call.caller.may_see({.channel = name}); });
    for (const auto& name : names)
        ask.push_back({"SCARD", parked_key(channel_missing(name).key)});
    const auto reads_queue = [](const Channel* channel) { return channel != nullptr && channel->sqs != nullptr; };
    for (const auto& name : names)
        if (reads_queue(with.configuration.channel(name)))
            ask.push_back({"GET", "hg:sqs:" + name});
    const auto counted = co_await together(with.redis, std::move(ask));
    if (!counted)
        co_return failed(counted.error());
    json::array rows;
    auto queue = counted->begin() + static_cast<std::ptrdiff_t>(names.size());
    for (auto number = counted->begin(); const auto& name : names) {
        const Channel* channel = with.configuration.channel(name);
        const bool known = channel != nullptr;
        rows.push_back(json::object{{"channel", name},
                                    {"configured", known},
                                    {"connector", known ? channel->config.connector : ""},
                                    {"source", known ? channel->source : ""},
                                    {"mode", known ? name_of(channel->config.mode) : ""},
                                    {"paused", pause_json(*paused, "channel:" + name)},
                                    {"waiting", known ? channel->backlog() : 0},
                                    {"parked", (number++)->integer},
                                    {"sqs", reads_queue(channel) ? queue_json(*queue++) : json::value(nullptr)}});
    }
    co_return reply(200, json::object{{"channels", std::move(rows)}});
}

asio::awaitable<net::Response> pause_channel(const Means& with, const Call& call)
{
    if (const auto known = check_channel(with, call.name); !known)
        co_return failed(known.error());
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    co_return co_await pause(with, "channel", call);
}

asio::awaitable<net::Response> resume_channel(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    if (const auto none = members(call.body, {}); !none)
        co_return failed(none.error());
    const auto was_paused = co_await go_on(with, "channel", call);
    if (!was_paused)
        co_return failed(was_paused.error());
    // One that is not configured any more may still be paused.
    if (const auto known = check_channel(with, call.name); !known && !*was_paused)
        co_return failed(known.error());
    // Behind the owner's hearing of it: what it begins from here on is not parked any more.
    std::vector<Hash16> missing{channel_missing(call.name).key};
    const auto released = co_await with.releases.release(std::move(missing));
    if (!released)
        co_return failed(released.error());
    co_return reply(
        200, json::object{
                 {"channel", call.name}, {"paused", nullptr}, {"was_paused", *was_paused}, {"released", *released}});
}

}  // namespace headgate::gateway::api
