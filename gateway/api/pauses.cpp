#include "gateway/api/pauses.hpp"

#include <boost/json.hpp>

#include "retry/decisions.hpp"

namespace headgate::gateway::api {

namespace {

std::string key_of(std::string_view kind, std::string_view name)
{
    return std::string(kind).append(":").append(name);
}

/// What the owner is told of a change whose answer was lost: it may have been made.
void perhaps_changed(const Means& with, const Failure& failure)
{
    if (failure.failure_class == FailureClass::unknown_outcome)
        with.owner.pauses_changed({});
}

}  // namespace

json::value pause_json(const Paused& paused, const std::string& key)
{
    const auto found = paused.find(key);
    if (found == paused.end())
        return nullptr;
    boost::system::error_code error;
    auto told = json::parse(found->second, error);
    if (error || !told.is_object())
        return json::object{{"who", ""}, {"why", found->second}, {"since", ""}};
    return told;
}

asio::awaitable<net::Response> pause(const Means& with, std::string_view kind, const Call& call)
{
    const auto given = members(call.body, {"why"});
    if (!given)
        co_return failed(given.error());
    const auto why = reason(*given, "a pause");
    if (!why)
        co_return failed(why.error());

    retry::Decisions decisions(with.redis, with.scripts);
    const std::string name(call.name);
    const auto key = key_of(kind, name);
    const auto before = co_await decisions.paused();
    if (!before)
        co_return failed(before.error());
    const bool already = before->contains(key);
    json::value told = pause_json(*before, key);
    if (!already) {
        told = json::object{
            {"who", call.caller.name}, {"why", *why}, {"since", time_text(std::chrono::system_clock::now())}};
        auto pausing = decisions.pause(key, json::serialize(told));
        const auto done = co_await std::move(pausing);
        if (!done) {
            perhaps_changed(with, done.error());
            co_return failed(done.error());
        }
        with.log.info("paused",
                      observability::LogLine{}.field(kind, name).field("why", *why).field("who", call.caller.name));
    }
    co_await heard(with.owner.pauses_changed);
    co_return reply(200, json::object{{kind, name}, {"paused", std::move(told)}, {"already", already}});
}

Task<bool> go_on(const Means& with, std::string_view kind, const Call& call)
{
    retry::Decisions decisions(with.redis, with.scripts);
    const std::string name(call.name);
    const auto key = key_of(kind, name);
    const auto before = co_await decisions.paused();
    if (!before)
        co_return std::unexpected(before.error());
    const bool was_paused = before->contains(key);
    if (was_paused) {
        const auto done = co_await decisions.go_on(key);
        if (!done) {
            perhaps_changed(with, done.error());
            co_return std::unexpected(done.error());
        }
        with.log.info("resumed", observability::LogLine{}.field(kind, name).field("who", call.caller.name));
    }
    co_await heard(with.owner.pauses_changed);
    co_return was_paused;
}

std::set<std::string> paused_names(const Paused& paused, std::string_view kind)
{
    const auto prefix = key_of(kind, {});
    std::set<std::string> names;
    for (const auto& [key, why] : paused)
        if (key.starts_with(prefix))
            names.insert(key.substr(prefix.size()));
    return names;
}

}  // namespace headgate::gateway::api
