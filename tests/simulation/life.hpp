#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "person.hpp"
#include "retry/inbox.hpp"

namespace headgate::simulation {

/// What all lives of one program share.
struct Home {
    const gateway::Configuration& configuration;
    const retry::Scripts& scripts;
    gateway::GatewayMetrics& metrics;
    observability::Log& log;
    observability::HistoryStore& history;
    observability::AuditLog& audit;
    std::filesystem::path folder;
    Line& line;
};

/// One seed: two shops tell things for a while, and processes, Redis, systems and people do what they do; then nothing
/// goes wrong any more, and in the end everything is where it should be.
class Life {
public:
    Life(const Home& home, std::uint64_t seed, bool traced);
    ~Life() { world_.remove(outside_loop_); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    /// What was wrong, a line each.
    std::string run();

private:
    void plan();
    void plan_tellings();
    void plan_trouble();
    void trouble();
    Told& draw_telling();
    void tell(std::size_t number);
    asio::awaitable<void> tell_now(std::size_t number);
    void hand_over(const gateway::Event& event, std::uint64_t ordinal);
    void start(const std::string& party);
    void crash(std::size_t place);
    void stand_still();
    void break_redis();
    void pause_something();
    void archive();
    void verify();
    void look_now_and_then();
    bool rests();
    std::string what_is_left();
    gateway::api::OwnerCalls owner_calls();
    [[nodiscard]] EventId new_event();
    void spawn(asio::awaitable<void> work);

    World world_;
    Tellings tellings_;
    Judge judge_;
    Ground ground_;
    asio::io_context outside_{1};
    World::Loop& outside_loop_;
    net::Redis redis_;
    retry::Inbox inbox_;
    std::vector<std::unique_ptr<Process>> processes_;
    Person person_;
    std::size_t processes_ever_ = 0;
    std::size_t events_ever_ = 0;
    std::uint64_t loss_ = 0;                         // per mille of batches
    std::map<std::string, std::uint64_t> versions_;  // of orders and stocks, the last told
    bool ending_ = false;
};

}  // namespace headgate::simulation
