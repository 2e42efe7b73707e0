#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/find_letter.hpp"
#include "gateway/api/letter_filter.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/replay_plan.hpp"
#include "gateway/tools/trial.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t most_differences = 200;  // of one delivery that are told

/// A value of a payload, without what is personal unless it is revealed.
json::value shown(const Means& with, const Call& call, std::string_view path, const std::string& value)
{
    if (value == "nothing")
        return nullptr;
    boost::system::error_code error;
    auto parsed = json::parse(call.reveal ? value : with.mask.field(path, value), error);
    return error ? json::value(json::string(Mask::sign)) : std::move(parsed);
}

json::object delivery_json(const Means& with, const Call& call, const PlannedDelivery& delivery)
{
    const auto& transaction = delivery.transaction;
    json::object out{{"system", delivery.system},       {"type", transaction.type}, {"entity", transaction.entity},
                     {"slot", transaction.slot.text()}, {"new", delivery.is_new},   {"held_by", delivery.rule}};
    if (!delivery.before) {
        boost::system::error_code error;
        const auto text = text_of(transaction);
        out["transaction"] = json::parse(call.reveal ? text : with.mask.body(text), error);
        return out;
    }
    json::array all;
    for (const auto& one : delivery.differences) {
        if (all.size() == most_differences)
            break;
        all.push_back(json::object{{"field", one.path},
                                   {"before", shown(with, call, one.path, one.expected)},
                                   {"now", shown(with, call, one.path, one.got)}});
    }
    out["left_out"] = delivery.differences.size() - all.size();
    out["differences"] = std::move(all);
    return out;
}

json::object plan_json(const Means& with, const Call& call, const LetterId& letter, const LetterPlan& plan)
{
    json::array deliveries;
    for (const auto& delivery : plan.deliveries)
        deliveries.push_back(delivery_json(with, call, delivery));
    json::object out{{"letter", letter_text(letter.event, letter.delivery)},
                     {"event", letter.event.text()},
                     {"verdict", name_of(plan.verdict)},
                     {"deliveries", std::move(deliveries)}};
    if (plan.failed) {
        const auto& failure = plan.failed->failure;
        out["cause"] = plan.cause;
        out["stage"] = plan.failed->stage;
        out["code"] = failure.code;
        out["detail"] = failure.detail;
        out["where"] = failure.where.document;
        out["config"] = failure.where.config;
    }
    return out;
}

/// Fails as Redis or history does.
Task<LetterPlan> plan(const Means& with, LetterId letter)
{
    auto bytes = co_await stored(with, letter.event);
    if (!bytes)
        co_return std::unexpected(bytes.error());
    if (bytes->empty())
        co_return LetterPlan{.verdict = LetterPlan::Verdict::fails,
                             .failed = FailedAt{"decode",
                                                {FailureClass::permanent,
                                                 "body_missing",
                                                 "neither Redis nor history has this event's body any more",
                                                 {}}},
                             .cause = "body_missing"};
    auto asking = retry::known_event(with.redis, with.scripts, letter.event);
    const auto known = co_await std::move(asking);
    if (!known)
        co_return std::unexpected(known.error());
    std::optional<StoredTransaction> before;
    if (letter.delivery) {
        const auto found = with.history.made(letter_text(letter.event, letter.delivery));
        if (!found)
            co_return std::unexpected(found.error());
        const auto text = stored_text(*found);
        auto read = text ? read_stored_transaction(*text) : Result<StoredTransaction>(std::unexpected(text.error()));
        if (read)
            before = std::move(*read);
    }
    co_return plan_of(letter, std::move(*bytes), before, *known, with.configuration, with.log);
}

}  // namespace

asio::awaitable<net::Response> plan_letters(const Means& with, const Call& call)
{
    const auto asked = asked_page(with, call);
    if (!asked)
        co_return failed(asked.error());
    const auto page = with.history.letters(asked->filter);
    if (!page)
        co_return failed(page.error());
    json::array letters;
    for (const auto& row : page->letters) {
        const auto letter = parse_letter(row.letter);
        if (!letter)
            continue;
        auto planning = plan(with, *letter);
        const auto planned = co_await std::move(planning);
        if (!planned)
            co_return failed(planned.error());
        letters.push_back(plan_json(with, call, *letter, *planned));
    }
    co_return reply(200, json::object{{"letters", std::move(letters)}, {"next", page->next}});
}

asio::awaitable<net::Response> plan_letter(const Means& with, const Call& call)
{
    retry::Letters letters(with.redis, with.scripts);
    const auto found = co_await find_letter(with, letters, call);
    if (!found)
        co_return found.error();
    const LetterId letter{found->event, found->delivery};
    auto planning = plan(with, letter);
    const auto planned = co_await std::move(planning);
    if (!planned)
        co_return failed(planned.error());
    co_return reply(200, plan_json(with, call, letter, *planned));
}

}  // namespace headgate::gateway::api
