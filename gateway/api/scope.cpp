#include "gateway/api/scope.hpp"

#include <optional>
#include <vector>

#include "core/envelope.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/approvals.hpp"
#include "gateway/queues.hpp"
#include "retry/delivery.hpp"
#include "retry/letters.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway::api {

Task<bool> may_see_hold(const Means& with, const Caller& caller, retry::DeliveryId id)
{
    if (caller.scope.everything())
        co_return true;
    const auto channel = co_await channel_of(with, id.event);
    if (!channel)
        co_return std::unexpected(channel.error());
    std::vector<std::string> get{"HMGET", "hg:d:" + id.raw(), "type", "reason", "system", "rule"};
    const auto stored = co_await with.redis.command(std::move(get));
    if (!stored)
        co_return std::unexpected(stored.error());
    if (!stored->is_list(4) || stored->list[0].is_nil())
        co_return false;
    const auto& type = stored->list[0].text;
    const auto& rule = stored->list[3].text;
    const WaitsFor what{
        .code = stored->list[1].text, .channel = *channel, .type = type, .system = stored->list[2].text};
    const auto& queue = rule.empty() ? queue_of(with.configuration.deployment.queues, what)
                                     : queue_of_rule(with.configuration, rule, what);
    co_return caller.may_see({.channel = *channel, .type = type, .queue = queue.name});
}

Task<std::string> channel_of(const Means& with, EventId event)
{
    const auto row = with.history.show(event);
    if (!row)
        co_return std::unexpected(row.error());
    if (*row && !(*row)->channel.empty())
        co_return (*row)->channel;
    const auto bytes = co_await stored(with, event);
    if (!bytes)
        co_return std::unexpected(bytes.error());
    const auto envelope = bytes->empty() ? std::nullopt : std::optional(decode_envelope_head(*bytes));
    co_return envelope && *envelope ? (*envelope)->channel : std::string{};
}

Task<bool> may_see(const Means& with, const Caller& caller, const retry::Letter& letter)
{
    if (caller.scope.everything())
        co_return true;
    std::string channel;
    if (!caller.scope.channels.empty()) {
        auto found = co_await channel_of(with, letter.event);
        if (!found)
            co_return std::unexpected(found.error());
        channel = std::move(*found);
    }
    co_return caller.may_see({.channel = channel, .type = letter.type, .queue = letter.queue});
}

Task<bool> may_see(const Means& with, const Caller& caller, EventId event)
{
    if (caller.scope.everything())
        co_return true;
    const auto channel = co_await channel_of(with, event);
    if (!channel)
        co_return std::unexpected(channel.error());
    Caller anywhere = caller;
    anywhere.scope.types.clear();
    anywhere.scope.queues.clear();
    if (!anywhere.may_see({.channel = *channel}))
        co_return false;
    if (caller.scope.types.empty() && caller.scope.queues.empty())
        co_return true;

    retry::Letters letters(with.redis, with.scripts);
    const auto known = co_await retry::known_event(with.redis, with.scripts, event);
    if (!known)
        co_return std::unexpected(known.error());
    std::vector<std::optional<Hash16>> dead{std::nullopt};
    for (const auto& delivery : known->deliveries) {
        if (delivery.state == retry::DeliveryState::dead)
            dead.emplace_back(delivery.half);
        if (delivery.state != retry::DeliveryState::hold)
            continue;
        const auto held = co_await may_see_hold(with, caller, {event, delivery.half});
        if (!held || *held)
            co_return held;
    }
    for (const auto& delivery : dead) {
        const auto letter = co_await letters.show(event, delivery);
        if (!letter)
            co_return std::unexpected(letter.error());
        if (*letter && caller.may_see({.channel = *channel, .type = (*letter)->type, .queue = (*letter)->queue}))
            co_return true;
    }
    co_return false;
}

}  // namespace headgate::gateway::api
