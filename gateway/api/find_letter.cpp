#include "gateway/api/find_letter.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/api/scope.hpp"
#include "gateway/letter_id.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway::api {

asio::awaitable<std::expected<retry::Letter, net::Response>> find_letter(const Means& with, retry::Letters& letters,
                                                                         const Call& call)
{
    auto id = parse_letter(call.name);
    if (!id)
        co_return std::unexpected(refuse(400, "bad_event_id", "an event id is a UUID"));
    if (const auto none = parameters(call.query, {}); !none)
        co_return std::unexpected(failed(none.error()));
    auto found = co_await letters.show(id->event, id->delivery);
    if (found && !*found && !id->delivery) {
        const auto known = co_await retry::known_event(with.redis, with.scripts, id->event);
        if (!known)
            co_return std::unexpected(failed(known.error()));
        std::vector<std::string> dead;
        for (const auto& delivery : known->deliveries)
            if (delivery.state == retry::DeliveryState::dead) {
                id->delivery = delivery.half;
                dead.push_back(letter_text(id->event, id->delivery));
            }
        if (dead.size() > 1)
            co_return std::unexpected(refuse(
                409, "several_letters",
                fmt::format("several deliveries of this event are letters, name one: {}", fmt::join(dead, ", "))));
        if (!dead.empty())
            found = co_await letters.show(id->event, id->delivery);
    }
    if (!found)
        co_return std::unexpected(failed(found.error()));
    Result<bool> seen = false;
    if (*found)
        seen = co_await may_see(with, call.caller, **found);
    if (!seen)
        co_return std::unexpected(failed(seen.error()));
    if (!*seen)
        co_return std::unexpected(not_found("no such dead letter; it may have been replayed already"));
    co_return std::move(**found);
}

}  // namespace headgate::gateway::api
