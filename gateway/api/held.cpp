#include "gateway/api/held.hpp"

#include "gateway/api/scope.hpp"
#include "gateway/letter_id.hpp"

namespace headgate::gateway::api {

namespace {

net::Response nothing_held()
{
    return not_found("no such delivery is held; `headgate holds list` names those that are");
}

}  // namespace

asio::awaitable<std::expected<retry::DeliveryId, net::Response>> hold_of(const Means& with, const Call& call)
{
    const auto id = parse_letter(call.name);
    if (!id || !id->delivery)
        co_return std::unexpected(
            refuse(400, "bad_hold_id", "a held delivery is named EVENT.HALF, as `headgate holds list` prints it"));
    if (const auto none = parameters(call.query, {}); !none)
        co_return std::unexpected(failed(none.error()));
    const retry::DeliveryId delivery{id->event, *id->delivery};
    const auto theirs = co_await may_see_hold(with, call.caller, delivery);
    if (!theirs)
        co_return std::unexpected(failed(theirs.error()));
    if (!*theirs)
        co_return std::unexpected(nothing_held());
    co_return delivery;
}

net::Response no_hold(const Means& with, const retry::DeliveryId& id)
{
    const auto row = with.history.show(id.event);
    if (row && *row)
        return refuse(
            409, "hold_changed",
            "nothing of that name is held any more: it has been decided or has ended; `headgate events show " +
                id.event.text() + "` tells what became of it");
    return nothing_held();
}

}  // namespace headgate::gateway::api
