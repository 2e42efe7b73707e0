#include "gateway/config.hpp"

namespace headgate::gateway {

using namespace std::chrono_literals;

void PublicListenerConfig::describe(config::Schema& schema)
{
    schema.field("address", address, "Where vendors' requests arrive; port 0: any free one.");
    schema.field("max_body", max_body, {Size{1024}, Size{256U << 20U}}, "Largest body accepted; larger is 413.");
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
    schema.not_yet("trusted_proxies", "source-address rules");
}

void ChannelConfig::describe(config::Schema& schema)
{
    schema.field("connector", connector, "The connector: a folder of config/connectors or of connectors/ here.");
    schema.required("connector");
    schema.field("secret", secret,
                 "What the vendor signs with: env:NAME, file:PATH or generated; a list while one is rolled.");
    schema.required("secret");
    schema.field("source", source, "The shop behind the channel; channels that share it share identities and order.");
    schema.choice("mode", mode, {{"live", Mode::live}, {"shadow", Mode::shadow}, {"closed", Mode::closed}},
                  "shadow: accept, map, deliver nothing; closed: refuse with 503.");
    schema.field("topics", topics, "Patterns of topics wanted; others are answered 200 and suppressed as filtered.");
    schema.field("rate", rate, "Requests per second; 429 with Retry-After beyond it.");
    schema.field("backlog", backlog, {1, 10'000'000}, "Events waiting; 503 with Retry-After beyond it.");
    schema.field("remember", remember, "How long an idempotency key is remembered; default: the connector's window.");
    schema.field("order_by", order_by, "Expression: what stays in order; default: the connector's.");
    schema.field("zone", zone, "Time zone of times without an offset; default: the deployment's.");
    schema.not_yet("api", "the vendor's API");
    schema.not_yet("poll", "polling");
    schema.not_yet("expect", "silence alerts");
    schema.not_yet("mapping", "a channel's own mappings");
    schema.not_yet("settings", "settings for mappings");
    schema.not_yet("partner", "EDI partners");
    schema.not_yet("receive", "folders");
    schema.not_yet("send", "folders");
}

void SystemConfig::describe(config::Schema& schema)
{
    schema.field("preset", preset, "What kind of system it is; this version knows sqlite.");
    schema.required("preset");
    if (schema.reading() && !preset.empty() && preset != "sqlite")
        schema.problem("preset", "not_yet", "the preset `" + preset + "` is not in this version",
                       "this version knows sqlite");
    for (const auto* key :
         {"url", "auth", "settings", "concurrency", "rate", "timeout", "retry", "breaker", "answers", "channel"})
        schema.not_yet(key, "remote systems");
}

void RouteConfig::describe(config::Schema& schema)
{
    schema.field("id", id, "The route's name.");
    schema.required("id");
    schema.field("types", types, "Canonical types, or \"*\".");
    schema.field("channels", channels, "Only these channels; default: all.");
    schema.field("to", to, "The systems that get the transaction.");
    schema.required("to");
    for (const auto* key : {"when", "owner", "gates", "fallback", "coalesce"})
        schema.not_yet(key, "routing rules");
}

void RedisConfig::describe(config::Schema& schema)
{
    if (schema.shorthand([&](std::string_view text) {
            managed = text == "managed";
            if (!managed)
                schema.problem({}, "unknown_choice", "`redis` is managed, or a mapping with `url`");
            return true;
        }))
        return;
    schema.field("url", url, "redis://host:port[/db] or unix:/path of a Redis of yours.");
    schema.field("password", password, "Its password.");
    schema.field("unchecked", unchecked, "Start-up checks to waive by name; shown on /readyz.");
    schema.field("maxmemory", maxmemory, {Size{64U << 20U}, Size{1ULL << 42U}}, "Memory limit of the managed Redis.");
    schema.not_yet("sentinel", "Redis Sentinel");
    managed = url.empty();
}

void DeploymentConfig::describe(config::Schema& schema)
{
    schema.field("name", name, "One deployment, one company; in metrics and logs.");
    schema.field("public_url", public_url,
                 "The URL vendors see, without the path; never guessed from the Host header.");
    schema.field("zone", zone, "Time zone of times without an offset, unless a channel says otherwise.");
    schema.section("listen", listen, "Where Headgate listens.");
    schema.entries("channels", channels, "Where events come from.");
    schema.required("channels");
    schema.entries("systems", systems, "Where transactions go; default: the SQLite ledger.");
    schema.items("routes", routes, "Which systems a transaction goes to; every route that matches applies.");
    schema.section("redis", redis, "The state: managed, or a Redis of yours.");
    schema.choice("durability", durability, {{"strict", Durability::strict}, {"relaxed", Durability::relaxed}},
                  "strict: an answer waits for the disk; relaxed: up to a second may be lost with the machine.");
    schema.field("threads", threads, {0, 64}, "Event loops; 0: one per core.");
    for (const auto* key : {"ownership", "legal_entity", "regions", "holds", "queues", "parking", "access", "alerts",
                            "dead", "spool", "history"})
        schema.not_yet(key, "a later version's section");
}

}  // namespace headgate::gateway
