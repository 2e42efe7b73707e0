#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/access.hpp"
#include "gateway/api/resources.hpp"

namespace headgate::gateway::api {

/// What a token that is limited to channels, types or queues gets of a route.
enum class Reach : std::uint8_t {
    everything,   // nothing: it is about all there is
    own_channel,  // what is about a channel that is its own as a whole
    asked,        // what its handler, which asks `Caller::may_see` of each thing, lets through
};

/// What is particular about a route.
struct Trait {
    Reach reach = Reach::everything;
    bool decides = false;  // what a person answers for: no machine's
    bool payload = false;  // it shows what came, which an operator may have revealed
    bool search =
        false;  // its `where` or `field` looks into what came: an operator may, and the audit log has that they did
    bool lines = false;  // its body is a file: the audit log keeps its size and hash
};

/// A request below /api/v1/ and who answers it. A word in capitals stands for the name of one thing.
struct Route {
    std::string_view method;
    std::string_view path;
    Role least;
    Handler handler;
    Trait trait{};
};

/// All there are; in gateway/admin_api.cpp.
[[nodiscard]] std::span<const Route> routes();

/// Why a caller may not go this way at all, whatever their handler would say: 403 `role_wanted`, `machine_refused` or
/// `scope_wanted`, or 404 for a channel that is not theirs.
[[nodiscard]] std::optional<net::Response> refusal(const Route& route, const Caller& caller, std::string_view name);

/// Whether a query asks such a route to look into what came.
[[nodiscard]] bool looks_inside(const Route& route, std::string_view query);

}  // namespace headgate::gateway::api
