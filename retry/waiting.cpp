#include "retry/waiting.hpp"

#include <algorithm>

#include "retry/keys.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

Order order_of(std::string_view name)
{
    return name == "sequence" ? Order::sequence : name == "free" ? Order::free : Order::latest;
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> raw_of(std::string_view bytes)
{
    std::array<std::uint8_t, N> array{};
    if (bytes.size() != N)
        return {};
    std::ranges::copy(bytes, array.begin());
    return array;
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
    delivery.type = text("type");
    delivery.order = order_of(text("order"));
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
    delivery.effect = *effect;
    return delivery;
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

Task<std::vector<std::string>> placed_systems(net::Redis& redis, Partition partition)
{
    std::vector<std::string> get{"SMEMBERS", partition_key("sys", partition)};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    std::vector<std::string> systems;
    for (auto& name : reply->list)
        systems.push_back(std::move(name.text));
    co_return systems;
}

}  // namespace headgate::retry
