#include "gateway/queues.hpp"

#include <algorithm>

#include "gateway/access.hpp"
#include "gateway/fits.hpp"
#include "gateway/hint.hpp"

namespace headgate::gateway {

void QueueConfig::Takes::describe(config::Schema& schema)
{
    schema.field("types", types,
                 "Canonical types, also of what could not be mapped; an event that was not decoded has none.");
    schema.field("channels", channels, "Channels the events came from.");
    schema.field("systems", systems, "Systems the deliveries go to.");
    schema.field("codes", codes, "Codes of failures.");
    for (const auto* key : {"types", "channels", "systems", "codes"})
        schema.not_empty(key, "leave the key away to take all");
}

void QueueConfig::describe(config::Schema& schema)
{
    schema.field("owner", owner, "Whose it is: an address that your people know.");
    schema.required("owner");
    schema.field("roles", roles, "Who works on it: viewer, operator, approver, admin.");
    schema.not_empty("roles", "name a role, or leave the key away to mean operator");
    for (const auto& role : roles)
        if (schema.reading() && !role_named(role))
            schema.problem("roles", "unknown_role", "there is no role `" + role + "`", near_or_all(role, role_names()));
    schema.field("sla", sla, {std::chrono::minutes(1), std::chrono::days(365)}, "By then somebody has looked.");
    schema.section("takes", takes, "What waits there; `default` takes the rest.");
}

const QueueConfig& queue_of(const std::vector<QueueConfig>& queues, const WaitsFor& what)
{
    static const QueueConfig nobodys;
    const QueueConfig* otherwise = &nobodys;
    for (const QueueConfig& queue : queues) {
        if (queue.name == nobodys.name)
            otherwise = &queue;
        else if (fits(queue.takes.types, what.type) && fits(queue.takes.channels, what.channel) &&
                 fits(queue.takes.systems, what.system) && fits(queue.takes.codes, what.code))
            return queue;
    }
    return *otherwise;
}

}  // namespace headgate::gateway
