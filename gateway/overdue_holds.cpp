#include "gateway/overdue_holds.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/json.hpp>

#include "core/clock.hpp"
#include "gateway/approvals.hpp"
#include "gateway/letter_id.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t page_size = 128;

// Whoever changed something may not have lived to tell.
constexpr std::chrono::milliseconds longest_without_a_look = 30s;

}  // namespace

OverdueHolds::OverdueHolds(Dependencies dependencies) : with_(std::move(dependencies)) {}

void OverdueHolds::forget()
{
    ++epoch_;
    deadlines_ = {};
}

void OverdueHolds::held(const Standing& standing, Partition partition)
{
    if (auto& next = deadlines_[partition].next)
        next = std::min(*next, standing.telling.at);
}

void OverdueHolds::look()
{
    for (std::size_t p = 0; p < deadlines_.size(); ++p)
        if (!deadlines_[p].looking && (!deadlines_[p].next || *deadlines_[p].next <= wall_now_ms()))
            with_.spawn(look(static_cast<Partition>(p), epoch_));
}

/// What is held for other reasons may be overdue for ever: it is passed over, a page at a time.
asio::awaitable<void> OverdueHolds::look(Partition partition, std::uint64_t epoch)
{
    Deadline& deadline = deadlines_[partition];
    deadline.looking = true;
    deadline.next = wall_now_ms() + longest_without_a_look;
    std::vector<retry::WaitingDelivery> overdue;
    std::optional<retry::Millis> next;
    bool read = true;
    for (std::size_t behind = 0;;) {
        auto page = co_await retry::overdue_deliveries(with_.redis, with_.scripts, partition, wall_now_ms(), page_size,
                                                       retry::DeliveryState::hold, behind);
        if (epoch != epoch_)
            co_return;
        read = page.has_value();
        if (!read)
            break;
        std::ranges::move(page->deliveries, std::back_inserter(overdue));
        next = page->next;
        behind += page->looked_at;
        if (page->looked_at < page_size)
            break;
    }
    for (const auto& delivery : overdue) {
        auto acting = act(delivery, partition);
        const auto acted = co_await std::move(acting);
        if (epoch != epoch_)
            co_return;
        read = read && acted;
    }
    deadline.looking = false;
    if (!read || !overdue.empty())
        deadline.next = wall_now_ms();  // the next second looks again
    else if (next)
        deadline.next = std::min(*deadline.next, *next);
}

Task<void> OverdueHolds::act(const retry::WaitingDelivery& delivery, Partition partition)
{
    const bool rejects = approve_of(with_.configuration, delivery.rule).otherwise == HoldConfig::Approve::Else::reject;
    const std::string who = "rule " + delivery.rule;
    retry::Decision decision;
    decision.delivery = delivery.id;
    decision.attempts = delivery.attempts;
    decision.verdict = rejects ? retry::Decision::Verdict::discard : retry::Decision::Verdict::escalate;
    decision.reason = rejects ? "rejected" : "escalated";
    decision.asked = retry::Decision::Asked{.rule = delivery.rule, .content = delivery.content};
    json::object told{{"system", delivery.system},
                      {"type", delivery.type},
                      {"outcome", rejects ? "discarded" : "held"},
                      {"rule", delivery.rule}};
    decision.frame = json::serialize(json::object{{"finished", wall_now_ms().time_since_epoch().count()},
                                                  {"reason", decision.reason},
                                                  {"who", who},
                                                  {"why", "nobody decided in time"},
                                                  {"delivery", std::move(told)}});
    const auto decided = co_await with_.decisions.decide(std::move(decision));
    if (!decided)
        co_return std::unexpected(decided.error());
    if (decided->answer != retry::Decided::Answer::done)
        co_return Result<void>();
    with_.moved({partition, delivery.id});
    if (decided->next)
        with_.moved(*decided->next);
    const auto line = observability::LogLine{}
                          .field("hold", letter_text(delivery.id.event, delivery.id.half))
                          .field("system", delivery.system)
                          .field("rule", delivery.rule)
                          .field("queue", queue_of_rule(with_.configuration, delivery.rule,
                                                        {.code = delivery.reason,
                                                         .channel = delivery.channel,
                                                         .type = delivery.type,
                                                         .system = delivery.system})
                                              .name);
    if (rejects)
        with_.log.warn("a held delivery was rejected: nobody decided in time", line);
    else
        with_.log.warn("a held delivery was not decided in time, and waits on", line);
    co_return Result<void>();
}

}  // namespace headgate::gateway
