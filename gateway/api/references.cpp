#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/commands.hpp"
#include "gateway/api/reference_lines.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/systems.hpp"
#include "gateway/missing.hpp"
#include "retry/references.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t references_of_a_page = 1000;

/// The reference that a query names; what the system calls it is not asked.
std::expected<GivenReference, net::Response> named_by(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"system", "kind", "id", "source"});
    if (!given)
        return std::unexpected(failed(given.error()));
    GivenReference named{(*given)["system"], (*given)["kind"], (*given)["id"], (*given)["source"], {}};
    for (const auto& checked : {check_name(named), check_system(with, named.system)})
        if (!checked)
            return std::unexpected(failed(checked.error()));
    return named;
}

net::Response not_known(const GivenReference& named)
{
    return not_found(fmt::format("{} knows no {} `{}`{}", named.system, named.kind, named.id,
                                 named.source.empty() ? " of all sources" : " of " + named.source));
}

/// What the system calls it; nothing when that is not known.
Task<std::optional<std::string>> find(const Means& with, const GivenReference& named)
{
    retry::References references(with.redis, with.scripts);
    auto stored = stored_reference(named);
    std::vector<std::string> ids{std::move(stored.id)};
    auto found = co_await references.find(std::move(stored.system), std::move(stored.kind), std::move(ids));
    if (!found)
        co_return std::unexpected(std::move(found.error()));
    co_return std::move(found->front());
}

/// Writes them, and what waited for one goes back to work. How many deliveries did.
Task<std::uint64_t> write(const Means& with, const std::vector<GivenReference>& given, const Caller& caller)
{
    std::set<std::string> sources;
    if (with.configuration.has_parents())
        for (const auto& [name, channel] : with.configuration.channels)
            sources.insert(channel->source);
    std::vector<retry::Reference> stored;
    std::vector<Hash16> come;
    for (const auto& one : given) {
        stored.push_back(stored_reference(one));
        if (one.theirs.empty())
            continue;
        come.push_back(reference_key(one.system, one.kind, one.id));
        // A parent is known by its reference as well.
        for (const auto& source : sources)
            if (one.source.empty() || one.source == source)
                come.push_back(parent_key(one.system, source, one.kind, one.id));
    }
    retry::References references(with.redis, with.scripts);
    const auto written = co_await references.put(std::move(stored));
    // Whatever became of it, some may be written; and what is woken must not meet an older one.
    co_await heard(with.owner.references_changed);
    if (!written)
        co_return std::unexpected(written.error());
    auto released = with.releases.release(std::move(come), caller.name);
    co_return co_await std::move(released);
}

constexpr std::string_view keys_of_references = "hg:x:";

std::string key_of(const std::string& system, const std::string& kind)
{
    return std::string(keys_of_references) + system + '\0' + kind;
}

struct Kind {
    std::string system;
    std::string kind;
    auto operator<=>(const Kind&) const = default;
};

/// The kinds that have references. Their names are those of keys, and there is no list of them: all of Redis is
/// walked, a little at a time.
Task<std::set<Kind>> all_kinds(const Means& with)
{
    std::set<Kind> kinds;
    std::string cursor = "0";
    do {
        std::vector<std::string> scan{"SCAN", cursor, "MATCH", std::string(keys_of_references) + "*", "COUNT", "1000"};
        auto page = co_await with.redis.command(std::move(scan));
        if (!page)
            co_return std::unexpected(std::move(page.error()));
        if (!page->is_list(2))
            co_return fail(FailureClass::permanent, "redis_reply", "unexpected answer to SCAN");
        for (const auto& key : page->list[1].list) {
            const auto name = std::string_view(key.text).substr(keys_of_references.size());
            if (const auto end = name.find('\0'); end != std::string_view::npos)
                kinds.insert({std::string(name.substr(0, end)), std::string(name.substr(end + 1))});
        }
        cursor = page->list[0].text;
    } while (cursor != "0");
    co_return kinds;
}

}  // namespace

asio::awaitable<net::Response> get_reference(const Means& with, const Call& call)
{
    auto named = named_by(with, call);
    if (!named)
        co_return std::move(named.error());
    const auto found = co_await find(with, *named);
    if (!found)
        co_return failed(found.error());
    if (!*found)
        co_return not_known(*named);
    named->theirs = **found;
    co_return reply(200, reference_json(*named));
}

asio::awaitable<net::Response> put_reference(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto given = reference_of(call.body);
    if (!given)
        co_return failed(given.error());
    if (const auto known = check_system(with, given->system); !known)
        co_return failed(known.error());
    const auto before = co_await find(with, *given);
    if (!before)
        co_return failed(before.error());
    const std::vector<GivenReference> one{*given};
    const auto woken = co_await write(with, one, call.caller);
    if (!woken)
        co_return failed(woken.error());
    with.log.info("a cross-reference was set", observability::LogLine{}
                                                   .field("system", given->system)
                                                   .field("kind", given->kind)
                                                   .field("woken", *woken)
                                                   .field("who", call.caller.name));
    auto out = reference_json(*given);
    out["before"] = *before ? json::value(**before) : json::value(nullptr);
    out["woken"] = *woken;
    co_return reply(200, out);
}

