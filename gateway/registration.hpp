#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/registration_config.hpp"
#include "core/document.hpp"
#include "core/problem.hpp"
#include "gateway/answer_pages.hpp"
#include "gateway/registered.hpp"
#include "mapping/body.hpp"
#include "mapping/expression.hpp"

namespace headgate::connectors {
struct ConnectorConfig;
}

namespace headgate::gateway {

struct Channel;

/// A call that makes or changes a subscription.
struct RegistrationCall {
    std::string method;
    mapping::Expression path;
    mapping::Body body;
    std::optional<mapping::Expression> id;
    std::optional<mapping::Expression> secret;
};

/// `registration` of a connector, compiled.
struct Registration {
    connectors::RegistrationConfig config;
    std::optional<mapping::Expression> word;
    mapping::Expression path;
    AnswerPages pages;
    mapping::Expression address;
    mapping::Expression topic;
    std::optional<mapping::Expression> active;
    mapping::Expression id;
    RegistrationCall create;
    std::optional<RegistrationCall> update;
};

/// Nothing when the connector has none, or something of it is wrong and among the problems. `pages`: its `list`.
[[nodiscard]] std::optional<Registration> compile_registration(const connectors::ConnectorConfig& connector,
                                                               const std::string& file, AnswerPages pages,
                                                               Problems& problems);
/// What of a channel's `registration` does not go with its connector.
void check_registration(const Channel& channel, Problems& problems);

/// A topic that the channel wants, in the connector's word and in the vendor's; one may have several of those.
struct WantedTopic {
    std::string topic;
    std::string word;
};
/// Fails as `word` does; `word_missing` (permanent) where it gives none.
[[nodiscard]] Result<std::vector<WantedTopic>> wanted_topics(const Channel& channel);

/// A subscription that the vendor has and that sends to the channel's path.
struct Subscription {
    std::string id;
    std::string at;                  // the host, with its scheme
    bool ours = false;               // it sends to the channel's very address
    std::vector<std::string> words;  // patterns: `*` stands for anything
    bool active = true;
    std::string item;  // JSON
    [[nodiscard]] bool has(std::string_view word) const;
};
/// What of the items of an answer is about the channel. Fails as the expressions do.
[[nodiscard]] Result<std::vector<Subscription>> subscriptions_in(const Document& items, const Channel& channel);

/// What the vendor has, a row for each topic that is wanted, in their order, and one for each subscription elsewhere.
[[nodiscard]] std::vector<SubscriptionRow> compared(const std::vector<WantedTopic>& wanted,
                                                    const std::vector<Subscription>& there);

/// What is still to be done: to change what is there, or to make one. The rows it settles are named by their place.
struct RegistrationStep {
    const RegistrationCall* call = nullptr;
    const Subscription* of = nullptr;  // none: one is made
    std::vector<std::string> words;
    std::vector<std::size_t> rows;
};
[[nodiscard]] std::vector<RegistrationStep> steps_to_do(const Registration& how, const std::vector<WantedTopic>& wanted,
                                                        const std::vector<Subscription>& there,
                                                        const std::vector<SubscriptionRow>& rows);

/// What the call's path and body read, as JSON.
[[nodiscard]] std::string about(const RegistrationStep& step, const Channel& channel);

}  // namespace headgate::gateway
