#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/problem.hpp"
#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// A request as a vendor might send it, to try a configuration out.
struct Sample {
    std::string body;
    std::string topic;  // empty: what the connector reads from the request
    std::vector<std::pair<std::string, std::string>> headers;
};

/// A transaction and the mapping file that made it.
struct Made {
    std::string mapping;
    Transaction transaction;
};

struct StageFailure {
    std::string stage;  // "identify", "decode", "map"
    Failure failure;
};

/// Where the fields of one transaction are from.
struct Trace {
    std::string place;
    std::vector<mapping::FieldTrace> fields;
};

/// What a channel makes of a sample.
struct Trial {
    Envelope envelope;                    // as it would be stored
    bool wanted = false;                  // the topic is one the channel takes
    bool refused = false;                 // the gateway would not even take the request; a note says why
    std::vector<Made> made;               // empty: filtered
    std::optional<StageFailure> failure;  // what the gateway's letter would say
    std::vector<StageFailure> all;        // every failure, when they were asked for
    std::vector<Trace> traces;            // when they were asked for
    std::vector<std::string> notes;       // what the gateway would see otherwise
};

/// Does with a sample what the gateway does behind the signature, by its own stages, up to the transactions. `$event`
/// has an id of zeros and arrived at the first instant of 2026, so that the same sample gives the same answer.
[[nodiscard]] Trial try_out(const Channel& channel, const Sample& sample, mapping::Explain what = {});

/// The headers that `headgate send` would add for a topic, but for those that are given.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> with_sent_headers(
    const connectors::ConnectorConfig& connector, const std::string& topic,
    std::vector<std::pair<std::string, std::string>> given);

/// `field <- where in the document <- file:line`, a field a line.
[[nodiscard]] std::string text_of(const Trace& trace);
[[nodiscard]] std::string json_of(const Trace& trace);

/// A failure as a problem of the mapping it happened in.
[[nodiscard]] Problem problem_of(const Failure& failure);
/// For people: `file:line:col: code: message`, the line with a caret, the place in the document.
[[nodiscard]] std::string text_of(const StageFailure& failure);

[[nodiscard]] std::string text_of(const Warning& warning);

/// A transaction as JSON, compact: what it is about, its place, its fields as they would be applied.
[[nodiscard]] std::string text_of(const Transaction& transaction);
/// The same behind the mapping that made it.
[[nodiscard]] std::string json_of(const Made& made);
/// The version as a person writes it; nothing when there is none.
[[nodiscard]] std::optional<std::string> text_of(const Version& version);
/// "sales_order order/5, refund refund/7"; "" for none.
[[nodiscard]] std::string text_of(const std::vector<Parent>& parents);

}  // namespace headgate::gateway
