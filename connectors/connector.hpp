#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/api_config.hpp"
#include "connectors/challenge.hpp"
#include "connectors/feed_config.hpp"
#include "connectors/formats/format.hpp"
#include "connectors/registration_config.hpp"
#include "connectors/signatures/scheme.hpp"
#include "core/config/schema.hpp"
#include "core/currency.hpp"

namespace headgate::connectors {

/// How long an idempotency key may be remembered; a channel's `remember` has the same bounds. The accept script refuses
/// what is far beyond it.
inline constexpr std::pair<config::Duration, config::Duration> remember_range{std::chrono::minutes{1},
                                                                              std::chrono::hours{24 * 90}};

/// Whether a header carries a login rather than an event: never stored, whatever `keep_headers` says.
[[nodiscard]] bool carries_login(std::string_view header);

/// One topic of a connector: what a vendor says happened.
struct TopicConfig {
    std::string name;
    std::string where;
    config::PlacedText order_by;        // expression; default: the connector's
    std::optional<FetchConfig> fetch;   // it only names its document
    config::PlacedText split;           // expression: the items of a batch, each an event of its own
    std::vector<std::string> mappings;  // names of files below the connector's mappings/
    std::string sample;                 // file below the connector's folder that `headgate send` uses
    void describe(config::Schema& schema);
};

/// Where a vendor puts what identifies an event: expressions over the headers that are kept and the whole body.
struct IdentityConfig {
    config::PlacedText topic;
    config::PlacedText idempotency_key;
    config::PlacedText order_by;
    config::Duration window{std::chrono::hours{48}};
    void describe(config::Schema& schema);
};

/// How many decimals this vendor's minor units of a currency have, where that is not what ISO 4217 says: `ISK: 2`.
struct MinorUnit {
    std::string name;  // the currency
    std::int64_t decimals = 2;
    void describe(config::Schema& schema);
};

/// How this vendor rounds, where its totals do not always add up to the cent.
struct RoundingConfig {
    SourceRounding rule;
    void describe(config::Schema& schema);
};

/// A header that `headgate send` adds as the vendor would: text with {topic} {uuid} {now}.
struct SendHeader {
    std::string name;
    std::string value;
    void describe(config::Schema& schema);
};

/// Where at the vendor people find and put what a channel needs: for `headgate init channel` and `headgate connectors`.
struct SetupConfig {
    std::string url;                              // where the URL of the channel is pasted
    std::string secret;                           // where its secret is found
    std::string sqs;                              // how its events come into a queue of Amazon SQS, if they can
    std::map<std::string, std::string> settings;  // what each setting of the channel is
    void describe(config::Schema& schema);
};

/// What a connector that ships was held against: for the page of the catalogue.
struct TestedConfig {
    std::int64_t fixtures = 0;  // payloads of the vendor's that end as they should
    std::string interop;        // the vendor's own client that agrees about signatures: "stripe 23.1.0 (npm)"
    void describe(config::Schema& schema);
};

/// What `headgate send` does when it plays the vendor.
struct SendConfig {
    config::PlacedText topic;  // without one on the command line
    std::vector<SendHeader> headers;
    void describe(config::Schema& schema);
};

/// What Headgate knows of a vendor: `connector.yaml` in a folder of `config/connectors/`.
struct ConnectorConfig {
    std::string name;  // the folder's
    std::string folder;
    std::string title;     // the vendor's name for people, in the banner
    std::string category;  // what kind of vendor it is: "storefront"
    SetupConfig setup;
    TestedConfig tested;
    SignatureConfig signature;
    FormatConfig format;
    std::vector<ChallengeConfig> challenges;
    std::optional<AnswerConfig> answer;  // none: JSON with the event's id
    IdentityConfig identity;
    config::PlacedText document;  // expression: where the document stands in the body; "" = the body
    config::PlacedText test;      // expression: true of the vendor's test mode, false of its live mode, null of neither
    std::vector<std::string> keep_headers;  // names or prefixes ending in *; others are not stored
    std::map<std::string, MinorUnit> minor_units;
    std::optional<RoundingConfig> rounding;  // none: totals are exact
    std::map<std::string, TopicConfig> topics;
    std::optional<ApiConfig> api;
    std::map<std::string, PollConfig> polls;
    std::map<std::string, FeedConfig> feeds;
    std::optional<RegistrationConfig> registration;  // none: its webhooks are set up by hand
    SendConfig send;
    void describe(config::Schema& schema);
    /// What `minor` and `to_minor` read amounts by.
    [[nodiscard]] MinorUnits exponents() const;
};

/// Reads `folder`/connector.yaml. All problems together; the connector is usable when there are none.
struct LoadedConnector {
    ConnectorConfig connector;
    Problems problems;
};
[[nodiscard]] LoadedConnector load_connector(const std::string& folder, const config::Environment& environment);

}  // namespace headgate::connectors
