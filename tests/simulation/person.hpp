#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "gateway/api/releases.hpp"
#include "gateway/api/resources.hpp"
#include "process.hpp"

namespace headgate::simulation {

/// A person who looks after what waits: through the admin API where it has a word for it. What they say is true.
class Person {
public:
    Person(Ground& ground, Tellings& tellings, asio::io_context& io, net::Redis& redis, gateway::api::OwnerCalls calls);

    /// Looks at all that waits, and says something about some of it.
    void look();
    /// At the end: everything is decided. What dies again and again, and may, is discarded.
    void tidy_up();
    void pause(const std::string& kind, const std::string& name, bool paused);
    /// A cross-reference that was missing is known.
    void tell_reference(const std::string& source, const std::string& order);

private:
    struct Seen {
        std::string d;  // its 32 bytes
        retry::DeliveryId id;
        std::string name, system, type, state, reason;
        std::string effect_text;
        std::uint32_t attempts = 0;
        bool maybe = false;
    };
    std::vector<std::string> members(const char* set, Partition partition);
    std::optional<Seen> see(const std::string& member);
    void decide_held(const Seen& seen);
    void decide(const Seen& seen, retry::Decision::Verdict verdict);
    asio::awaitable<void> decide_now(Seen seen, retry::Decision decision);
    void replay(const std::string& name);
    /// Anything of the admin API.
    void call(gateway::api::Handler handler, std::string name, std::string body);
    asio::awaitable<void> call_now(gateway::api::Handler handler, std::string name, std::string body);
    [[nodiscard]] std::set<Partition> partitions() const;
    void spawn(asio::awaitable<void> work);

    Ground& ground_;
    Tellings& tellings_;
    asio::io_context& io_;
    net::Redis& redis_;
    gateway::api::OwnerCalls calls_;
    gateway::api::Releases releases_;
    observability::Health health_;
    gateway::Mask mask_{gateway::HistoryConfig{}};
    gateway::api::Means means_;
    std::map<std::string, int> replays_;  // at the end, by letter
};

}  // namespace headgate::simulation
