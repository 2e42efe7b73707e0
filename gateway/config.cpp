#include "gateway/config.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <boost/url/parse.hpp>

#include "connectors/connector.hpp"
#include "connectors/formats/json.hpp"
#include "core/time_zone.hpp"
#include "gateway/hint.hpp"
#include "gateway/redis_address.hpp"

namespace headgate::gateway {

namespace {

/// Why a text is no URL that vendors could be told; empty when it is one.
std::string_view wrong_with_public_url(std::string_view text)
{
    if (!text.starts_with("https://") && !text.starts_with("http://"))
        return "does not start with https:// or http://";
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->encoded_host().empty())
        return "is no URL";
    if (url->has_query() || url->has_fragment() || url->has_userinfo())
        return "is more than scheme, host and port";
    return {};
}

void check_zone(config::Schema& schema, const std::string& zone)
{
    if (schema.reading() && !zone.empty() && !is_zone(zone))
        schema.problem("zone", "unknown_zone", "there is no time zone `" + zone + "`",
                       "an IANA name such as Europe/Berlin, UTC, or an offset such as +02:00");
}

/// The start-up checks by name, as retry/startup_checks.hpp tells of them.
constexpr std::array<std::string_view, 7> redis_checks{"version",
                                                       "appendonly",
                                                       "appendfsync",
                                                       "no-appendfsync-on-rewrite",
                                                       "maxmemory",
                                                       "maxmemory-policy",
                                                       "auto-aof-rewrite-min-size"};

}  // namespace

void PublicListenerConfig::describe(config::Schema& schema)
{
    schema.field("address", address, "Where vendors' requests arrive; port 0: any free one.");
    // What the formats would not read again must not be accepted.
    schema.field("max_body", max_body, {Size{1024}, Size{connectors::JsonLimits{}.bytes}},
                 "Largest body accepted; larger is 413.");
    schema.field("rate", rate, "Requests per second of all channels together; 429 beyond it.");
    schema.not_yet("tls", "TLS");
}

void AdminListenerConfig::describe(config::Schema& schema)
{
    schema.field("address", address, "Admin API, /metrics, /livez, /readyz; keep it on loopback.");
    schema.not_yet("tls", "TLS");
}

void ListenConfig::describe(config::Schema& schema)
{
    schema.section("public", public_listener, "The listener vendors reach.");
    schema.section("admin", admin, "The listener people and machines of yours reach.");
    schema.field("trusted_proxies", trusted_proxies,
                 "Addresses or networks of proxies whose X-Forwarded-For counts for `addresses` of channels.");
}

namespace {

/// A section that may be left out: shown only where it is given. `reference`: all keys are asked for, of nobody's.
template <class Section>
void optional_section(config::Schema& schema, std::string_view key, std::optional<Section>& value, bool reference,
                      std::string_view doc)
{
    if (!schema.reading() && !value && !reference)
        return;
    Section given = value.value_or(Section{});
    schema.section(key, given, doc);
    if (schema.reading() && schema.given(key))
        value = std::move(given);
}

}  // namespace

