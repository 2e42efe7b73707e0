#include <ranges>
#include <set>

#include <boost/json.hpp>

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
    const auto parked = co_await together(with.redis, std::move(ask));
    if (!parked)
        co_return failed(parked.error());
    json::array rows;
    for (auto number = parked->begin(); const auto& name : names) {
        const Channel* channel = with.configuration.channel(name);
        const bool known = channel != nullptr;
        rows.push_back(json::object{{"channel", name},
                                    {"configured", known},
                                    {"connector", known ? channel->config.connector : ""},
                                    {"source", known ? channel->source : ""},
                                    {"mode", known ? name_of(channel->config.mode) : ""},
                                    {"paused", pause_json(*paused, "channel:" + name)},
                                    {"waiting", known ? channel->backlog() : 0},
                                    {"parked", (number++)->integer}});
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
