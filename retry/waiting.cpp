#include "retry/waiting.hpp"

#include <algorithm>
#include <memory>

#include "net/redis/wait_for.hpp"
#include "retry/integers.hpp"
#include "retry/keys.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> raw_of(std::string_view bytes)
{
    std::array<std::uint8_t, N> array{};
    if (bytes.size() != N)
        return {};
    std::ranges::copy(bytes, array.begin());
    return array;
}

/// Fields "ok:RULE": the content, and behind it what is kept of the approval.
std::map<std::string, Digest, std::less<>> approved_of(const net::Reply& fields)
{
    constexpr std::string_view prefix = "ok:";
    std::map<std::string, Digest, std::less<>> approved;
    for (std::size_t i = 0; i + 1 < fields.list.size(); i += 2) {
        const std::string_view name = fields.list[i].text;
        if (!name.starts_with(prefix))
            continue;
        if (const auto content = raw_of<32>(std::string_view(fields.list[i + 1].text).substr(0, 32)))
            approved.emplace(name.substr(prefix.size()), *content);
    }
    return approved;
}

std::optional<WaitingDelivery> waiting_of(DeliveryState state, std::span<const net::Reply> values)
{
    const auto& fields = values[2];
    auto text = [&](std::string_view name) { return field_of(fields, name).value_or(""); };
    auto instant = [](std::string_view value) {
        return Millis(std::chrono::milliseconds(number_of<std::int64_t>(value).value_or(0)));
    };
    auto id = delivery_of(values[0].text);
    auto lane = raw_of<16>(text("lane"));
    auto effect = raw_of<32>(text("effect"));
    if (!id || !lane || !effect)
        return {};

    WaitingDelivery delivery;
    delivery.id = *id;
    delivery.state = state;
    delivery.slot = text("slot");
    delivery.system = text("system");
    delivery.lane = *lane;
    delivery.channel = text("channel");
    delivery.type = text("type");
    delivery.order = order_of(text("order")).value_or(Order::latest);
    delivery.place = number_of<std::uint16_t>(text("n")).value_or(0);
    delivery.seq = number_of<std::uint64_t>(text("seq")).value_or(0);
    delivery.attempts = number_of<std::uint32_t>(text("attempts")).value_or(0);
    delivery.maybe = text("maybe") == "1";
    delivery.first = instant(text("first"));
    if (state != DeliveryState::ready && state != DeliveryState::lane)
        delivery.at = instant(values[1].text);
    delivery.reason = text("reason");
    delivery.failure_class = failure_class_of(text("class"));
    delivery.missing = raw_of<16>(text("pk"));
    delivery.what = text("what");
    delivery.progress = text("progress");
    delivery.effect = *effect;
    delivery.terms = text("terms");
    delivery.rule = text("rule");
    delivery.content = raw_of<32>(text("content")).value_or(Digest{});
    delivery.escalated = text("escalated") == "1";
    delivery.approved = approved_of(fields);
    return delivery;
}

Task<bool> exists(net::Redis& redis, std::string key)
{
    std::vector<std::string> ask{"EXISTS", std::move(key)};
    auto reply = co_await redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    co_return reply->integer == 1;
}

}  // namespace

Task<WaitingPage> waiting(net::Redis& redis, const Scripts& scripts, Partition partition, DeliveryState state,
                          std::string system, std::string cursor)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::to_string(partition), std::string(name_of(state)), std::move(system),
                                  std::move(cursor), "128"};
    auto reply = co_await redis.eval(scripts.waiting, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (reply->list.size() % 3 != 1)
        co_return odd_reply("waiting");
    WaitingPage page;
    page.next = reply->list[0].text;
    for (std::size_t i = 1; i < reply->list.size(); i += 3) {
        auto delivery = waiting_of(state, std::span(reply->list).subspan(i, 3));
        if (!delivery)
            continue;  // a name without its record: `verify` tells of it, and the others are not held up
        page.deliveries.push_back(std::move(*delivery));
    }
    co_return page;
}

Task<NextDeliveries> next_deliveries(net::Redis& redis, const Scripts& scripts, Partition partition, std::string system,
                                     Millis now, std::size_t count)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::to_string(partition), std::move(system), milliseconds(now),
                                  std::to_string(count)};
    auto reply = co_await redis.eval(scripts.next, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (reply->list.size() % 4 != 3)
        co_return odd_reply("next");
    NextDeliveries next;
    next.ready = static_cast<std::uint64_t>(reply->list[0].integer);
    next.due = static_cast<std::uint64_t>(reply->list[1].integer);
    if (const auto later = number_of<std::int64_t>(reply->list[2].text))
        next.next_due = Millis(std::chrono::milliseconds(*later));
    for (std::size_t i = 3; i < reply->list.size(); i += 4) {
        const auto state = delivery_state(reply->list[i].text);
        auto delivery = state ? waiting_of(*state, std::span(reply->list).subspan(i + 1, 3)) : std::nullopt;
        if (delivery)
            next.deliveries.push_back(std::move(*delivery));
    }
    co_return next;
}