void ChannelConfig::describe(config::Schema& schema)
{
    schema.field("connector", connector, "The connector: a folder of config/connectors or of connectors/ here.");
    schema.required("connector");
    schema.field("secret", secret,
                 "What the vendor signs with: env:NAME, file:PATH or generated; a list while one is rolled.",
                 config::Generated::allowed);
    secret_given = schema.given("secret");
    if (secret_given)  // whether there must be one, the connector's signature says
        schema.required("secret");
    schema.not_empty("secret", "write env:NAME or file:PATH of what the vendor signs with");
    schema.field("source", source, "The shop behind the channel; channels that share it share identities and order.");
    schema.choice("mode", mode, {{"live", Mode::live}, {"shadow", Mode::shadow}, {"closed", Mode::closed}},
                  "shadow: accept, map, deliver nothing; closed: refuse with 503.");
    schema.field("topics", topics, "Patterns of topics wanted; others are answered 200 and suppressed as filtered.");
    schema.not_empty("topics", "leave the key away to want all topics; `mode: closed` refuses all");
    schema.field("rate", rate, "Requests per second; 429 with Retry-After beyond it.");
    schema.field("backlog", backlog, {1, 10'000'000}, "Events waiting; 503 with Retry-After beyond it.");
    schema.field("remember", remember, connectors::remember_range,
                 "How long an idempotency key is remembered; default: the connector's window.");
    schema.field("order_by", order_by, "Expression: what stays in order; default: the connector's.");
    schema.field("zone", zone, "Time zone of times without an offset; default: the deployment's.");
    check_zone(schema, zone);
    schema.not_yet("expect", "silence alerts");
    schema.not_yet("mapping", "a channel's own mappings");
    optional_section(schema, "answer", answer, name.empty(),
                     "What the vendor hears instead of the connector's answer.");
    schema.field("settings", settings, "What mappings read as $channel.settings, and signatures as {setting:NAME}.");
    schema.field("addresses", addresses, "Addresses or networks it may come from; others are refused with 401.");
    schema.not_empty("addresses", "leave the key away to take it from anywhere");
    optional_section(schema, "api", api, name.empty(), "The vendor's API, to fetch what events name and to poll.");
    optional_section(schema, "keys", keys, name.empty(), "How the keys are reached that the vendor publishes.");
    optional_section(schema, "poll", poll, name.empty(), "What the vendor has and no webhook brought is asked for.");
    schema.not_yet("partner", "EDI partners");
    optional_section(schema, "receive", receive, name.empty(), "The folder into which its files are dropped.");
    schema.not_yet("send", "folders");
}

void ChannelApiConfig::describe(config::Schema& schema)
{
    schema.field("url", url, "Where it is, instead of the connector's URL.");
    schema.field("username", username, "The user.");
    schema.field("password", password, "The user's password.");
    schema.field("token", token, "The token.");
    schema.field("key", key, "The key.");
    schema.field("client_id", client_id, "The client (RFC 6749).");
    schema.field("client_secret", client_secret, "The client's secret.");
    schema.field("refresh_token", refresh_token, "What new tokens are had for.");
    schema.field("rate", rate, "Calls per second at most, instead of the connector's.");
    schema.field("timeout", timeout, {std::chrono::milliseconds(100), std::chrono::minutes(10)},
                 "How long one call may take.");
    schema.field("allow", allow, "Private networks it may be in: 10.0.0.0/8.");
    schema.field("ca", ca, "File of certificates to trust instead of the machine's, from this folder on.");
}

void ChannelKeysConfig::describe(config::Schema& schema)
{
    schema.field("allow", allow, "Private networks they may be in: 10.0.0.0/8.");
    schema.field("ca", ca, "File of certificates to trust instead of the machine's, from this folder on.");
}

void ReceiveConfig::describe(config::Schema& schema)
{
    schema.field("folder", folder, "The folder, an absolute path, or from this folder on.");
    schema.required("folder");
    schema.choice("ready", ready, {{"stable", Ready::stable}, {"done", Ready::done}},
                  "When a file is whole: stable, it has not changed for a while; done, NAME.done stands beside it.");
    schema.field("stable_for", stable_for, {std::chrono::seconds(0), std::chrono::hours(1)},
                 "stable: so long it must not have changed.");
    schema.field("archive", archive, "Where files go that were read; default: archive/ in the folder.");
    schema.field("error", error, "Where files go that cannot be read; default: error/ in the folder.");
}

void ChannelPollConfig::describe(config::Schema& schema)
{
    schema.field("enabled", enabled, "Whether they are run.");
    schema.field("only", only, "Only these polls of the connector; default: all.");
    schema.field("every", every, {std::chrono::seconds(1), std::chrono::hours(24)},
                 "How often, instead of the connector's.");
    schema.field("overlap", overlap, {std::chrono::seconds(0), std::chrono::hours(24 * 7)},
                 "What changed so long before the newest is asked for again.");
}

void RouteConfig::describe(config::Schema& schema)
{
    schema.field("id", id, "The route's name.");
    schema.required("id");
    schema.field("types", types, "Canonical types, or \"*\".");
    schema.not_empty("types", "leave the key away to mean all types");
    schema.field("channels", channels, "Only these channels; default: all.");
    schema.not_empty("channels", "leave the key away to mean all channels");
    schema.field("to", to, "The systems that get the transaction.");
    schema.required("to");
    schema.not_empty("to", "name a system, or remove the route");
    if (schema.reading() || coalesce || id.empty()) {  // else there is none to show
        CoalesceConfig given = coalesce.value_or(CoalesceConfig{});
        schema.section("coalesce", given, "Snapshots only: tellings of one entity that come soon are one delivery.");
        if (schema.reading() && schema.given("coalesce"))
            coalesce = given;
    }
    for (const auto* key : {"when", "owner", "gates", "fallback"})
        schema.not_yet(key, "routing rules");
}

