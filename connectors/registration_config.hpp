#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/api_config.hpp"
#include "core/config/schema.hpp"

namespace headgate::connectors {

/// A call that makes or changes a subscription. What it is about is a document of its own: .address .topic .topics
/// .channel .secret, and of one that is there .id and .item.
struct RegistrationCallConfig {
    enum class Format : std::uint8_t { json, form };
    std::string method;
    config::PlacedText path;  // text, from the API's URL on
    Format format = Format::json;
    config::PlacedTree body;    // a value of the mapping language
    config::PlacedText id;      // expression about the answer
    config::PlacedText secret;  // expression about the answer: what it is signed with; the vendor tells it but once
    void describe(config::Schema& schema);
};

/// The list of the subscriptions there are.
struct RegistrationListConfig {
    config::PlacedText path;   // text, from the API's URL on
    config::PlacedText items;  // expression about an answer
    NextConfig next;
    void describe(config::Schema& schema);
};

/// How subscriptions to webhooks are made at the vendor, and seen to exist.
struct RegistrationConfig {
    std::vector<std::string> topics;  // of the connector's, as patterns; empty: all
    config::PlacedText word;          // expression about .topic: the vendor's word for it; default: the same
    bool together = false;            // one subscription has all topics
    RegistrationListConfig list;
    config::PlacedText address;  // expressions about an item: where it sends,
    config::PlacedText topic;    // its word or words, in which `*` stands for anything,
    config::PlacedText active;   // whether it is switched on; default: it is
    config::PlacedText id;       // what the vendor calls it
    RegistrationCallConfig create;
    std::optional<RegistrationCallConfig> update;  // switches on again; of `together`, gives it all topics
    config::Duration every{std::chrono::hours(6)};
    void describe(config::Schema& schema);
};

}  // namespace headgate::connectors
