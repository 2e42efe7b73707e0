#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/connector.hpp"
#include "connectors/signatures/postback.hpp"
#include "connectors/signatures/source_addresses.hpp"
#include "core/problem.hpp"
#include "gateway/answer_pages.hpp"
#include "gateway/config.hpp"
#include "gateway/hold_rules.hpp"
#include "gateway/item_signatures.hpp"
#include "gateway/rate_limiter.hpp"
#include "gateway/registration.hpp"
#include "gateway/systems/http_plan.hpp"
#include "gateway/systems/sqs.hpp"
#include "gateway/tokens.hpp"
#include "mapping/canonical.hpp"
#include "mapping/expression.hpp"
#include "mapping/mapping.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::gateway {

/// What stays in order, as an expression and, where it only names members, as the ways to them.
struct OrderBy {
    mapping::Expression expression;
    std::vector<std::vector<std::string>> paths;
};

/// What an event names is fetched before it is mapped.
struct Fetch {
    mapping::Expression path;
    std::string into;
    std::optional<mapping::Expression> when;
    AnswerPages pages;
    bool required = true;
};

/// A report that is asked for, and waited for.
struct ReportRequest {
    mapping::Expression path;
    std::optional<mapping::Expression> body;
    mapping::Expression id;
    mapping::Expression ready;
    std::optional<mapping::Expression> failed;
};

/// Where the file of a report is.
struct Report {
    mapping::Expression id;
    std::optional<mapping::Expression> document;
    mapping::Expression url;
    std::optional<mapping::Expression> gzip;
    mapping::Expression file;
};

/// What is asked for again and again.
struct Poll {
    connectors::PollConfig config;
    mapping::Expression path;
    AnswerPages pages;
    std::optional<mapping::Expression> topic;
    std::optional<mapping::Expression> key;
    std::optional<mapping::Expression> changed;
    std::optional<mapping::Expression> cursor;
    std::optional<ReportRequest> request;
    std::optional<Report> report;
};

/// A kind of file that is dropped into a folder.
struct DroppedFile {
    connectors::FeedConfig config;
    std::optional<mapping::Expression> topic;
    std::optional<mapping::Expression> key;
};

/// A topic of a connector with its expressions and mappings compiled.
struct Topic {
    std::string name;
    std::optional<OrderBy> order_by;
    std::optional<Fetch> fetch;
    std::optional<mapping::Expression> split;  // it is taken apart, and has no mappings
    std::vector<std::shared_ptr<const mapping::Mapping>> mappings;
    std::string sample;
};

/// A connector compiled once for all channels that use it.
struct Connector {
    connectors::ConnectorConfig config;
    std::optional<mapping::Expression> topic;
    std::optional<mapping::Expression> idempotency_key;
    bool identity_reads_document = true;  // else topic and key stand in the headers
    std::optional<mapping::Expression> document;
    std::optional<mapping::Expression> test;
    MinorUnits minor_units;
    std::map<std::string, Topic, std::less<>> topics;
    std::map<std::string, Poll, std::less<>> polls;
    std::map<std::string, DroppedFile, std::less<>> feeds;
    std::optional<Registration> registration;
};

/// How a vendor's published keys are reached.
struct KeySource {
    std::vector<net::Network> allow;  // what else than public addresses may be asked
    std::string ca;                   // file of certificates to trust; "": the machine's
};

/// One configured connection from outside, ready to work. Reading may overlap; only the counters change.
struct Channel {
    explicit Channel(const ChannelConfig& configured) : config(configured), name(configured.name), rate(configured.rate)
    {}

    ChannelConfig config;
    std::string name;
    std::string source;
    std::string zone;
    std::string hook_url;  // as the vendor was told
    std::shared_ptr<const Connector> connector;
    std::unique_ptr<connectors::Verifier> verifier;  // none: its secret is not known
    std::optional<ItemSignatures> item_signatures;   // the verifier is for those, and not for the request
    std::optional<connectors::PostbackVerifier>
        postback;  // the vendor is asked, once the verifier has nothing against it
    KeySource key_source;
    std::vector<connectors::Challenge> challenges;
    std::optional<connectors::AddressRanges> sources;  // none: it may come from anywhere
    Document settings;
    std::optional<OrderBy> order_by;            // the channel's own
    std::shared_ptr<const HttpSystemPlan> api;  // none: nothing is fetched or polled
    std::shared_ptr<const SqsPlan> sqs;         // none: no queue is read
    std::chrono::seconds window{0};
    std::vector<std::string> told_secrets;  // its own, where a vendor may be told one with a subscription

    mutable RateLimiter rate;
    mutable std::atomic<std::int64_t> waiting{0};     // accepted, and neither finished nor placed
    mutable std::atomic<std::int64_t> last_event{0};  // when the newest was accepted, in ms since 1970
    mutable std::atomic<std::int64_t> placed{0};      // on the slow path with deliveries left; as of a second ago

