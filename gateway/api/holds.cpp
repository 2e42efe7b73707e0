#include <algorithm>
#include <charconv>
#include <expected>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/resources.hpp"
#include "gateway/api/scope.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/systems/progress.hpp"
#include "retry/decisions.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t longest_target = 500;

/// Where a listing goes on: in this page of this partition, after this delivery. A page's rows go by their names, so
/// that one which is decided meanwhile moves no other.
struct HoldCursor {
    Partition partition = 0;
    std::string page;  // retry::waiting's
    std::optional<retry::DeliveryId> after;
};

std::string text_of(const HoldCursor& cursor)
{
    return fmt::format("{}.{}.{}", cursor.partition, cursor.page,
                       cursor.after ? letter_text(cursor.after->event, cursor.after->half) : "");
}

/// Back from `text_of`; the start for "", nothing for what is no cursor.
std::optional<HoldCursor> hold_cursor(std::string_view text)
{
    HoldCursor cursor;
    if (text.empty())
        return cursor;
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

/// What history knows of the event beside it, so that a person finds it at the system.
json::object hold_json(const Means& with, const retry::WaitingDelivery& delivery)
{
    std::string entity, order_number, channel = delivery.channel;
    if (const auto row = with.history.show(delivery.id.event); row && *row) {
        entity = (*row)->entity;
        order_number = (*row)->order_number;
        channel = (*row)->channel;
    }
    const auto& queue =
        queue_of(with.configuration.deployment.queues,
                 {.code = delivery.reason, .channel = channel, .type = delivery.type, .system = delivery.system});
    return {{"hold", letter_text(delivery.id.event, delivery.id.half)},
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
}

About about(const json::object& hold)
{
    return {hold.at("channel").as_string(), hold.at("type").as_string(), hold.at("queue").as_string()};
}

/// A held delivery as it is now, and what a person says of it.
struct Said {
    retry::DeliveryId id;
    Partition partition = 0;
    std::string system;
    std::string state;
    std::string type;
    std::string progress;
    std::uint32_t attempts = 0;
    std::string why;
    std::string target;
};

net::Response no_hold()
{
    return not_found("no such delivery is held; `headgate holds list` names those that are");
}

std::unexpected<net::Response> gone(const Means& with, const retry::DeliveryId& id)
{
    const auto row = with.history.show(id.event);
    if (row && *row)
        return std::unexpected(refuse(409, "hold_changed",
                                      "nothing of that name is held any more: it has been decided or has ended; "
                                      "`headgate events show " +
                                          id.event.text() + "` tells what became of it"));
    return std::unexpected(no_hold());
}

/// What the call says, beside what is stored of the delivery it names.
asio::awaitable<std::expected<Said, net::Response>> read_decision(const Means& with, const Call& call, bool arrived)
{
    const auto id = parse_letter(call.name);
    if (!id || !id->delivery)
        co_return std::unexpected(
            refuse(400, "bad_hold_id", "a held delivery is named EVENT.HALF, as `headgate holds list` prints it"));
    if (const auto none = parameters(call.query, {}); !none)
        co_return std::unexpected(failed(none.error()));
    const auto given =
        arrived ? members(call.body, {"target", "why", "attempts"}) : members(call.body, {"why", "attempts"});
    if (!given)
        co_return std::unexpected(failed(given.error()));
    const auto why = text_member(*given, "why", longest_why);
    const auto target = text_member(*given, "target", longest_target);
    if (!why || !target)
        co_return std::unexpected(failed(why ? target.error() : why.error()));

    Said said;
    said.id = {id->event, *id->delivery};
    said.why = *why;
    said.target = *target;
    std::vector<std::string> get{"HMGET",   "hg:d:" + said.id.raw(), "p", "system", "state", "attempts", "type",
                                 "progress"};
    const auto stored = co_await with.redis.command(std::move(get));
    if (!stored)
        co_return std::unexpected(failed(stored.error()));
    const auto theirs = co_await may_see_hold(with, call.caller, said.id);
    if (!theirs)
        co_return std::unexpected(failed(theirs.error()));
    if (!*theirs)
        co_return std::unexpected(no_hold());
    if (!stored->is_list(6) || stored->list[2].is_nil())
        co_return gone(with, said.id);
    const auto number = [&](std::size_t field, auto& out) {
        const auto& text = stored->list[field].text;
        std::from_chars(text.data(), text.data() + text.size(), out);
    };
    number(0, said.partition);
    said.system = stored->list[1].text;
    said.state = stored->list[2].text;
    number(3, said.attempts);
    said.type = stored->list[4].text;
    said.progress = stored->list[5].text;
    if (const auto* seen = given->if_contains("attempts"); seen != nullptr) {
        boost::system::error_code error;
        const auto attempts = seen->is_number() ? seen->to_number<std::uint32_t>(error) : 0;
        if (!seen->is_number() || error)
            co_return std::unexpected(refuse(400, "bad_body", "`attempts` is the number that was seen"));
        said.attempts = attempts;
    }
    co_return said;
}

/// For history: who said what, and why.
std::string frame_of(const Said& said, bool arrived, std::string_view who)
{
    json::object delivery{{"system", said.system}, {"outcome", "retry"}};
    if (!said.target.empty())
        delivery["target"] = said.target;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    json::object frame{
        {"finished", now.time_since_epoch().count()}, {"reason", arrived ? "arrived" : "not_arrived"}, {"who", who}};
    if (!said.why.empty())
        frame["why"] = said.why;
    frame["delivery"] = std::move(delivery);
    return json::serialize(frame);
}

net::Response changed(const Said& said, const retry::Decided& decided)
{
    const auto state = decided.state ? std::string(retry::name_of(*decided.state)) : said.state;
    return refuse(409, "hold_changed",
                  state == "hold" ? "it was tried again since you looked: look at the system once more"
                                  : "it is not held any more: it is " + state + " now");
}

/// What a person's word adds to how far it has come: the doubtful step is done, and the system calls it this. Of an
/// owner that was lost, the steps behind it may have been sent as well.
std::expected<Progress, net::Response> progress_of(const Means& with, const Said& said)
{
    const auto system = with.configuration.systems.find(said.system);
    const auto* requests = system == with.configuration.systems.end() ? nullptr : &system->second->requests;
    const auto request = requests == nullptr ? decltype(requests->end()){} : requests->find(said.type);
    if (requests == nullptr || request == requests->end())
        return std::unexpected(refuse(409, "no_request",
                                      "no request of " + said.system + " applies to " + said.type +
                                          " any more, so nobody knows which step arrived; put it back"));
    Progress progress = Progress::read(said.progress);
    const auto steps = request->second.steps();
    const auto doubtful = std::ranges::find_if(steps, [&](const auto& step) {
        return progress.maybe.empty() ? step.repeat == mapping::Repeat::never && !progress.captured.contains(step.id)
                                      : step.id == progress.maybe;
    });
    if (doubtful == steps.end())
        return std::unexpected(refuse(409, "no_request",
                                      "the request of " + said.system + " for " + said.type +
                                          " has changed, so nobody knows which step arrived; put it back"));
    if (said.target.empty() && !doubtful->captures.empty() && std::next(doubtful) != steps.end())
        return std::unexpected(refuse(400, "target_missing",
                                      "steps behind `" + doubtful->id + "` are sent now and may need its `" +
                                          doubtful->captures.front() + "`: say what the system calls it (`--target`)"));
    json::object captures;
    if (!said.target.empty() && !doubtful->captures.empty())
        captures[doubtful->captures.front()] = said.target;
    progress.captured[doubtful->id] = json::serialize(captures);
    progress.maybe.clear();
    progress.misses = 0;
    return progress;
}

asio::awaitable<net::Response> decide(const Means& with, const Call& call, bool arrived)
{
    const auto said = co_await read_decision(with, call, arrived);
    if (!said)
        co_return said.error();
    retry::Decision decision;
    decision.delivery = said->id;
    decision.attempts = said->attempts;
    decision.verdict = arrived ? retry::Decision::Verdict::arrived : retry::Decision::Verdict::not_arrived;
    decision.reason = arrived ? "arrived" : "not_arrived";
    decision.frame = frame_of(*said, arrived, call.caller.name);
    if (said->state != retry::name_of(retry::DeliveryState::hold))
        co_return changed(*said, {});
    if (arrived) {
        const auto progress = progress_of(with, *said);
        if (!progress)
            co_return progress.error();
        decision.progress = progress->text();
        decision.maybe = progress->lost;
    }
    retry::Decisions decisions(with.redis, with.scripts);
    const auto decided = co_await decisions.decide(std::move(decision));

    std::vector<retry::DeliveryAt> touched{{said->partition, said->id}};
    if (!decided) {
        if (decided.error().failure_class == FailureClass::unknown_outcome)
            with.owner.ready(std::move(touched));
        co_return failed(decided.error());
    }
    switch (decided->answer) {
    case retry::Decided::Answer::gone: co_return gone(with, said->id).error();
    case retry::Decided::Answer::changed: co_return changed(*said, *decided);
    case retry::Decided::Answer::refused:
        co_return refuse(409, "hold_refused", "it was surely not sent, so there is nothing to say of its arrival");
    case retry::Decided::Answer::done: break;
    }
    if (decided->next)
        touched.push_back(*decided->next);
    with.owner.ready(std::move(touched));  // and so history hears of it
    const auto name = letter_text(said->id.event, said->id.half);
    with.log.info("a held delivery was decided", observability::LogLine{}
                                                     .field("hold", name)
                                                     .field("system", said->system)
                                                     .field("verdict", arrived ? "arrived" : "not_arrived")
                                                     .optional("target", said->target)
                                                     .optional("why", said->why)
                                                     .field("who", call.caller.name));
    co_return reply(200, json::object{{"hold", name},
                                      {"event", said->id.event.text()},
                                      {"system", said->system},
                                      {"verdict", arrived ? "arrived" : "not_arrived"},
                                      {"state", decided->state ? retry::name_of(*decided->state) : ""}});
}

}  // namespace

asio::awaitable<net::Response> list_holds(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"cursor", "limit"});
    if (!given)
        co_return failed(given.error());
    const auto limit = limit_of(*given, 100);
    if (!limit)
        co_return failed(limit.error());
    auto cursor = hold_cursor((*given)["cursor"]);
    if (!cursor)
        co_return failed({FailureClass::permanent, "bad_cursor", "this is no cursor of a page of held deliveries", {}});
    json::array rows;
    while (cursor) {
        std::string of_no_system;
        auto at = cursor->page;
        auto page = co_await retry::waiting(with.redis, with.scripts, cursor->partition, retry::DeliveryState::hold,
                                            std::move(of_no_system), std::move(at));
        if (!page)
            co_return failed(page.error());
        std::ranges::sort(page->deliveries, {}, &retry::WaitingDelivery::id);
        for (const auto& delivery : page->deliveries) {
            if (cursor->after && delivery.id <= *cursor->after)
                continue;
            if (rows.size() == *limit)
                co_return reply(200, json::object{{"holds", std::move(rows)}, {"next", text_of(*cursor)}});
            cursor->after = delivery.id;
            auto row = hold_json(with, delivery);
            if (call.caller.may_see(about(row)))
                rows.push_back(std::move(row));
        }
        if (!page->next.empty())
            cursor = HoldCursor{cursor->partition, page->next, {}};
        else if (cursor->partition + 1 < partition_count)
            cursor = HoldCursor{static_cast<Partition>(cursor->partition + 1), {}, {}};
        else
            cursor.reset();
    }
    co_return reply(200, json::object{{"holds", std::move(rows)}, {"next", ""}});
}

asio::awaitable<net::Response> hold_arrived(const Means& with, const Call& call)
{
    co_return co_await decide(with, call, true);
}

asio::awaitable<net::Response> hold_not_arrived(const Means& with, const Call& call)
{
    co_return co_await decide(with, call, false);
}

}  // namespace headgate::gateway::api
