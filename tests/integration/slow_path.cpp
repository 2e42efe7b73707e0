#include "slow_path.hpp"

namespace headgate::test {

Slot slot_of(std::uint64_t number)
{
    return {"orders", std::to_string(number)};
}

retry::DeliveryId id_of(std::uint64_t event, std::uint64_t slot, const std::string& system)
{
    return retry::DeliveryId::of(event_of(event), slot_of(slot), system);
}

Hash16 lane_of(const std::string& entity, const std::string& system)
{
    return retry::lane_hash(system, "shop", entity);
}

Hash16 missing_of(const std::string& what)
{
    return hash16({"missing", what});
}

retry::Telling telling_of(const std::string& missing)
{
    retry::Telling telling;
    telling.at = at_ms(1'800'000'000'000);
    telling.reason = "http_503";
    telling.failure_class = FailureClass::transient;
    telling.missing = missing_of(missing);
    telling.what = missing;
    telling.target_id = "T-1";
    telling.letter = burial_of(0, 0).letter;
    telling.letter->stage = "deliver";
    return telling;
}

retry::NewDelivery delivery_as(retry::DeliveryState state, const std::string& entity, std::uint64_t slot,
                               const std::string& system)
{
    retry::NewDelivery delivery;
    delivery.slot = slot_of(slot);
    delivery.system = system;
    delivery.lane = lane_of(entity, system);
    delivery.type = "sales_order";
    delivery.place = static_cast<std::uint16_t>(slot);
    delivery.first = at_ms(1'700'000'000'000);
    delivery.effect = EffectKey("shop", "orders", entity, delivery.slot, system).bytes();
    delivery.state = state;
    delivery.telling = telling_of();
    return delivery;
}

retry::Placement placement_of(std::uint64_t event, std::uint64_t seq, std::vector<retry::NewDelivery> deliveries,
                              Partition partition)
{
    retry::Placement placement;
    placement.partition = partition;
    placement.event = event_of(event);
    placement.seq = seq;
    placement.config = 7;
    placement.channel = channel_of(event);
    placement.worst = FailureClass::transient;
    placement.frame = "placed";
    placement.frame_of_replaced = "replaced";
    placement.deliveries = std::move(deliveries);
    return placement;
}

void SlowPathTest::SetUp()
{
    StoreTest::SetUp();
    deliveries_.emplace(*redis_, scripts_, *lease_);
    decisions_.emplace(*redis_, scripts_);
    references_.emplace(*redis_, scripts_);
}

std::uint64_t SlowPathTest::placed(std::uint64_t event, std::vector<retry::NewDelivery> deliveries, Partition partition)
{
    auto seq = accept(item_of(event, event, partition))->seq;
    auto answer = place(placement_of(event, seq, std::move(deliveries), partition));
    EXPECT_TRUE(answer) << answer.error().code << " " << answer.error().detail;
    return seq;
}

retry::Placed SlowPathTest::place_next(std::uint64_t event, std::vector<retry::NewDelivery> deliveries,
                                       Partition partition)
{
    auto seq = accept(item_of(event, event, partition))->seq;
    auto answer = place(placement_of(event, seq, std::move(deliveries), partition));
    EXPECT_TRUE(answer) << answer.error().code << " " << answer.error().detail;
    return answer.value_or(retry::Placed{});
}

Result<retry::Resolved> SlowPathTest::resolve(retry::DeliveryId id, retry::Outcome outcome, std::uint32_t attempts,
                                              retry::Telling telling, Partition partition)
{
    retry::Resolution resolution;
    resolution.partition = partition;
    resolution.delivery = id;
    resolution.attempts = attempts;
    resolution.outcome = outcome;
    resolution.telling = std::move(telling);
    resolution.frame = "resolved";
    return resolve(std::move(resolution));
}

std::string SlowPathTest::field_of_delivery(retry::DeliveryId id, const std::string& field)
{
    auto reply = command({"HGET", "hg:d:" + id.raw(), field});
    return reply->is_nil() ? "none" : reply->text;
}

std::uint64_t SlowPathTest::spill(retry::Spilling::What what, std::vector<std::uint64_t> events, Partition partition)
{
    retry::Spilling spilling{what, {}};
    for (const auto event : events)
        spilling.events.emplace_back(partition, event_of(event));
    return loop_.await(deliveries_->spill(std::move(spilling))).value();
}

void SlowPathTest::edit(std::uint64_t event)
{
    const auto answer = loop_.await(letters_->edit({.event = event_of(event),
                                                    .delivery = {},
                                                    .round = 0,
                                                    .edits_before = 0,
                                                    .edits = 1,
                                                    .envelope = edited_envelope,
                                                    .frame = "frame",
                                                    .who = "ann"}));
    ASSERT_TRUE(answer);
    ASSERT_EQ(*answer, retry::Discarded::Answer::done);
}

std::string SlowPathTest::owner_of(const std::string& entity, const std::string& system)
{
    auto reply = command({"GET", "hg:blk:" + std::string(view(lane_of(entity, system)))});
    return reply->text.substr(0, 32);
}

std::string SlowPathTest::lanes_counted(const std::string& system)
{
    auto reply = command({"HGET", "hg:lanes", system});
    return reply->is_nil() ? "none" : reply->text;
}

std::string SlowPathTest::said_of(const std::string& missing)
{
    auto reply = command({"HGET", "hg:work", std::string(view(missing_of(missing)))});
    return reply->is_nil() ? "none" : reply->text;
}

std::vector<retry::WaitingDelivery> SlowPathTest::waiting(retry::DeliveryState state, Partition partition,
                                                          const std::string& system)
{
    std::vector<retry::WaitingDelivery> all;
    std::string cursor;
    do {
        auto page = loop_.await(retry::waiting(*redis_, scripts_, partition, state, system, cursor)).value();
        for (auto& delivery : page.deliveries)
            all.push_back(std::move(delivery));
        cursor = page.next;
    } while (!cursor.empty());
    return all;
}

}  // namespace headgate::test
