#pragma once

#include <string>
#include <utility>
#include <vector>

#include "retry/decisions.hpp"
#include "retry/deliveries.hpp"
#include "retry/references.hpp"
#include "retry/waiting.hpp"
#include "store.hpp"

namespace headgate::test {

[[nodiscard]] inline retry::Millis at_ms(std::int64_t ms)
{
    return retry::Millis(std::chrono::milliseconds(ms));
}

[[nodiscard]] Slot slot_of(std::uint64_t number);
[[nodiscard]] retry::DeliveryId id_of(std::uint64_t event, std::uint64_t slot = 0, const std::string& system = "erp");
/// As answers name a delivery.
[[nodiscard]] inline retry::DeliveryAt named(retry::DeliveryId id, Partition partition = 0)
{
    return {partition, id};
}
[[nodiscard]] Hash16 lane_of(const std::string& entity, const std::string& system = "erp");
[[nodiscard]] Hash16 missing_of(const std::string& what);

/// What goes with any state: a time, a thing that is missing, a letter.
[[nodiscard]] retry::Telling telling_of(const std::string& missing = "sku/1");
[[nodiscard]] retry::NewDelivery delivery_as(retry::DeliveryState state, const std::string& entity = "order/1",
                                             std::uint64_t slot = 0, const std::string& system = "erp");
[[nodiscard]] retry::Placement placement_of(std::uint64_t event, std::uint64_t seq,
                                            std::vector<retry::NewDelivery> deliveries, Partition partition = 0);

/// One node with the slow path.
class SlowPathTest : public StoreTest {
protected:
    explicit SlowPathTest(std::vector<std::string> more_settings = {}) : StoreTest(std::move(more_settings)) {}
    void SetUp() override;

    Result<retry::Placed> place(retry::Placement placement)
    {
        return loop_.await(deliveries_->place(std::move(placement)));
    }
    /// Accepts an event and places it with one delivery or more; its seq.
    std::uint64_t placed(std::uint64_t event, std::vector<retry::NewDelivery> deliveries, Partition partition = 0);
    /// As `placed`; the answer.
    retry::Placed place_next(std::uint64_t event, std::vector<retry::NewDelivery> deliveries, Partition partition = 0);
    Result<retry::Taken> take(retry::DeliveryId id, std::uint32_t attempts = 0, Partition partition = 0)
    {
        return loop_.await(deliveries_->take({partition, id, attempts, at_ms(5'000)}));
    }
    Result<retry::Resolved> resolve(retry::DeliveryId id, retry::Outcome outcome, std::uint32_t attempts = 1,
                                    retry::Telling telling = telling_of(), Partition partition = 0);
    Result<retry::Resolved> resolve(retry::Resolution resolution)
    {
        return loop_.await(deliveries_->resolve(std::move(resolution)));
    }
    Result<retry::Decided> decide(retry::DeliveryId id, retry::Decision::Verdict verdict, retry::DeliveryState seen,
                                  std::uint32_t attempts = 0)
    {
        return loop_.await(decisions_->decide({id, seen, attempts, verdict, "by_hand", "ann"}));
    }
    Result<retry::Released> release(const std::string& missing = "sku/1")
    {
        return loop_.await(decisions_->release(missing_of(missing)));
    }
    Result<retry::Readmitted> readmit(retry::DeliveryId id, std::uint32_t round)
    {
        return loop_.await(letters_->readmit({id.event, round, "by ann", "", id.half}));
    }
    /// How many bytes go.
    std::uint64_t spill(retry::Spilling::What what, std::vector<std::uint64_t> events, Partition partition = 0);
    /// Somebody edits an event's letter, for the first time.
    void edit(std::uint64_t event);
    static constexpr const char* edited_envelope = "an edited envelope";
    /// "ready", or "none" when Redis knows no such delivery.
    std::string state_of(retry::DeliveryId id) { return field_of_delivery(id, "state"); }
    std::string field_of_delivery(retry::DeliveryId id, const std::string& field);
    /// Who has a lane: an id, or "".
    std::string owner_of(const std::string& entity, const std::string& system = "erp");
    /// How many lanes of a system are counted as having an owner; "none" when it is not named at all.
    std::string lanes_counted(const std::string& system = "erp");
    /// What was said of a thing that is waited for; "none" when nobody waits for it.
    std::string said_of(const std::string& missing = "sku/1");
    std::vector<retry::WaitingDelivery> waiting(retry::DeliveryState state, Partition partition = 0,
                                                const std::string& system = "erp");

    std::optional<retry::Deliveries> deliveries_;
    std::optional<retry::Decisions> decisions_;
    std::optional<retry::References> references_;
};

/// As SlowPathTest; and all invariants hold when a test is done.
class VerifiedSlowPathTest : public SlowPathTest {
protected:
    void TearDown() override
    {
        EXPECT_EQ(finding_lines(), "");
        SlowPathTest::TearDown();
    }
};

}  // namespace headgate::test
