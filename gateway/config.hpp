#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/challenge.hpp"
#include "core/config/schema.hpp"
#include "gateway/access_config.hpp"
#include "gateway/hold_rules.hpp"
#include "gateway/masking/mask.hpp"
#include "gateway/queues.hpp"
#include "gateway/system_config.hpp"

namespace headgate::gateway {

using config::Duration;
using config::Size;

struct PublicListenerConfig {
    config::Endpoint address{"127.0.0.1", 8080};
    Size max_body{8U << 20U};
    std::optional<config::Rate> rate;  // of all channels together
    void describe(config::Schema& schema);
};

struct AdminListenerConfig {
    config::Endpoint address{"127.0.0.1", 9090};
    void describe(config::Schema& schema);
};

struct ListenConfig {
    PublicListenerConfig public_listener;
    AdminListenerConfig admin;
    std::vector<std::string> trusted_proxies;  // whose X-Forwarded-For counts
    void describe(config::Schema& schema);
};

/// The channel's half of its vendor's API: where and with which secrets. What kind of login it is, the connector says.
struct ChannelApiConfig {
    std::string url;  // instead of the connector's
    std::string username;
    config::SecretSources password;
    config::SecretSources token;
    config::SecretSources key;
    std::string client_id;
    config::SecretSources client_secret;
    config::SecretSources refresh_token;
    std::optional<config::Rate> rate;
    config::Duration timeout{std::chrono::seconds(30)};
    std::vector<std::string> allow;
    std::string ca;
    void describe(config::Schema& schema);
};

/// How the keys are reached that the vendor publishes; where they are, the connector says.
struct ChannelKeysConfig {
    std::vector<std::string> allow;
    std::string ca;
    void describe(config::Schema& schema);
};

/// Whether the connector's polls are run, and which.
struct ChannelPollConfig {
    bool enabled = true;
    std::vector<std::string> only;  // empty: all
    std::optional<config::Duration> every;
    std::optional<config::Duration> overlap;
    void describe(config::Schema& schema);
};

/// The folder into which files of the channel are dropped.
struct ReceiveConfig {
    enum class Ready : std::uint8_t { stable, done };
    std::string folder;
    Ready ready = Ready::stable;  // when a file is whole: it has not changed, or NAME.done stands beside it
    config::Duration stable_for{std::chrono::seconds(10)};
    std::string archive;  // where files go that were read; "" = archive/ in the folder
    std::string error;    // where those go that could not be; "" = error/ in the folder
    void describe(config::Schema& schema);
};

struct ChannelConfig {
    enum class Mode : std::uint8_t { live, shadow, closed };
    std::string name;
    std::string where;
    std::string connector;
    config::SecretSources secret;
    bool secret_given = false;  // whether the key stands there, whatever is behind it
    std::string source;         // default: the channel's name
    Mode mode = Mode::live;
    std::vector<std::string> topics;  // patterns; empty: all the connector knows
    std::optional<config::Rate> rate;
    std::int64_t backlog = 50'000;
    std::optional<Duration> remember;  // default: the connector's window
    config::PlacedText order_by;       // expression; default: the connector's
    std::string zone;
    std::optional<connectors::AnswerConfig> answer;  // instead of the connector's
    config::Settings settings;                       // `$channel.settings`
    std::vector<std::string> addresses;              // networks it may come from; empty: any
    std::optional<ChannelApiConfig> api;             // none: nothing is fetched or polled
    std::optional<ChannelKeysConfig> keys;           // none: as any public address
    std::optional<ChannelPollConfig> poll;           // none: nothing is polled
    std::optional<ReceiveConfig> receive;            // none: no files are read
    void describe(config::Schema& schema);
};

/// Snapshots of one entity that come soon behind each other are one delivery, and late ones are none.
struct CoalesceConfig {
    config::Duration within{std::chrono::seconds(5)};  // so long newer ones are waited for
    std::optional<config::Duration> expires;           // older than this it is not worth sending
    void describe(config::Schema& schema);
};

struct RouteConfig {
    std::string where;
    std::string id;
    std::vector<std::string> types{"*"};
    std::vector<std::string> channels;  // empty: all
    std::vector<std::string> to;
    std::optional<CoalesceConfig> coalesce;
    void describe(config::Schema& schema);
};

/// How long a delivery waits for what is not there yet.
struct ParkingConfig {
    struct Wait {
        config::Duration wait;
        void describe(config::Schema& schema);
    };
    Wait parent{std::chrono::days(1)};
    Wait reference{std::chrono::days(7)};
    void describe(config::Schema& schema);
};

struct RedisConfig {
    bool managed = true;
    std::string url;  // redis://[user@]host:port[/db] or unix:/path
    config::SecretSources password;
    std::vector<std::string> unchecked;  // start-up checks this deployment waives by name
    Size maxmemory{1U << 30U};           // of the managed server
    config::Duration spill_after{std::chrono::seconds(60)};
    void describe(config::Schema& schema);

private:
    void check(config::Schema& schema) const;
};

/// What dead letters may take.
struct DeadConfig {
    Size resident{1U << 30U};  // of Redis, by their bodies; the oldest rest in history beyond it
    bool given = false;
    void describe(config::Schema& schema);
};

/// Which fields of a canonical type letters are found by.
struct SearchConfig {
    static constexpr std::size_t most_fields = 8;
    std::string name;  // of the type
    std::string where;
    std::vector<std::string> fields;  // "customer.email", "lines.sku"
    void describe(config::Schema& schema);
};

/// `headgate.yaml`: one deployment. Sections of CONFIG that later versions bring are refused as `not_yet`.
struct DeploymentConfig {
    enum class Durability : std::uint8_t { strict, relaxed };
    std::string name = "headgate";
    std::string public_url;  // without a slash at its end
    std::string zone;
    ListenConfig listen;
    std::map<std::string, ChannelConfig> channels;
    std::map<std::string, SystemConfig> systems;
    std::vector<RouteConfig> routes;
    std::vector<HoldConfig> holds;    // as they are written: the first that matches holds
    std::vector<QueueConfig> queues;  // as they are written; empty: one that nobody owns
    ParkingConfig parking;
    AccessConfig access;
    HistoryConfig history;
    RedisConfig redis;
    DeadConfig dead;
    std::vector<SearchConfig> search;
    Durability durability = Durability::strict;
    std::int64_t threads = 0;  // event loops; 0: one per core
    void describe(config::Schema& schema);

private:
    void check_queues(config::Schema& schema) const;
    void fit_letters(config::Schema& schema);
};

}  // namespace headgate::gateway
