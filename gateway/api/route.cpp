#include "gateway/api/route.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>

namespace headgate::gateway::api {

namespace {

std::string_view name_of(Reach reach)
{
    switch (reach) {
    case Reach::everything: return "everything";
    case Reach::own_channel: return "own_channel";
    case Reach::asked: return "asked";
    }
    std::unreachable();
}

}  // namespace

std::optional<net::Response> refusal(const Route& route, const Caller& caller, std::string_view name)
{
    if (caller.role < route.least)
        return refuse(403, "role_wanted",
                      fmt::format("this takes the role {}, and the token `{}` has {}", gateway::name_of(route.least),
                                  caller.name, gateway::name_of(caller.role)));
    if (caller.machine && route.trait.decides)
        return refuse(403, "machine_refused",
                      fmt::format("a person decides this, and the token `{}` is a machine's", caller.name));
    if (caller.scope.everything() || route.trait.reach == Reach::asked)
        return std::nullopt;
    if (route.trait.reach == Reach::own_channel && caller.scope.whole_channels()) {
        if (name.empty() || caller.may_see({.channel = name}))
            return std::nullopt;
        return not_found("no such channel");
    }
    return refuse(403, "scope_wanted",
                  fmt::format("this is about more than what the token `{}` is limited to", caller.name));
}

bool looks_inside(const Route& route, std::string_view query)
{
    const std::string text(query);
    const auto parsed = boost::urls::parse_query(text);
    return route.trait.search && parsed && (parsed->contains("where") || parsed->contains("field"));
}

asio::awaitable<net::Response> list_routes(const Means&, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    json::array rows;
    for (const auto& route : routes())
        rows.push_back(json::object{{"method", route.method},
                                    {"path", route.path},
                                    {"role", gateway::name_of(route.least)},
                                    {"reach", name_of(route.trait.reach)},
                                    {"decides", route.trait.decides},
                                    {"payload", route.trait.payload},
                                    {"search", route.trait.search}});
    co_return reply(200, json::object{{"routes", std::move(rows)}});
}

}  // namespace headgate::gateway::api
