#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/system.hpp"
#include "mapping/request.hpp"
#include "told.hpp"
#include "world.hpp"

namespace headgate::simulation {

/// One delivery as the systems have seen it, by its effect key.
struct Thing {
    std::string key;
    std::string system;
    const Told* told = nullptr;
    Delivery delivery;                          // as it was sent
    std::map<std::string, int> sendings;        // by step
    std::map<std::string, int> effects;         // by step
    std::map<std::string, int> refusals;        // by step: sendings of which is known that nothing was done
    std::map<std::string, milliseconds> shown;  // by step: when the system lets its first effect be found
    int on_its_way = 0;                         // sendings that may still arrive
    int reasons = 0;                            // to send it again: failures, doubts
    std::optional<milliseconds> first_effect;
};

/// What the systems were told, held against what they should have been.
class Judge {
public:
    Judge(World& world, Tellings& tellings) : world_(world), tellings_(tellings) {}

    /// Who sends: a process, and its how manyth lease.
    using Sender = std::pair<std::size_t, std::uint64_t>;

    Thing& thing(const std::string& system, const Delivery& delivery);
    /// A step's request leaves.
    void leaves(Thing& thing, const std::string& step, mapping::Repeat repeat, Sender sender);
    /// Its delivery has heard an answer, or nobody waits for one any more.
    void left(Thing& thing, Sender sender, bool well);
    /// The system has done it once (more).
    void done(Thing& thing, const std::string& step, mapping::Repeat repeat);
    /// A lease is over: what was under way may be sent again.
    void lease_over(Sender sender);
    /// Another process has it: the one before may not have noticed.
    void lease_taken() { ++leases_over_; }
    /// A person's word: it is not wanted, or it is there.
    void settled(const EventId& event, const std::string& system, const std::string& type, std::string how);
    void was_a_letter(const EventId& event) { letters_.insert(event); }
    /// A person said that it did not arrive.
    void said_not_arrived(const std::string& system, const std::string& key) { ++not_arrived_[system + key]; }
    /// A person's word that a system has an order, by its cross-reference: who waits for it may go.
    void said_there(const std::string& system, const std::string& source, const std::string& entity)
    {
        said_there_.insert({system, source, entity});
    }
    [[nodiscard]] const Thing* find(const std::string& system, const std::string& key) const
    {
        const auto found = things_.find(system + key);
        return found == things_.end() ? nullptr : &found->second;
    }

    /// When all is quiet: whatever was accepted has had its effect, or its reason to have none.
    void sum_up();

private:
    using Fact = std::tuple<std::string, std::string, std::string>;  // system, type, id within the source

    [[nodiscard]] bool waited_for_its_order(const Thing& thing) const;
    [[nodiscard]] bool is_excused(const Told& told, const Expected& expected) const;
    void look_in_redis(Thing& thing);

    World& world_;
    Tellings& tellings_;
    std::map<std::string, Thing> things_;                                               // by system and effect key
    std::map<std::tuple<std::size_t, std::string, std::string>, std::string> by_told_;  // number, system, type
    std::map<Fact, std::vector<const Thing*>> first_effects_;  // in the order in which they came
    std::map<std::string, std::map<Sender, Thing*>> lanes_;    // what is on the wire
    std::map<std::tuple<EventId, std::string, std::string>, std::string> settled_;
    std::set<EventId> letters_;
    std::map<std::string, int> not_arrived_;
    std::set<std::array<std::string, 3>> said_there_;
    int leases_over_ = 0;
};

}  // namespace headgate::simulation
