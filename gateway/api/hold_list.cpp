#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/held.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/approvals.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/working_out.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t most_behind = 20;  // events that are named

/// Where a listing goes on: in this page of this partition, after this delivery. A page's rows go by their names, so
/// that one which is decided meanwhile moves no other. What was not decided in time comes first: all of Redis is walked
/// once for them, and once for the others.
struct HoldCursor {
    bool escalated = true;
    Partition partition = 0;
    std::string page;  // retry::waiting's
    std::optional<retry::DeliveryId> after;
};

std::string cursor_text(const HoldCursor& cursor)
{
    return fmt::format("{}{}.{}.{}", cursor.escalated ? "e" : "", cursor.partition, cursor.page,
                       cursor.after ? letter_text(cursor.after->event, cursor.after->half) : "");
}

/// Back from `text_of`; nothing for what is no cursor.
std::optional<HoldCursor> hold_cursor(std::string_view text)
{
    HoldCursor cursor;
    cursor.escalated = text.starts_with('e');
    if (cursor.escalated)
        text.remove_prefix(1);
    const auto first = text.find('.');
    const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
    if (second == std::string_view::npos)
        return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + first, cursor.partition);
    if (error != std::errc{} || end != text.data() + first || cursor.partition >= partition_count)
        return std::nullopt;
    cursor.page = text.substr(first + 1, second - first - 1);
    if (cursor.page.size() > 20 || cursor.page.find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    if (second + 1 == text.size())
        return cursor;
    const auto after = parse_letter(text.substr(second + 1));
    if (!after || !after->delivery)
        return std::nullopt;
    cursor.after = retry::DeliveryId{after->event, *after->delivery};
    return cursor;
}

/// The page behind; nothing at the end.
std::optional<HoldCursor> behind(const HoldCursor& cursor, std::string page)
{
    if (!page.empty())
        return HoldCursor{cursor.escalated, cursor.partition, std::move(page), {}};
    if (cursor.partition + 1 < partition_count)
        return HoldCursor{cursor.escalated, static_cast<Partition>(cursor.partition + 1), {}, {}};
    return cursor.escalated ? std::optional(HoldCursor{false, 0, {}, {}}) : std::nullopt;
}

WaitsFor waits_for(const retry::WaitingDelivery& delivery, std::string_view channel)
{
    return {.code = delivery.reason, .channel = channel, .type = delivery.type, .system = delivery.system};
}

const QueueConfig& queue_of_hold(const Means& with, const retry::WaitingDelivery& delivery, std::string_view channel)
{
    const auto what = waits_for(delivery, channel);
    return delivery.rule.empty() ? queue_of(with.configuration.deployment.queues, what)
                                 : queue_of_rule(with.configuration, delivery.rule, what);
}

/// What history knows of the event beside it, so that a person finds it at the system.
json::object hold_json(const Means& with, const retry::WaitingDelivery& delivery)
{
    std::string entity, order_number, channel = delivery.channel;
    if (const auto row = with.history.show(delivery.id.event); row && *row) {
        entity = (*row)->entity;
        order_number = (*row)->order_number;
        channel = (*row)->channel;
    }
    const auto& queue = queue_of_hold(with, delivery, channel);
    json::object out{{"hold", letter_text(delivery.id.event, delivery.id.half)},
                     {"event", delivery.id.event.text()},
                     {"system", delivery.system},
                     {"type", delivery.type},
                     {"slot", delivery.slot},
                     {"channel", channel},
                     {"entity", entity},
                     {"order_number", order_number},
                     {"key", to_hex(delivery.effect)},
                     {"reason", delivery.reason},
                     {"detail", delivery.what},
                     {"attempts", delivery.attempts},
                     {"maybe", delivery.maybe},
                     {"queue", queue.name},
                     {"owner", queue.owner},
                     {"since", time_text(delivery.first)},
                     {"due", time_text(delivery.at)}};
    if (delivery.rule.empty())
        return out;
    const auto& approve = approve_of(with.configuration, delivery.rule);
    out["rule"] = delivery.rule;
    out["role"] = name_of(approve.role);
    out["four_eyes"] = approve.four_eyes;
    out["escalated"] = delivery.escalated;
    out["content"] = to_hex(delivery.content);
    return out;
}

About about(const json::object& hold)
{
    return {hold.at("channel").as_string(), hold.at("type").as_string(), hold.at("queue").as_string()};
}

json::object behind_json(const retry::Behind& behind)
{
    json::array events;
    std::set<EventId> told;
    for (const auto& id : behind.oldest)
        if (told.insert(id.event).second)
            events.emplace_back(id.event.text());
    return {{"count", behind.count}, {"events", std::move(events)}};
}

