#pragma once

#include <string>
#include <string_view>

#include "mapping/unmapped_words.hpp"
#include "observability/metrics.hpp"

namespace headgate::gateway {

/// What the pipeline counts. Labels come from enums and the configuration.
struct GatewayMetrics {
    explicit GatewayMetrics(observability::Metrics& registry);

    observability::Metrics& registry;
    observability::Counter& accepted;
    observability::Counter& duplicates;
    observability::Counter& conflicts;
    observability::Counter& applied;
    observability::Counter& suppressed;
    observability::Counter& dead;
    observability::Counter& retries;
    observability::Counter& loaded;
    observability::Gauge& in_flight;  // being worked on: between decode and finish
    observability::Histogram& accept_seconds;
    observability::Histogram& finish_seconds;
    mapping::UnmappedWords unmapped;  // what vocabularies had no entry for

    /// Requests refused before they were accepted; `channel` is one of the configuration's, or "".
    observability::Counter& refused(std::string_view channel, std::string_view code, int status);
    /// Requests the HTTP server itself refused, by its fixed set of reasons.
    observability::Counter& http_refused(std::string_view reason);
    /// Signatures that matched, by the number of the secret: shows when a rolled secret is no longer used.
    observability::Counter& secret_used(std::string_view channel, std::size_t number);
    /// Keys that were asked for, by how it ended: "done", "unknown", "failed".
    observability::Counter& keys_fetched(std::string_view channel, std::string_view how);
    /// Requests about which the vendor was asked, by its answer: "confirmed", "refused", "failed".
    observability::Counter& postbacks(std::string_view channel, std::string_view how);
    /// Runs of polls, by how they ended: "done", "failed".
    observability::Counter& polled(std::string_view channel, std::string_view how);
    /// Items that polls brought and that were not known.
    observability::Counter& polled_items(std::string_view channel);
    /// Events that a poll brought, no webhook had told of, and that were news to a system.
    observability::Counter& backfilled(std::string_view channel);
    observability::Gauge& silent(std::string_view channel);
    /// Topics of which the vendor has no subscription that works.
    observability::Gauge& subscriptions_missing(std::string_view channel);
    /// Messages of its queue: "accepted", "duplicate", "bad_md5", "not_deleted" (and accepted, or known).
    observability::Counter& sqs_messages(std::string_view channel, std::string_view outcome);
    /// How often its queue could not be read, or what was read not accepted.
    observability::Counter& sqs_failures(std::string_view channel);
    /// Brings headgate_unmapped_total up to `unmapped`. Calls do not overlap.
    void publish_unmapped();
};

}  // namespace headgate::gateway