Task<OverdueDeliveries> overdue_deliveries(net::Redis& redis, const Scripts& scripts, Partition partition, Millis now,
                                           std::size_t count, DeliveryState state, std::size_t behind)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::to_string(partition), std::string(name_of(state)), milliseconds(now),
                                  std::to_string(count), std::to_string(behind)};
    auto reply = co_await redis.eval(scripts.overdue, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (reply->list.size() % 3 != 2)
        co_return odd_reply("overdue");
    OverdueDeliveries overdue;
    if (const auto next = number_of<std::int64_t>(reply->list[0].text))
        overdue.next = Millis(std::chrono::milliseconds(*next));
    overdue.looked_at = static_cast<std::size_t>(reply->list[1].integer);
    for (std::size_t i = 2; i < reply->list.size(); i += 3)
        if (auto delivery = waiting_of(state, std::span(reply->list).subspan(i, 3)))
            overdue.deliveries.push_back(std::move(*delivery));
    co_return overdue;
}

Task<std::optional<WaitingDelivery>> held_delivery(net::Redis& redis, DeliveryId id)
{
    const auto raw = id.raw();
    std::vector<std::string> get{"HGETALL", "hg:d:" + raw};
    auto fields = co_await redis.command(std::move(get));
    if (!fields)
        co_return std::unexpected(std::move(fields.error()));
    if (field_of(*fields, "state") != name_of(DeliveryState::hold))
        co_return std::nullopt;
    std::vector<std::string> ask{"HGET", event_key("e", id.event), "channel"};
    auto channel = co_await redis.command(std::move(ask));
    if (!channel)
        co_return std::unexpected(std::move(channel.error()));
    std::array<net::Reply, 3> values;
    values[0].text = raw;
    values[1].text = field_of(*fields, "due").value_or("");
    values[2] = std::move(*fields);
    values[2].list.emplace_back().text = "channel";
    values[2].list.push_back(std::move(*channel));
    co_return waiting_of(DeliveryState::hold, values);
}