void CoalesceConfig::describe(config::Schema& schema)
{
    schema.field("within", within, {std::chrono::milliseconds(100), std::chrono::hours(1)},
                 "So long newer ones are waited for.");
    schema.field("expires", expires, {std::chrono::seconds(1), std::chrono::days(30)},
                 "Older than this it is suppressed: `expired`. Default: never.");
    schema.not_yet("by", "coalescing by other things than the entity");
}

void ParkingConfig::Wait::describe(config::Schema& schema)
{
    schema.field("wait", wait, {std::chrono::seconds(1), std::chrono::days(365)}, "So long; then it is a letter.");
    for (const auto* key : {"fetch", "code"})
        schema.not_yet(key, "fetching what is missing");
}

void ParkingConfig::describe(config::Schema& schema)
{
    schema.section("parent", parent, "For what `depends_on` names.");
    schema.section("reference", reference, "For a cross-reference.");
    schema.not_yet("unrouted", "parking what no route takes");
}

void RedisConfig::describe(config::Schema& schema)
{
    if (schema.shorthand([&](std::string_view text) {
            managed = text == "managed";
            if (!managed)
                schema.problem({}, "unknown_choice", "`redis` is managed, or a mapping with `url`",
                               "redis: { url: redis://host:6379 }");
            return true;
        }))
        return;
    schema.field("url", url, "redis://host:port[/db] or unix:/path of a Redis of yours.");
    schema.field("password", password, "Its password.");
    schema.field("unchecked", unchecked, "Start-up checks to waive by name; shown on /readyz.");
    if (managed || schema.reading())  // with a `url` it is refused, so what is shown has none either
        schema.field("maxmemory", maxmemory, {Size{64U << 20U}, Size{1ULL << 42U}},
                     "Memory limit of the managed Redis.");
    schema.field("spill_after", spill_after, {std::chrono::milliseconds(100), std::chrono::days(1)},
                 "Bodies of what waits longer leave Redis for history.");
    schema.not_yet("sentinel", "Redis Sentinel");
    managed = url.empty();
    if (schema.reading())
        check(schema);
}

/// What would start a Redis that was not meant, or leave out what was said about it.
void RedisConfig::check(config::Schema& schema) const
{
    if (!schema.given("url")) {
        for (const auto* key : {"password", "unchecked"})
            if (schema.given(key))
                schema.problem(key, "url_missing",
                               "`" + std::string(key) + "` is about a Redis of yours, and no `url` says which",
                               "give `url`, or remove `" + std::string(key) + "` to have a managed Redis");
        return;
    }
    if (url.empty())
        return schema.problem("url", "bad_redis_url", "`url` is empty", "remove the key to have a managed Redis");
    if (const auto address = parse_redis_url(url); !address)
        schema.problem("url", address.error().code, address.error().detail);
    else if (!address->username.empty() && password.empty())
        schema.problem("url", "bad_redis_url", "`url` names a user, and no `password` says how it logs in",
                       "give password: env:NAME");
    if (schema.given("maxmemory"))
        schema.problem("maxmemory", "unused_key", "`maxmemory` is of the managed Redis; with `url` it does nothing",
                       "remove it, and set maxmemory at the Redis itself");
    if (password.size() > 1)
        schema.problem("password", "several_secrets", "one Redis has one password");
    for (const auto& name : unchecked)
        if (!name.empty() && std::ranges::find(redis_checks, name) == redis_checks.end())
            schema.problem("unchecked", "unknown_check", "there is no start-up check `" + name + "`",
                           near_or_all(name, redis_checks));
}

