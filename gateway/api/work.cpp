#include <algorithm>
#include <expected>

#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/missing.hpp"
#include "gateway/systems/references.hpp"
#include "retry/decisions.hpp"
#include "retry/references.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t longest_theirs = 500;

json::object thing_json(const retry::MissingThing& thing, const MissingText& text)
{
    return {{"work", to_hex(thing.key)},
            {"kind", text.kind},
            {"system", text.system},
            {"of", text.of},
            {"id", text.id},
            {"source", text.source},
            {"waiting", thing.waiting}};
}

/// The missing thing of that name, as far as deliveries wait for it.
asio::awaitable<std::expected<std::pair<Hash16, MissingText>, net::Response>> find(const Means& with,
                                                                                   std::string_view name)
{
    const auto raw = from_hex(name);
    if (!raw || raw->size() != sizeof(Hash16))
        co_return std::unexpected(refuse(
            400, "bad_work_id", "a piece of work is named by 32 hex digits, as `headgate work list` prints them"));
    const auto things = co_await retry::missing_things(with.redis);
    if (!things)
        co_return std::unexpected(failed(things.error()));
    for (const auto& thing : *things)
        if (view(thing.key) == *raw)
            if (auto text = read_missing(thing.what))
                co_return std::pair(thing.key, std::move(*text));
    co_return std::unexpected(not_found("nothing waits for that (any more)"));
}

}  // namespace

asio::awaitable<net::Response> list_work(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    auto things = co_await retry::missing_things(with.redis);
    if (!things)
        co_return failed(things.error());
    std::ranges::sort(*things, std::greater(), &retry::MissingThing::waiting);
    json::array rows;
    for (const auto& thing : *things)
        if (const auto text = read_missing(thing.what))
            rows.push_back(thing_json(thing, *text));
    co_return reply(200, json::object{{"work", std::move(rows)}});
}

asio::awaitable<net::Response> resolve_work(const Means& with, const Call& call)
{
    const auto given = members(call.body, {"theirs"});
    if (!given)
        co_return failed(given.error());
    const auto theirs = text_member(*given, "theirs", longest_theirs);
    if (!theirs)
        co_return failed(theirs.error());
    const auto found = co_await find(with, call.name);
    if (!found)
        co_return found.error();
    const auto& [key, text] = *found;
    if (!theirs->empty() && text.kind == "channel")
        co_return refuse(409, "no_reference", "a channel goes on by `headgate channels resume`");
    if (text.guard) {
        retry::Decisions decisions(with.redis, with.scripts);
        auto target = *theirs;
        const auto told = co_await decisions.there(*text.guard, std::move(target));
        if (!told)
            co_return failed(told.error());
    } else if (!theirs->empty()) {
        retry::References references(with.redis, with.scripts);
        std::vector<retry::Reference> one;
        one.push_back({text.system, text.of, id_within(text.source, text.id), *theirs});
        const auto written = co_await references.put(std::move(one));
        co_await heard(with.owner.references_changed);
        if (!written)
            co_return failed(written.error());
    }
    std::vector<Hash16> come{key};
    const auto released = co_await with.releases.release(std::move(come));
    if (!released)
        co_return failed(released.error());
    with.log.info("what was missing is resolved", observability::LogLine{}
                                                      .field("kind", text.kind)
                                                      .field("system", text.system)
                                                      .field("of", text.of)
                                                      .field("woken", *released)
                                                      .field("who", admin));
    co_return reply(200, json::object{{"work", call.name}, {"woken", *released}});
}

}  // namespace headgate::gateway::api
