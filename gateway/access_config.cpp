#include "gateway/access_config.hpp"

namespace headgate::gateway {

std::optional<Timestamp> expiry_of(std::string_view text)
{
    if (const auto day = parse_date(text)) {
        Timestamp begins;
        begins.seconds = days_since_epoch(*day) * 86'400;
        return begins;
    }
    const auto instant = parse_timestamp(text);
    return instant ? std::optional(*instant) : std::nullopt;
}

void TokenConfig::describe(config::Schema& schema)
{
    schema.field("name", name, "Who it is: in logs, timelines and the audit log.");
    schema.required("name");
    schema.choice(
        "role", role,
        {{"viewer", Role::viewer}, {"operator", Role::operator_}, {"approver", Role::approver}, {"admin", Role::admin}},
        "viewer looks; operator mends, replays and pauses; approver decides; admin does everything.");
    schema.required("role");
    schema.field("channels", channels, "Only what came by these channels; default: all.");
    schema.field("types", types, "Only what is of these canonical types; default: all.");
    schema.field("queues", queues, "Only what waits in these queues; default: all.");
    for (const auto* key : {"channels", "types", "queues"})
        schema.not_empty(key, "leave the key away to mean all");
    schema.field("machine", machine, "A program: it never decides for a person, whatever its role.");
    schema.field("expires", expires, "From this day or time on it counts no more: 2027-01-01 or RFC 3339.");
    if (schema.reading() && !expires.empty() && !expiry_of(expires))
        schema.problem("expires", "bad_expires", "`" + expires + "` is neither a day nor a time with an offset",
                       "2027-01-01 or 2027-01-01T12:00:00Z");
    schema.field("hash", hash,
                 "Where the token's hash is read: file:PATH or env:NAME, as `headgate token add` wrote it.");
    schema.required("hash");
    schema.not_empty("hash", "`headgate token add NAME --role ROLE` makes a token and writes its hash");
}

void AccessConfig::describe(config::Schema& schema)
{
    schema.items("tokens", tokens, "Who may call the admin API, besides the data folder's own token.");
    schema.not_empty("tokens", "leave the key away to have the data folder's own token alone");
}

}  // namespace headgate::gateway
