#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "erp.hpp"
#include "gateway/api/means.hpp"
#include "gateway/historian.hpp"
#include "gateway/lease_keeper.hpp"
#include "gateway/owner.hpp"
#include "gateway/systems/http_system.hpp"
#include "gateway/systems/references.hpp"
#include "retry/frames.hpp"

namespace headgate::simulation {

/// What stays when processes come and go.
struct Ground {
    World& world;
    Judge& judge;
    const gateway::Configuration& configuration;
    const retry::Scripts& scripts;
    gateway::GatewayMetrics& metrics;
    observability::Log& log;
    observability::HistoryStore& history;
    observability::AuditLog& audit;
    std::filesystem::path folder;
    std::map<std::string, std::unique_ptr<Erp>> systems;
};

/// The owner's half of a gateway, put together as gateway/owner_loop.cpp does, but on a loop that the world runs and
/// with systems that are simulated behind their requests. When it is destroyed, that is a crash: nothing is ended.
class Process {
public:
    /// A party's processes follow each other and have one data folder: each knows the last one's token.
    Process(Ground& ground, std::size_t number, const std::string& party);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    [[nodiscard]] std::size_t number() const { return number_; }
    [[nodiscard]] Line::Party& party() { return party_; }
    /// The whole process stands still.
    void freeze(bool frozen) { loop_.frozen = frozen; }
    [[nodiscard]] bool frozen() const { return loop_.frozen; }

    // From outside; heard in its turn.
    void hand(gateway::Event event, std::uint64_t ordinal, bool whole);
    void heard_of(Partition partition, std::uint64_t seq);
    void look_again();
    void readmitted(Partition partition, std::uint64_t seq);
    void perhaps_readmitted();
    void ready(std::vector<retry::DeliveryAt> deliveries);
    void pauses_changed(gateway::api::OwnerCalls::Heard heard);
    void references_changed(gateway::api::OwnerCalls::Heard heard);

    /// History has committed what it has not got yet of these.
    void archive(std::vector<Partition> partitions);

private:
    class Wire;
    gateway::Systems systems();
    void spawn(asio::awaitable<void> work);
    asio::awaitable<void> begin();
    asio::awaitable<void> archive_all(std::vector<Partition> partitions);
    [[nodiscard]] bool lease_valid() const { return boottime_ns() < lease_until_.load(); }

    Ground& ground_;
    std::size_t number_;
    Line::Party& party_;
    asio::io_context io_{1};
    World::Loop& loop_;
    std::shared_ptr<Caller> caller_;
    observability::Health health_;
    std::atomic<std::int64_t> lease_until_{0};
    net::Redis redis_;
    retry::Lease lease_;
    retry::Backlog backlog_;
    retry::Deliveries deliveries_;
    retry::Decisions decisions_;
    retry::Frames frames_;
    gateway::Spill spill_;
    gateway::Historian historian_;
    gateway::LeaseKeeper keeper_;
    gateway::ReferenceCache references_;
    std::vector<std::unique_ptr<Wire>> wires_;
    std::vector<std::unique_ptr<gateway::GuardedSystem>> guarded_;
    gateway::Owner owner_;
};

}  // namespace headgate::simulation