    [[nodiscard]] std::int64_t backlog() const
    {
        return waiting.load(std::memory_order_relaxed) + placed.load(std::memory_order_relaxed);
    }

    /// An event of it was accepted then. Of one thread.
    void heard_at(std::chrono::system_clock::time_point received) const
    {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(received.time_since_epoch()).count();
        if (ms > last_event.load(std::memory_order_relaxed))
            last_event.store(ms, std::memory_order_relaxed);
    }
    /// The polls that are run of it.
    [[nodiscard]] std::vector<const Poll*> polls() const;
    /// The topic when the connector knows it and the channel wants it.
    [[nodiscard]] const Topic* wanted(std::string_view topic) const;
    /// What the vendor wants to hear; nothing: the usual.
    [[nodiscard]] const connectors::AnswerConfig* answer() const
    {
        return config.answer ? &*config.answer : connector->config.answer ? &*connector->config.answer : nullptr;
    }
    /// Whether the secret of this number is one of today, by its `from` and `until`. What is no secret of the channel
    /// has no dates.
    [[nodiscard]] bool in_force(std::size_t secret, std::chrono::system_clock::time_point now) const;
    /// A setting as text, for signatures.
    [[nodiscard]] std::optional<std::string_view> setting(std::string_view name) const;
    /// Whether a header is stored with the event; signatures and logins never are.
    [[nodiscard]] bool keeps(std::string_view header) const;
};

/// What the vendor's API of a channel is called among the systems.
[[nodiscard]] inline std::string api_name(std::string_view channel)
{
    return "api." + std::string(channel);
}

struct Route {
    std::string id;
    std::vector<std::string> types;
    std::vector<std::string> channels;
    std::vector<std::string> to;
    std::optional<CoalesceConfig> coalesce;
    [[nodiscard]] bool matches(std::string_view type, std::string_view channel) const;
};

/// One loaded configuration: everything compiled, nothing to look up by file any more. Nothing of it changes but the
/// entries that people add to vocabularies.
struct Configuration {
    std::string folder;
    DeploymentConfig deployment;
    mapping::Canonical canonical;
    mapping::Vocabularies vocabularies;
    std::map<std::string, std::shared_ptr<const Connector>, std::less<>> connectors;
    std::unordered_map<std::string, std::unique_ptr<Channel>> channels;
    std::vector<Route> routes;
    std::vector<HoldRule> holds;                                                        // in order
    mapping::SearchedFields searched;                                                   // letters are found by them
    std::map<std::string, std::shared_ptr<const HttpSystemPlan>, std::less<>> systems;  // of preset http
    std::map<std::string, std::shared_ptr<const HttpSystemPlan>, std::less<>> apis;     // of channels, by api_name
    connectors::AddressRanges trusted_proxies;
    std::vector<Token> tokens;  // of `access`: who may call the admin API besides the data folder's own token

    /// The files are the first generation, and each change of an added entry makes a new one.
    [[nodiscard]] std::uint64_t generation() const { return 1 + vocabularies.added().changes(); }
    [[nodiscard]] const Channel* channel(std::string_view name) const;
    /// The channel whose webhooks arrive at this path of the public listener.
    [[nodiscard]] const Channel* channel_at(std::string_view path) const;
    /// Whether a second sending of this type would do harm at the system (`repeat: never`).
    [[nodiscard]] bool at_most_once(std::string_view system, std::string_view type) const;
    /// Whether any transaction may wait for another one (`depends_on`).
    [[nodiscard]] bool has_parents() const;
};

struct LoadedConfiguration {
    std::shared_ptr<const Configuration> configuration;  // whole only when there are no problems
    Problems problems;
    Problems notes;  // what `check` tells and does not fail for
};

struct LoadOptions {
    std::string folder{};   // DIR of --config
    std::string shipped{};  // what ships: connectors/, canonical/, vocabularies/
    std::string data{};     // where generated secrets live; "" for `check`, which makes none
    config::Environment environment = config::process_environment();
    bool secrets_required = true;
};
[[nodiscard]] LoadedConfiguration load_configuration(const LoadOptions& options);
/// The same without a headgate.yaml: these channels alone, which need no secret. For tools that try connectors out.
[[nodiscard]] LoadedConfiguration load_channels(const LoadOptions& options, const std::vector<ChannelConfig>& channels);

/// The folder of the configuration that ships with this binary: HEADGATE_SHARE, beside the source tree it was built
/// in, or ../share/headgate.
[[nodiscard]] std::string shipped_folder();

/// The secret's texts in order. `generated` makes DATA/secrets/NAME (mode 0600) when it is not there.
[[nodiscard]] Result<std::vector<std::string>> read_secrets(const config::SecretSources& sources,
                                                            const std::string& name, const LoadOptions& options);

}  // namespace headgate::gateway