asio::awaitable<net::Response> forget_reference(const Means& with, const Call& call)
{
    auto named = named_by(with, call);
    if (!named)
        co_return std::move(named.error());
    const auto before = co_await find(with, *named);
    if (!before)
        co_return failed(before.error());
    if (!*before)
        co_return not_known(*named);
    named->theirs.clear();
    const std::vector<GivenReference> one{*named};
    const auto written = co_await write(with, one, call.caller);
    if (!written)
        co_return failed(written.error());
    with.log.info("a cross-reference was forgotten", observability::LogLine{}
                                                         .field("system", named->system)
                                                         .field("kind", named->kind)
                                                         .field("who", call.caller.name));
    auto out = reference_json(*named);
    out["before"] = **before;
    co_return reply(200, out);
}

asio::awaitable<net::Response> list_reference_kinds(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"system"});
    if (!given)
        co_return failed(given.error());
    const auto& of = (*given)["system"];
    auto kinds = co_await all_kinds(with);
    if (!kinds)
        co_return failed(kinds.error());
    if (!of.empty())
        std::erase_if(*kinds, [&of](const Kind& kind) { return kind.system != of; });
    // Those of a system that is not configured any more are still there.
    if (const auto known = check_system(with, of); !of.empty() && kinds->empty() && !known)
        co_return failed(known.error());
    std::vector<std::vector<std::string>> ask;
    for (const auto& [system, kind] : *kinds)
        ask.push_back({"HLEN", key_of(system, kind)});
    const auto sizes = co_await together(with.redis, std::move(ask));
    if (!sizes)
        co_return failed(sizes.error());
    json::array rows;
    for (auto size = sizes->begin(); const auto& [system, kind] : *kinds)
        rows.push_back(json::object{{"system", system}, {"kind", kind}, {"references", (size++)->integer}});
    co_return reply(200, json::object{{"kinds", std::move(rows)}});
}

asio::awaitable<net::Response> export_references(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"system", "kind", "cursor"});
    if (!given)
        co_return failed(given.error());
    const Kind asked{(*given)["system"], (*given)["kind"]};
    if (asked.system.empty() || asked.kind.empty())
        co_return failed({FailureClass::permanent, "bad_query", "`system` and `kind` say which are wanted", {}});
    auto cursor = (*given)["cursor"];
    if (cursor.size() > 20 || cursor.find_first_not_of("0123456789") != std::string::npos)
        co_return failed(
            {FailureClass::permanent, "bad_cursor", "this is no cursor of a page of cross-references", {}});
    retry::References references(with.redis, with.scripts);
    json::array rows;
    do {
        auto system = asked.system;
        auto kind = asked.kind;
        auto page = co_await references.list(std::move(system), std::move(kind), std::move(cursor));
        if (!page)
            co_return failed(page.error());
        for (const auto& one : page->references)
            rows.push_back(reference_json(given_reference(one)));
        cursor = std::move(page->next);
    } while (!cursor.empty() && rows.size() < references_of_a_page);
    // Those of a system that is not configured any more are still there.
    if (const auto known = check_system(with, asked.system); rows.empty() && !known)
        co_return failed(known.error());
    co_return reply(200, json::object{{"references", std::move(rows)}, {"next", cursor}});
}

asio::awaitable<net::Response> import_references(const Means& with, const Call& call)
{
    auto how = parameters(call.query, {"check"});
    if (!how)
        co_return failed(how.error());
    const auto& check = (*how)["check"];
    if (!check.empty() && check != "true" && check != "false")
        co_return failed({FailureClass::permanent, "bad_query", "`check` is true or false", {}});
    const auto lines =
        reference_lines(call.body, [&with](const GivenReference& one) { return check_system(with, one.system); });
    if (!lines)
        co_return refused_line(lines.error());
    if (check == "true")
        co_return reply(200, json::object{{"checked", lines->size()}, {"imported", 0}, {"woken", 0}});
    const auto woken = co_await write(with, *lines, call.caller);
    if (!woken)
        co_return failed(woken.error());
    with.log.info("cross-references were imported", observability::LogLine{}
                                                        .field("references", lines->size())
                                                        .field("woken", *woken)
                                                        .field("who", call.caller.name));
    co_return reply(200, json::object{{"checked", lines->size()}, {"imported", lines->size()}, {"woken", *woken}});
}

}  // namespace headgate::gateway::api
