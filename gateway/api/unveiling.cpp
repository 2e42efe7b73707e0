#include "gateway/api/unveiling.hpp"

#include <algorithm>

#include <boost/url/parse_query.hpp>

namespace headgate::gateway::api {

Unveiling unveiling_of(std::string_view query)
{
    Unveiling found;
    found.rest = query;
    const auto parsed = boost::urls::parse_query(found.rest);
    if (!parsed)
        return found;  // which the handler tells
    std::string rest;
    for (const auto parameter : *parsed) {
        const auto name = parameter.key.decode();
        const auto value = parameter.value.decode();
        if (name == "reveal") {
            found.asked = true;
            found.reveal = value == "true";
            found.readable = value == "true" || value == "false";
        } else if (name == "why") {
            found.why = value;
        } else {
            rest.append(rest.empty() ? "" : "&").append(parameter.key.data(), parameter.key.size());
            if (parameter.has_value)
                rest.append("=").append(parameter.value.data(), parameter.value.size());
        }
    }
    if (found.asked)
        found.rest = std::move(rest);
    return found;
}

std::optional<net::Response> refusal(const Unveiling& unveiling, const Route& route, const Caller& caller)
{
    if (!unveiling.readable)
        return refuse(400, "bad_query", "`reveal` is true or false");
    if (!unveiling.reveal)
        return std::nullopt;
    Route revealed = route;
    revealed.least = std::max(route.least, Role::operator_);
    if (auto refused = refusal(revealed, caller, {}); refused && caller.role < revealed.least)
        return refused;
    if (unveiling.why.find_first_not_of(" \t\r\n") == std::string::npos || unveiling.why.size() > longest_why)
        return refuse(400, "why_missing", "say why in `why`, in up to 500 bytes: the audit log has it");
    return std::nullopt;
}

}  // namespace headgate::gateway::api
