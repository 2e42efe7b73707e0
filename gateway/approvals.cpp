#include "gateway/approvals.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "connectors/formats/json.hpp"
#include "gateway/standing.hpp"

namespace headgate::gateway {

namespace {

const HoldRule* rule_of(const Configuration& configuration, std::string_view id)
{
    const auto found =
        std::ranges::find(configuration.holds, id, [](const auto& rule) -> std::string_view { return rule.config.id; });
    return found == configuration.holds.end() ? nullptr : &*found;
}

bool is_approved(const Attempt& attempt, const std::string& rule, const Digest& content)
{
    if (!attempt.placed)
        return false;
    const auto found = attempt.placed->approved.find(rule);
    return found != attempt.placed->approved.end() && found->second == content;
}

/// The transaction, as a rule sees it.
class Asking {
public:
    explicit Asking(const Transaction& transaction) : document_(connectors::read_json(transaction.json)) {}

    Result<bool> ask(const HoldRule& rule)
    {
        if (!document_)
            return std::unexpected(document_.error());
        return rule.when.holds({.document = *document_});
    }

private:
    Result<Document> document_;
};

Standing held(const HoldRule& rule, const Digest& content, const Failure* unsure, const Configuration& configuration,
              const WaitsFor& what, std::chrono::system_clock::time_point now)
{
    const auto& config = rule.config;
    Standing standing;
    standing.outcome = retry::Outcome::hold;
    auto& telling = standing.telling;
    telling.reason = unsure != nullptr ? "rule_unsure" : "approval_wanted";
    telling.rule = config.id;
    telling.content = content;
    telling.what = unsure != nullptr ? "whether `" + config.id + "` wants it approved cannot be told: " + unsure->code +
                                           (unsure->detail.empty() ? "" : ": " + unsure->detail)
                                     : "`" + config.id + "` wants it approved: " + config.when.text;
    telling.at = std::chrono::floor<std::chrono::milliseconds>(
        now + config.approve.within.value_or(queue_of_rule(configuration, config.id, what).sla));
    standing.detail = telling.what;
    return standing;
}

}  // namespace

Digest content_of(const Transaction& transaction)
{
    return hash_parts({transaction.type, transaction.entity, transaction.id, transaction.json});
}

std::optional<Standing> held_by_rule(const Attempt& attempt, const Configuration& configuration,
                                     std::chrono::system_clock::time_point now)
{
    std::optional<Asking> asking;
    std::optional<Digest> content;
    const Transaction& transaction = attempt.delivery.transaction;
    for (const HoldRule& rule : configuration.holds) {
        const auto what = waits_for(attempt, "approval_wanted");
        if (!rule.concerns(what))
            continue;
        if (!content)
            content = content_of(transaction);
        if (is_approved(attempt, rule.config.id, *content))
            continue;
        if (!asking)
            asking.emplace(transaction);
        const auto wanted = asking->ask(rule);
        if (!wanted || *wanted)
            return held(rule, *content, wanted ? nullptr : &wanted.error(), configuration, what, now);
    }
    return std::nullopt;
}

const HoldConfig::Approve& approve_of(const Configuration& configuration, std::string_view rule)
{
    static const HoldConfig::Approve strictest{.role = Role::admin, .four_eyes = true};
    const auto* found = rule_of(configuration, rule);
    return found == nullptr ? strictest : found->config.approve;
}

const QueueConfig& queue_of_rule(const Configuration& configuration, std::string_view rule, const WaitsFor& otherwise)
{
    const auto& queues = configuration.deployment.queues;
    if (const auto* found = rule_of(configuration, rule)) {
        const auto queue = std::ranges::find(queues, found->config.approve.queue, &QueueConfig::name);
        if (queue != queues.end())
            return *queue;
    }
    return queue_of(queues, otherwise);
}

}  // namespace headgate::gateway
