#include <limits>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/resources.hpp"
#include "retry/tally.hpp"

namespace headgate::gateway::api {

/// Since this process began.
asio::awaitable<net::Response> list_unmapped(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    json::array tables;
    for (const auto& table : with.metrics.unmapped.list()) {
        json::array words;
        for (const auto& [word, count] : table.words)
            words.push_back(json::object{{"word", word}, {"count", count}});
        const auto* known = with.configuration.vocabularies.find(table.vocabulary);
        tables.push_back(json::object{{"vocabulary", table.vocabulary},
                                      {"version", known == nullptr ? "" : known->version},
                                      {"total", table.total},
                                      {"others", table.others},
                                      {"words", std::move(words)}});
    }
    co_return reply(200, json::object{{"vocabularies", std::move(tables)}});
}

namespace {

/// Once history has every frame, it knows as many letters as there are; nothing is said while some are on their way.
Task<std::optional<std::string>> letters_missed(const Means& with, const retry::Tally& before)
{
    if (before.frames != 0)
        co_return std::nullopt;
    const auto known = with.history.count_letters({}, std::numeric_limits<std::int64_t>::max());
    if (!known)
        co_return std::unexpected(known.error());
    const auto tallies = co_await retry::tally_all(with.redis, with.scripts);
    if (!tallies)
        co_return std::unexpected(tallies.error());
    const auto now = retry::total(*tallies);
    if (now.frames != 0 || now.dead != before.dead || static_cast<std::int64_t>(*known) == now.dead)
        co_return std::nullopt;
    co_return fmt::format("history knows {} letters, and there are {}; a restart writes them anew", *known, now.dead);
}

}  // namespace

asio::awaitable<net::Response> verify_state(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto tallies = co_await retry::tally_all(with.redis, with.scripts);
    if (!tallies)
        co_return failed(tallies.error());
    const auto findings = co_await retry::verify(with.redis, with.scripts);
    if (!findings)
        co_return failed(findings.error());
    const auto all = retry::total(*tallies);
    json::array list;
    for (const auto& finding : *findings)
        list.push_back(json::object{{"code", finding.code}, {"partition", finding.partition}, {"text", finding.text}});
    const auto missed = co_await letters_missed(with, all);
    if (!missed)
        co_return failed(missed.error());
    if (*missed)
        list.push_back(json::object{{"code", "I10"}, {"partition", nullptr}, {"text", **missed}});
    co_return reply(200, json::object{{"accepted", all.accepted},
                                      {"applied", all.applied},
                                      {"suppressed", all.suppressed},
                                      {"discarded", all.discarded},
                                      {"waiting", all.waiting()},
                                      {"dead", all.dead},
                                      {"unaccounted", retry::unaccounted(*tallies)},
                                      {"frames", all.frames},
                                      {"deliveries", json::object{{"ready", all.ready},
                                                                  {"due", all.due},
                                                                  {"busy", all.busy},
                                                                  {"lane", all.lane},
                                                                  {"parked", all.park},
                                                                  {"held", all.hold},
                                                                  {"dead", all.d_dead}}},
                                      {"findings", std::move(list)}});
}

}  // namespace headgate::gateway::api
