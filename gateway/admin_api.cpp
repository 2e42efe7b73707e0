#include "gateway/admin_api.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/resources.hpp"

namespace headgate::gateway {

namespace {

/// A request below /api/v1/ and who answers it. A word in capitals stands for the name of one thing.
struct Route {
    std::string_view method;
    std::string_view path;
    Role least;
    api::Handler handler;
};

constexpr Route routes[]{
    {"GET", "events", Role::viewer, &api::list_events},
    {"GET", "events/ID", Role::viewer, &api::show_event},
    {"GET", "events/ID/raw", Role::operator_, &api::event_body},
    {"GET", "dlq", Role::viewer, &api::list_letters},
    {"GET", "dlq/causes", Role::viewer, &api::list_causes},
    {"GET", "dlq/ID", Role::viewer, &api::show_letter},
    {"POST", "dlq/ID/replay", Role::operator_, &api::replay_letter},
    {"POST", "dlq/edit", Role::operator_, &api::edit_letters},
    {"POST", "dlq/ID/edit", Role::operator_, &api::edit_letter},
    {"POST", "dlq/ID/discard", Role::operator_, &api::discard_letter},
    {"GET", "replay", Role::viewer, &api::list_replays},
    {"POST", "replay", Role::operator_, &api::start_replay},
    {"GET", "replay/JOB", Role::viewer, &api::show_replay},
    {"POST", "replay/JOB/pause", Role::operator_, &api::pause_replay},
    {"POST", "replay/JOB/resume", Role::operator_, &api::resume_replay},
    {"POST", "replay/JOB/cancel", Role::operator_, &api::cancel_replay},
    {"GET", "holds", Role::viewer, &api::list_holds},
    {"POST", "holds/ID/arrived", Role::operator_, &api::hold_arrived},
    {"POST", "holds/ID/not-arrived", Role::operator_, &api::hold_not_arrived},
    {"GET", "work", Role::viewer, &api::list_work},
    {"POST", "work/ID/resolve", Role::operator_, &api::resolve_work},
    {"GET", "systems", Role::viewer, &api::list_systems},
    {"POST", "systems/NAME/pause", Role::operator_, &api::pause_system},
    {"POST", "systems/NAME/resume", Role::operator_, &api::resume_system},
    {"GET", "channels", Role::viewer, &api::list_channels},
    {"POST", "channels/NAME/pause", Role::operator_, &api::pause_channel},
    {"POST", "channels/NAME/resume", Role::operator_, &api::resume_channel},
    {"GET", "xref", Role::viewer, &api::get_reference},
    {"PUT", "xref", Role::operator_, &api::put_reference},
    {"DELETE", "xref", Role::operator_, &api::forget_reference},
    {"GET", "xref/kinds", Role::viewer, &api::list_reference_kinds},
    {"GET", "xref/export", Role::viewer, &api::export_references},
    {"POST", "xref/import", Role::operator_, &api::import_references},
    {"GET", "vocabularies/entries", Role::viewer, &api::list_entries},
    {"PUT", "vocabularies/entries", Role::operator_, &api::put_entry},
    {"DELETE", "vocabularies/entries", Role::operator_, &api::forget_entry},
    {"GET", "unmapped", Role::viewer, &api::list_unmapped},
    {"GET", "verify", Role::viewer, &api::verify_state},
};

/// Up to the next slash; the rest stays.
std::string_view take_word(std::string_view& path)
{
    const auto slash = path.find('/');
    const auto word = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    return word;
}

/// Whether a path is the one of a route, and then which thing it names.
bool leads_to(std::string_view path, std::string_view route, std::string_view& name)
{
    if (path.ends_with('/'))
        path.remove_suffix(1);
    while (!path.empty() && !route.empty()) {
        const auto word = take_word(path);
        const auto wanted = take_word(route);
        const bool any = wanted.front() >= 'A' && wanted.front() <= 'Z';
        if (any && !word.empty())
            name = word;
        else if (word != wanted)
            return false;
    }
    return path.empty() && route.empty();
}

std::string what_there_is()
{
    std::set<std::string_view> paths;
    for (const auto& route : routes)
        paths.insert(route.path);
    return fmt::format("below /api/v1 there is {}", fmt::join(paths, ", "));
}

/// The token of `Bearer TOKEN`, whose scheme has no case (RFC 9110 11.1); empty when it is another.
std::string_view bearer(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size())
        return {};
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((authorization[i] | 0x20) != scheme[i])
            return {};
    return authorization.substr(scheme.size());
}

}  // namespace

AdminApi::AdminApi(Dependencies dependencies) : with_(std::move(dependencies)) {}

void AdminApi::connected(net::Redis& redis)
{
    releases_.emplace(redis, with_.scripts, with_.owner.ready);
    means_.emplace(api::Means{with_.configuration, with_.scripts, with_.history, with_.metrics, with_.health, with_.log,
                              with_.owner, redis, *releases_});
}

asio::awaitable<net::Response> AdminApi::answer(net::Request& request)
{
    const bool open = request.path == "/livez" || request.path == "/readyz" || request.path == "/metrics";
    if (open && request.method != "GET" && request.method != "HEAD")
        co_return api::wrong_method("GET, HEAD");
    if (request.path == "/livez")
        co_return api::reply(200, api::json::object{{"live", true}});
    if (request.path == "/readyz") {
        net::Response response;
        response.status = with_.health.ready() ? 200 : 503;
        response.content_type = "application/json";
        response.body = with_.health.json() + "\n";
        co_return response;
    }
    if (request.path == "/metrics") {
        net::Response response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        with_.metrics.publish_unmapped();
        response.body = with_.metrics.registry.expose();
        co_return response;
    }
    if (!request.path.starts_with("/api/v1/"))
        co_return api::not_found("there is /livez, /readyz, /metrics and /api/v1/");
    if (request.count("authorization") != 1 || !same_bytes(bearer(*request.field("authorization")), with_.token)) {
        auto refused = api::refuse(401, "token_wrong", "the admin token is wanted as bearer");
        refused.fields.emplace_back("WWW-Authenticate", "Bearer");
        co_return refused;
    }
    if (!means_)
        co_return api::refuse(503, "starting", "not everything is up yet, see /readyz");
    static const Caller admin{"admin", Role::admin};
    co_return co_await route(request, admin);
}

asio::awaitable<net::Response> AdminApi::route(net::Request& request, const Caller& caller)
{
    const auto path = request.path.substr(std::string_view("/api/v1/").size());
    std::string allowed;
    for (const auto& route : routes) {
        api::Call call{request.query, request.body, caller};
        if (!leads_to(path, route.path, call.name))
            continue;
        if (request.method == route.method && caller.role < route.least)
            co_return api::refuse(403, "role_wanted", "this token's role may not do that");
        if (request.method == route.method)
            co_return co_await route.handler(*means_, call);
        allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    }
    co_return allowed.empty() ? api::not_found(what_there_is()) : api::wrong_method(allowed);
}

}  // namespace headgate::gateway
