#include <array>
#include <map>
#include <ranges>
#include <set>

#include <boost/json.hpp>

#include "gateway/api/commands.hpp"
#include "gateway/api/pauses.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/systems.hpp"
#include "gateway/hint.hpp"
#include "retry/decisions.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::array<std::string_view, 3> counted{"ready", "due", "busy"};

std::string_view name_of(SystemConfig::Preset preset)
{
    switch (preset) {
    case SystemConfig::Preset::unset: return "";
    case SystemConfig::Preset::sqlite: return "sqlite";
    case SystemConfig::Preset::http: return "http";
    }
    std::unreachable();
}

/// Why a system does not take what it is sent: the note of that name in /readyz; null when it does.
json::value failing(const json::array& notes, const std::string& system)
{
    for (const auto& note : notes)
        if (note.at("name").as_string() == system + "_failing")
            return note.at("detail");
    return nullptr;
}

/// The deliveries that wait for each system, by state; of all partitions, in one round trip.
Task<std::map<std::string, json::object>> waiting_at(const Means& with, const std::set<std::string>& systems)
{
    std::vector<std::vector<std::string>> ask;
    for (const auto& system : systems)
        for (const auto state : counted)
            for (int p = 0; p < partition_count; ++p)
                ask.push_back({"ZCARD", retry::partition_key(state, static_cast<Partition>(p)) + ":" + system});
    const auto sizes = co_await together(with.redis, std::move(ask));
    if (!sizes)
        co_return std::unexpected(sizes.error());
    std::map<std::string, json::object> waiting;
    auto size = sizes->begin();
    for (const auto& system : systems)
        for (const auto state : counted) {
            std::int64_t sum = 0;
            for (int p = 0; p < partition_count; ++p)
                sum += (size++)->integer;
            waiting[system][state] = sum;
        }
    co_return waiting;
}

}  // namespace

Result<void> check_system(const Means& with, std::string_view name)
{
    const auto& systems = with.configuration.deployment.systems;
    if (systems.contains(std::string(name)))
        return {};
    return fail(FailureClass::permanent, "unknown_system",
                "there is no system `" + std::string(name) + "` (" + list_of(systems | std::views::keys) + ")");
}

namespace {

/// A vendor's API can be left alone like a system.
Result<void> check_pausable(const Means& with, std::string_view name)
{
    return with.configuration.apis.contains(name) ? Result<void>() : check_system(with, name);
}

}  // namespace

asio::awaitable<net::Response> list_systems(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    retry::Decisions decisions(with.redis, with.scripts);
    const auto paused = co_await decisions.paused();
    if (!paused)
        co_return failed(paused.error());
    const auto& systems = with.configuration.deployment.systems;
    auto names = paused_names(*paused, "system");
    for (const auto& name : systems | std::views::keys)
        names.insert(name);
    for (const auto& name : with.configuration.apis | std::views::keys)
        names.insert(name);
    auto waiting = co_await waiting_at(with, names);
    if (!waiting)
        co_return failed(waiting.error());
    const auto health = json::parse(with.health.json());
    json::array rows;
    for (const auto& name : names) {
        const auto configured = systems.find(name);
        const auto api = with.configuration.apis.find(name);
        const bool is_api = api != with.configuration.apis.end();
        const bool is_system = configured != systems.end();
        rows.push_back(json::object{{"system", name},
                                    {"configured", is_system || is_api},
                                    {"preset", is_system ? name_of(configured->second.preset)
                                               : is_api  ? "api"
                                                         : ""},
                                    {"url", is_system ? configured->second.url
                                            : is_api  ? api->second->config.url
                                                      : ""},
                                    {"paused", pause_json(*paused, "system:" + name)},
                                    {"deliveries", std::move((*waiting)[name])},
                                    {"failing", failing(health.at("notes").as_array(), name)}});
    }
    co_return reply(200, json::object{{"systems", std::move(rows)}});
}

asio::awaitable<net::Response> pause_system(const Means& with, const Call& call)
{
    if (const auto known = check_pausable(with, call.name); !known)
        co_return failed(known.error());
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    co_return co_await pause(with, "system", call);
}

asio::awaitable<net::Response> resume_system(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    if (const auto none = members(call.body, {}); !none)
        co_return failed(none.error());
    const auto was_paused = co_await go_on(with, "system", call);
    if (!was_paused)
        co_return failed(was_paused.error());
    // One that is not configured any more may still be paused.
    if (const auto known = check_pausable(with, call.name); !known && !*was_paused)
        co_return failed(known.error());
    co_return reply(200, json::object{{"system", call.name}, {"paused", nullptr}, {"was_paused", *was_paused}});
}

}  // namespace headgate::gateway::api