/// What waits must have somebody whose it is.
void DeploymentConfig::check_queues(config::Schema& schema) const
{
    if (!schema.reading() || queues.empty())
        return;
    const auto rest = std::ranges::find(queues, "default", &QueueConfig::name);
    if (rest == queues.end())
        schema.problem("queues", "no_default_queue", "there is no queue `default` for what no other takes",
                       "default: { owner: operations@example.com }");
    else if (const auto& takes = rest->takes;
             !takes.types.empty() || !takes.channels.empty() || !takes.systems.empty() || !takes.codes.empty())
        schema.problem("queues", "unused_key", "`default` takes what no other queue takes, and has no `takes`",
                       "give the queue another name, or remove its `takes`");
}

void DeadConfig::describe(config::Schema& schema)
{
    given = schema.given("resident");
    schema.field("resident", resident, {Size{0}, Size{1ULL << 42U}},
                 "What bodies of letters may take of Redis; the oldest rest in history beyond it.");
}

/// Letters leave room in a managed Redis for what moves.
void DeploymentConfig::fit_letters(config::Schema& schema)
{
    if (!schema.reading() || !redis.managed)
        return;
    if (!dead.given)
        dead.resident = std::min(dead.resident, Size{redis.maxmemory.bytes / 4});
    else if (dead.resident > Size{redis.maxmemory.bytes / 2})
        schema.problem("dead", "out_of_range", "`dead.resident` is more than half of the managed Redis's `maxmemory`",
                       "give less, or Redis more: redis: { maxmemory: 4GiB }");
}

void SearchConfig::describe(config::Schema& schema)
{
    schema.field("fields", fields, "Of its transactions, the names joined by dots; those in a list are of each item.");
    schema.required("fields");
    schema.not_empty("fields", "leave the type away");
    if (schema.reading() && fields.size() > most_fields)
        schema.problem("fields", "too_many_fields", fmt::format("a type has up to {} such fields", most_fields),
                       "what is looked for seldom is found by `headgate dlq list --where`");
}

void DeploymentConfig::describe(config::Schema& schema)
{
    schema.field("name", name, "One deployment, one company; in metrics and logs.");
    schema.field("public_url", public_url,
                 "The URL vendors see, without the path; never guessed from the Host header.");
    while (schema.reading() && public_url.ends_with('/'))
        public_url.pop_back();
    if (const auto wrong = wrong_with_public_url(public_url); schema.reading() && !public_url.empty() && !wrong.empty())
        schema.problem("public_url", "bad_public_url", "`public_url` " + std::string(wrong),
                       "for example https://hooks.example.com");
    schema.field("zone", zone, "Time zone of times without an offset, unless a channel says otherwise.");
    check_zone(schema, zone);
    schema.section("listen", listen, "Where Headgate listens.");
    schema.entries("channels", channels, "Where events come from.");
    schema.required("channels");
    schema.entries("systems", systems, "Where transactions go; default: the SQLite ledger.");
    schema.items("routes", routes, "Which systems a transaction goes to; every route that matches applies.");
    schema.not_empty("routes", "leave the key away to send everything to the one system");
    schema.section("redis", redis, "The state: managed, or a Redis of yours.");
    schema.choice("durability", durability, {{"strict", Durability::strict}, {"relaxed", Durability::relaxed}},
                  "strict: an answer waits for the disk; relaxed: up to a second may be lost with the machine.");
    schema.field("threads", threads, {0, 64}, "Event loops; 0: one per core.");
    schema.not_yet("ownership", "who owns which field");
    schema.not_yet("legal_entity", "legal entities");
    schema.not_yet("regions", "regions");
    schema.items("holds", holds, "What somebody has to approve before it is sent: the first rule that wants it.");
    schema.not_empty("holds", "leave the key away to hold nothing");
    schema.entries("queues", queues, "Where letters, holds and work wait for people: the first that takes it.");
    schema.not_empty("queues", "leave the key away for one queue that nobody owns");
    check_queues(schema);
    schema.section("parking", parking, "How long deliveries wait for what is not there yet.");
    schema.section("access", access, "Who may call the admin API.");
    schema.not_yet("alerts", "alerts");
    schema.section("dead", dead, "What dead letters may take.");
    fit_letters(schema);
    schema.entries("search", search, "Fields that letters are found by, of each canonical type.");
    schema.not_yet("spool", "accepting while Redis is away");
    schema.section("history", history, "What was, and who may see all of it.");
}

}  // namespace headgate::gateway
