#include "gateway/hold_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "gateway/fits.hpp"
#include "gateway/hint.hpp"

namespace headgate::gateway {

void HoldConfig::Approve::describe(config::Schema& schema)
{
    schema.choice("role", role, {{"operator", Role::operator_}, {"approver", Role::approver}, {"admin", Role::admin}},
                  "Who may decide; roles above it may as well.");
    schema.field("queue", queue, "The queue it waits in.");
    schema.field("four_eyes", four_eyes, "Not to be approved by who replayed, edited, imported or released it.");
    schema.field("within", within, {std::chrono::seconds(1), std::chrono::days(365)},
                 "By then somebody has decided. Default: the queue's `sla`.");
    static constexpr std::array<std::string_view, 2> names{"escalate", "reject"};
    std::string then(names.at(static_cast<std::size_t>(otherwise)));
    schema.field("else", then, "What follows when nobody has: escalate or reject.");
    if (!schema.reading())
        return;
    otherwise = then == "reject" ? Else::reject : Else::escalate;
    if (then == "approve")
        schema.problem("else", "approved_by_nobody",
                       "`else: approve` would approve what nobody has looked at, which is what the rule is there to "
                       "prevent",
                       "escalate (it waits on, and is told of) or reject");
    else if (then != "escalate" && then != "reject")
        schema.problem("else", "unknown_choice", "`else` is escalate or reject, not `" + then + "`",
                       near_or_all(then, names));
}

void HoldConfig::describe(config::Schema& schema)
{
    schema.field("id", id, "The rule's name.");
    schema.required("id");
    schema.field("types", types, "Canonical types it asks about, or \"*\".");
    schema.required("types");
    schema.not_empty("types", "name a type, or \"*\" to mean all");
    schema.field("channels", channels, "Only these channels; default: all.");
    schema.not_empty("channels", "leave the key away to mean all channels");
    schema.field("systems", systems, "Only these systems; default: all.");
    schema.not_empty("systems", "leave the key away to mean all systems");
    schema.field("when", when, "Expression about the transaction: what has to be approved.");
    schema.required("when");
    schema.section("approve", approve, "By whom, and by when.");
}

bool HoldRule::concerns(const WaitsFor& what) const
{
    return (std::ranges::find(config.types, "*") != config.types.end() || fits(config.types, what.type)) &&
           fits(config.channels, what.channel) && fits(config.systems, what.system);
}

}  // namespace headgate::gateway
