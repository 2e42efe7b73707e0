#include "gateway/admin_api.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/audit.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/unveiling.hpp"

namespace headgate::gateway {

namespace {

using api::Reach;

constexpr api::Route table[]{
    {"GET", "events", Role::viewer, &api::list_events, {Reach::asked}},
    {"GET", "events/ID", Role::viewer, &api::show_event, {.reach = Reach::asked, .payload = true}},
    {"GET", "events/ID/raw", Role::viewer, &api::event_body, {.reach = Reach::asked, .payload = true}},
    {"GET", "dlq", Role::viewer, &api::list_letters, {.reach = Reach::asked, .search = true}},
    {"GET", "dlq/causes", Role::viewer, &api::list_causes, {Reach::asked}},
    {"GET", "dlq/plan", Role::viewer, &api::plan_letters, {.reach = Reach::asked, .payload = true, .search = true}},
    {"GET", "dlq/ID/plan", Role::viewer, &api::plan_letter, {.reach = Reach::asked, .payload = true}},
    {"GET", "dlq/export", Role::viewer, &api::export_letters, {.reach = Reach::asked, .payload = true, .search = true}},
    {"POST", "dlq/import", Role::operator_, &api::import_letters, {.reach = Reach::asked, .lines = true}},
    {"GET", "dlq/ID", Role::viewer, &api::show_letter, {.reach = Reach::asked, .payload = true}},
    {"POST", "dlq/ID/replay", Role::operator_, &api::replay_letter, {Reach::asked}},
    {"POST", "dlq/edit", Role::operator_, &api::edit_letters, {Reach::asked}},
    {"POST", "dlq/ID/edit", Role::operator_, &api::edit_letter, {Reach::asked}},
    {"POST", "dlq/ID/discard", Role::operator_, &api::discard_letter, {.reach = Reach::asked, .decides = true}},
    {"GET", "replay", Role::viewer, &api::list_replays, {Reach::asked}},
    {"POST", "replay", Role::operator_, &api::start_replay, {Reach::asked}},
    {"GET", "replay/JOB", Role::viewer, &api::show_replay, {Reach::asked}},
    {"POST", "replay/JOB/pause", Role::operator_, &api::pause_replay, {Reach::asked}},
    {"POST", "replay/JOB/resume", Role::operator_, &api::resume_replay, {Reach::asked}},
    {"POST", "replay/JOB/cancel", Role::operator_, &api::cancel_replay, {Reach::asked}},
    {"GET", "holds", Role::viewer, &api::list_holds, {Reach::asked}},
    {"GET", "holds/ID", Role::viewer, &api::show_hold, {.reach = Reach::asked, .payload = true}},
    {"POST", "holds/ID/approve", Role::operator_, &api::approve_hold, {.reach = Reach::asked, .decides = true}},
    {"POST", "holds/ID/reject", Role::operator_, &api::reject_hold, {.reach = Reach::asked, .decides = true}},
    {"POST", "holds/ID/arrived", Role::operator_, &api::hold_arrived, {.reach = Reach::asked, .decides = true}},
    {"POST", "holds/ID/not-arrived", Role::operator_, &api::hold_not_arrived, {.reach = Reach::asked, .decides = true}},
    {"GET", "work", Role::viewer, &api::list_work},
    {"POST", "work/ID/resolve", Role::operator_, &api::resolve_work},
    {"GET", "systems", Role::viewer, &api::list_systems},
    {"POST", "systems/NAME/pause", Role::operator_, &api::pause_system},
    {"POST", "systems/NAME/resume", Role::operator_, &api::resume_system},
    {"GET", "channels", Role::viewer, &api::list_channels, {Reach::own_channel}},
    {"POST", "channels/NAME/pause", Role::operator_, &api::pause_channel, {Reach::own_channel}},
    {"POST", "channels/NAME/resume", Role::operator_, &api::resume_channel, {Reach::own_channel}},
    {"GET", "channels/NAME/polls", Role::viewer, &api::list_polls, {Reach::own_channel}},
    {"POST", "channels/NAME/polls", Role::operator_, &api::run_polls, {Reach::own_channel}},
    {"GET", "channels/NAME/subscriptions", Role::operator_, &api::list_subscriptions, {Reach::own_channel}},
    {"POST", "channels/NAME/subscriptions", Role::admin, &api::make_subscriptions, {Reach::own_channel}},
    {"GET", "xref", Role::viewer, &api::get_reference},
    {"PUT", "xref", Role::operator_, &api::put_reference},
    {"DELETE", "xref", Role::operator_, &api::forget_reference},
    {"GET", "xref/kinds", Role::viewer, &api::list_reference_kinds},
    {"GET", "xref/export", Role::viewer, &api::export_references},
    {"POST", "xref/import", Role::operator_, &api::import_references, {.lines = true}},
    {"GET", "vocabularies/entries", Role::viewer, &api::list_entries},
    {"PUT", "vocabularies/entries", Role::operator_, &api::put_entry},
    {"DELETE", "vocabularies/entries", Role::operator_, &api::forget_entry},
    {"GET", "unmapped", Role::viewer, &api::list_unmapped},
    {"GET", "verify", Role::viewer, &api::verify_state},
    {"GET", "audit", Role::admin, &api::list_audit},
    {"GET", "routes", Role::viewer, &api::list_routes, {Reach::asked}},
    {"GET", "openapi.json", Role::viewer, &api::show_openapi, {Reach::asked}},
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
    for (const auto& route : table)
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

/// Those of the configuration, and the data folder's own.
std::vector<Token> all_tokens(std::vector<Token> configured, std::string_view own)
{
    configured.push_back({{std::string(admin_name), Role::admin}, {sha256(own)}});
    return configured;
}

}  // namespace

std::span<const api::Route> api::routes()
{
    return table;
}

AdminApi::AdminApi(Dependencies dependencies)
    : with_(std::move(dependencies)),
      tokens_(all_tokens(with_.configuration.tokens, with_.token)),
      mask_(with_.configuration.deployment.history)
{}

void AdminApi::connected(net::Redis& redis)
{
    releases_.emplace(redis, with_.scripts, with_.owner.ready);
    means_.emplace(api::Means{with_.configuration, with_.scripts, with_.history, with_.metrics, with_.health, with_.log,
                              with_.owner, redis, *releases_, with_.audit, mask_});
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
    auto caller = caller_of(request);
    if (!caller)
        co_return std::move(caller.error());
    if (!means_)
        co_return api::refuse(503, "starting", "not everything is up yet, see /readyz");
    co_return co_await route(request, **caller);
}

std::expected<const Caller*, net::Response> AdminApi::caller_of(const net::Request& request) const
{
    const auto given = request.count("authorization") == 1 ? bearer(*request.field("authorization")) : "";
    const auto caller = tokens_.whose(given, std::chrono::system_clock::now());
    if (caller)
        return *caller;
    auto refused = caller.error() == Tokens::Refused::expired
                       ? api::refuse(401, "token_expired", "this token counts no more: its `expires` has come")
                       : api::refuse(401, "token_wrong", "a token of this Headgate is wanted as bearer");
    refused.fields.emplace_back("WWW-Authenticate", "Bearer");
    return std::unexpected(std::move(refused));
}

asio::awaitable<net::Response> AdminApi::route(net::Request& request, const Caller& caller)
{
    const auto path = request.path.substr(std::string_view("/api/v1/").size());
    std::string allowed;
    for (const auto& route : table) {
        api::Call call{request.query, request.body, caller};
        if (!leads_to(path, route.path, call.name))
            continue;
        if (request.method == route.method)
            co_return co_await ask(route, call);
        allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    }
    co_return allowed.empty() ? api::not_found(what_there_is()) : api::wrong_method(allowed);
}

asio::awaitable<net::Response> AdminApi::ask(const api::Route& route, api::Call call)
{
    const bool inside = api::looks_inside(route, call.query);
    api::Route wanted = route;
    if (inside)
        wanted.least = std::max(route.least, Role::operator_);
    if (auto refused = api::refusal(wanted, call.caller, call.name))
        co_return std::move(*refused);
    std::optional<api::Unveiling> unveiling;
    if (route.trait.payload) {
        unveiling = api::unveiling_of(call.query);
        if (auto refused = api::refusal(*unveiling, route, call.caller))
            co_return std::move(*refused);
        call.query = unveiling->rest;
        call.reveal = unveiling->reveal;
        call.why = unveiling->why;
    }
    if (route.method == "GET" && !call.reveal && !inside)
        co_return co_await route.handler(*means_, call);
    co_return co_await audited(route, call);
}

asio::awaitable<net::Response> AdminApi::audited(const api::Route& route, const api::Call& call)
{
    auto line = api::intent_of(route, call);
    const auto intent = co_await api::written(with_.audit, std::move(line));
    if (!intent) {
        with_.health.note("audit_unwritable", intent.error().code);
        co_return api::refuse(503, "audit_unwritable",
                              "nothing was changed: the audit log cannot be written (" + intent.error().code + ")");
    }
    auto response = co_await route.handler(*means_, call);
    line = api::result_of(*intent, response);
    const auto told = co_await api::written(with_.audit, std::move(line));
    if (told) {
        with_.health.clear_note("audit_unwritable");
        co_return response;
    }
    with_.health.note("audit_unwritable", told.error().code);
    with_.log.error("the audit log has a change whose result it was not told", observability::LogLine{}
                                                                                   .field("line", *intent)
                                                                                   .field("status", response.status)
                                                                                   .field("detail", told.error().code));
    co_return response;
}

}  // namespace headgate::gateway