/// A page of rows with what waits behind each.
asio::awaitable<net::Response> page_of(const Means& with, json::array rows, std::vector<Hash16> lanes, std::string next)
{
    if (!lanes.empty()) {
        const auto waiting = co_await retry::waiting_behind(with.redis, with.scripts, std::move(lanes), most_behind);
        if (!waiting)
            co_return failed(waiting.error());
        for (std::size_t i = 0; i < rows.size(); ++i)
            rows[i].as_object()["behind"] = behind_json((*waiting)[i]);
    }
    co_return reply(200, json::object{{"holds", std::move(rows)}, {"next", std::move(next)}});
}

/// What would be sent now, masked unless the call has it revealed; the mapping may have been mended since the rule
/// asked.
Task<void> put_transaction(const Means& with, const Call& call, const retry::WaitingDelivery& held, json::object& out)
{
    auto bytes = co_await stored(with, held.id.event);
    if (!bytes)
        co_return std::unexpected(bytes.error());
    if (bytes->empty())
        co_return Result<void>();
    const auto job = make_again(held.id, 0, held.seq, std::move(*bytes), read_replay_terms(held.terms),
                                with.configuration, with.log);
    if (!job) {
        out["not_mapped"] = job.error().failure.code;
        co_return Result<void>();
    }
    const auto& transaction = (*job)->attempts.front()->delivery.transaction;
    boost::system::error_code error;
    auto parsed = json::parse(call.reveal ? transaction.json : with.mask.body(transaction.json), error);
    if (!error)
        out["transaction"] = std::move(parsed);
    if (!held.rule.empty())
        out["changed"] = content_of(transaction) != held.content;
    (*job)->let_go();
    co_return Result<void>();
}

}  // namespace

asio::awaitable<net::Response> list_holds(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"cursor", "limit", "queue"});
    if (!given)
        co_return failed(given.error());
    const auto limit = limit_of(*given, 100);
    if (!limit)
        co_return failed(limit.error());
    std::optional<HoldCursor> cursor = HoldCursor{};
    if (const auto& text = (*given)["cursor"]; !text.empty())
        cursor = hold_cursor(text);
    if (!cursor)
        co_return failed({FailureClass::permanent, "bad_cursor", "this is no cursor of a page of held deliveries", {}});
    if ((*given)["cursor"].empty()) {
        const auto escalated = co_await retry::escalated_count(with.redis);
        if (!escalated)
            co_return failed(escalated.error());
        cursor->escalated = *escalated > 0;
    }
    const auto& queue = (*given)["queue"];
    json::array rows;
    std::vector<Hash16> lanes;
    while (cursor) {
        std::string of_no_system;
        auto at = cursor->page;
        auto page = co_await retry::waiting(with.redis, with.scripts, cursor->partition, retry::DeliveryState::hold,
                                            std::move(of_no_system), std::move(at));
        if (!page)
            co_return failed(page.error());
        std::ranges::sort(page->deliveries, {}, &retry::WaitingDelivery::id);
        for (const auto& delivery : page->deliveries) {
            if ((cursor->after && delivery.id <= *cursor->after) || delivery.escalated != cursor->escalated)
                continue;
            if (!queue.empty() && queue_of_hold(with, delivery, delivery.channel).name != queue)
                continue;
            if (rows.size() == *limit) {
                auto next = cursor_text(*cursor);
                co_return co_await page_of(with, std::move(rows), std::move(lanes), std::move(next));
            }
            cursor->after = delivery.id;
            auto row = hold_json(with, delivery);
            if (!call.caller.may_see(about(row)))
                continue;
            rows.push_back(std::move(row));
            lanes.push_back(delivery.lane);
        }
        cursor = behind(*cursor, std::move(page->next));
    }
    std::string no_more;
    co_return co_await page_of(with, std::move(rows), std::move(lanes), std::move(no_more));
}

asio::awaitable<net::Response> show_hold(const Means& with, const Call& call)
{
    const auto id = co_await hold_of(with, call);
    if (!id)
        co_return id.error();
    const auto held = co_await retry::held_delivery(with.redis, *id);
    if (!held)
        co_return failed(held.error());
    if (!*held)
        co_return no_hold(with, *id);
    const auto& delivery = **held;
    auto out = hold_json(with, delivery);
    const auto names = co_await retry::put_back_by(with.redis, delivery.id.event);
    if (!names)
        co_return failed(names.error());
    out["put_back_by"] = json::array(names->begin(), names->end());
    std::vector<Hash16> lanes{delivery.lane};
    const auto waiting = co_await retry::waiting_behind(with.redis, with.scripts, std::move(lanes), most_behind);
    if (!waiting)
        co_return failed(waiting.error());
    out["behind"] = behind_json(waiting->front());
    if (call.caller.role >= Role::operator_) {
        const auto put = co_await put_transaction(with, call, delivery, out);
        if (!put)
            co_return failed(put.error());
    }
    co_return reply(200, out);
}

}  // namespace headgate::gateway::api