Task<std::vector<std::string>> put_back_by(net::Redis& redis, EventId event)
{
    std::vector<std::string> get{"HGET", event_key("e", event), "by"};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    std::vector<std::string> names;
    for (std::string_view rest = reply->text; !rest.empty();) {
        const auto end = rest.find('\n');
        names.emplace_back(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    co_return names;
}

Task<std::uint64_t> escalated_count(net::Redis& redis)
{
    std::vector<std::string> count{"SCARD", "hg:escalated"};
    auto reply = co_await redis.command(std::move(count));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    co_return static_cast<std::uint64_t>(reply->integer);
}

Task<std::vector<Behind>> waiting_behind(net::Redis& redis, const Scripts& scripts, std::vector<Hash16> lanes,
                                         std::size_t most)
{
    constexpr std::size_t at_once = 128;
    std::vector<Behind> behind;
    for (std::size_t first = 0; first < lanes.size(); first += at_once) {
        std::vector<std::string> keys;
        std::vector<std::string> args{std::to_string(most)};
        for (std::size_t i = first; i < std::min(first + at_once, lanes.size()); ++i)
            args.emplace_back(view(lanes[i]));
        const auto asked = args.size() - 1;
        auto reply = co_await redis.eval(scripts.behind, std::move(keys), std::move(args));
        if (!reply)
            co_return std::unexpected(std::move(reply.error()));
        if (!reply->is_list(2 * asked))
            co_return odd_reply("behind");
        for (std::size_t i = 0; i < reply->list.size(); i += 2) {
            Behind& one = behind.emplace_back();
            one.count = static_cast<std::uint64_t>(reply->list[i].integer);
            for (std::string_view rest = reply->list[i + 1].text; rest.size() >= 32; rest.remove_prefix(32))
                if (const auto id = delivery_of(rest.substr(0, 32)))
                    one.oldest.push_back(*id);
        }
    }
    co_return behind;
}

Task<std::vector<MissingThing>> missing_things(net::Redis& redis)
{
    std::vector<std::string> get{"HGETALL", "hg:work"};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    std::vector<MissingThing> things;
    std::vector<std::vector<std::string>> questions;
    for (std::size_t i = 0; i + 1 < reply->list.size(); i += 2) {
        const auto key = raw_of<16>(reply->list[i].text);
        if (!key)
            co_return odd_reply("HGETALL");
        things.push_back({*key, std::move(reply->list[i + 1].text), 0});
        questions.push_back({"SCARD", std::string("hg:pk:").append(view(*key))});
    }
    auto counts = co_await integers(redis, std::move(questions));
    if (!counts)
        co_return std::unexpected(std::move(counts.error()));
    for (std::size_t i = 0; i < things.size(); ++i)
        things[i].waiting = static_cast<std::uint64_t>((*counts)[i]);
    co_return things;
}

Task<std::vector<bool>> have_come(net::Redis& redis, std::vector<Come> come)
{
    std::vector<std::vector<std::string>> questions;
    for (const auto& one : come)
        questions.push_back(one.field.empty() ? std::vector<std::string>{"EXISTS", one.key}
                                              : std::vector<std::string>{"HEXISTS", one.key, one.field});
    auto answers = co_await integers(redis, std::move(questions));
    if (!answers)
        co_return std::unexpected(std::move(answers.error()));
    std::vector<bool> so;
    for (std::size_t i = 0; i < come.size(); ++i)
        so.push_back(((*answers)[i] == 1) == come[i].there);
    co_return so;
}

Task<KnownEvent> known_event(net::Redis& redis, const Scripts& scripts, EventId event)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::string(view(event.bytes()))};
    auto reply = co_await redis.eval(scripts.known, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    constexpr std::size_t head = 4, each = 5;
    if (reply->list.size() < head || (reply->list.size() - head) % each != 0)
        co_return odd_reply("known");
    KnownEvent known;
    known.round = static_cast<std::uint32_t>(reply->list[0].integer);
    known.maybe_sent = reply->list[1].text == "1";
    known.terms = std::move(reply->list[2].text);
    known.made = std::move(reply->list[3].text);
    for (std::size_t i = head; i < reply->list.size(); i += each) {
        const auto half = raw_of<16>(reply->list[i].text);
        const auto state = delivery_state(reply->list[i + 1].text);
        if (!half || !state)
            co_return odd_reply("known");
        known.deliveries.push_back({*half, *state, static_cast<std::uint32_t>(reply->list[i + 2].integer),
                                    reply->list[i + 3].text == "1", std::move(reply->list[i + 4].text)});
    }
    co_return known;
}

Task<std::vector<std::string>> systems_with_lanes(net::Redis& redis)
{
    std::vector<std::string> get{"HKEYS", "hg:lanes"};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    std::vector<std::string> systems;
    for (auto& name : reply->list)
        systems.push_back(std::move(name.text));
    co_return systems;
}

Task<std::map<std::string, std::int64_t>> waiting_by_channel(net::Redis& redis)
{
    std::vector<std::string> get{"HGETALL", "hg:waiting"};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    std::map<std::string, std::int64_t> waiting;
    for (std::size_t i = 0; i + 1 < reply->list.size(); i += 2) {
        const auto events = number_of<std::int64_t>(reply->list[i + 1].text);
        if (!events)
            co_return odd_reply("HGETALL");
        waiting.emplace(std::move(reply->list[i].text), *events);
    }
    co_return waiting;
}

Task<bool> anything_parked(net::Redis& redis)
{
    auto asked = exists(redis, "hg:work");
    co_return co_await std::move(asked);
}

Task<bool> lane_is_taken(net::Redis& redis, Hash16 lane)
{
    auto asked = exists(redis, std::string("hg:blk:").append(view(lane)));
    co_return co_await std::move(asked);
}

Task<OpenPage> open_events(net::Redis& redis, Partition partition, std::string cursor)
{
    std::vector<std::string> scan{"HSCAN", partition_key("open", partition), cursor.empty() ? "0" : std::move(cursor),
                                  "COUNT", "128"};
    auto reply = co_await redis.command(std::move(scan));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (!reply->is_list(2))
        co_return odd_reply("HSCAN");
    OpenPage page;
    page.next = reply->list[0].text == "0" ? "" : reply->list[0].text;
    std::vector<EventId> events;
    std::vector<std::vector<std::string>> questions;
    for (std::size_t i = 0; i < reply->list[1].list.size(); i += 2)
        if (const auto event = event_of(reply->list[1].list[i].text)) {
            events.push_back(*event);
            questions.push_back({"EXISTS", event_key("b", *event)});
        }
    auto there = co_await integers(redis, std::move(questions));
    if (!there)
        co_return std::unexpected(std::move(there.error()));
    for (std::size_t i = 0; i < events.size(); ++i)
        if ((*there)[i] == 1)
            page.resident.push_back(events[i]);
    co_return page;
}

Task<std::vector<std::vector<std::string>>> placed_systems(net::Redis& redis)
{
    using All = Result<std::vector<std::vector<std::string>>>;
    auto start = [&redis](std::move_only_function<void(All)> done) {
        struct Answers {
            All all = std::vector<std::vector<std::string>>(partition_count);
            int missing = partition_count;
            std::move_only_function<void(All)> done;
        };
        auto answers = std::make_shared<Answers>();
        answers->done = std::move(done);
        for (int p = 0; p < partition_count; ++p) {
            const auto key = partition_key("sys", static_cast<Partition>(p));
            std::string_view get[]{"SMEMBERS", key};
            redis.send(get, [answers, p](Result<net::Reply> reply) {
                if (!reply)
                    answers->all = std::unexpected(std::move(reply.error()));
                for (std::size_t i = 0; reply && answers->all && i < reply->list.size(); ++i)
                    (*answers->all)[static_cast<std::size_t>(p)].push_back(std::move(reply->list[i].text));
                if (reply && answers->all)  // Redis's own order differs from server to server
                    std::ranges::sort((*answers->all)[static_cast<std::size_t>(p)]);
                if (--answers->missing == 0)
                    answers->done(std::move(answers->all));
            });
        }
    };
    auto waiting = net::wait_for<All>(std::move(start));
    co_return co_await std::move(waiting);
}

}  // namespace headgate::retry
