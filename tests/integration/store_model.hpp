#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "retry/backlog.hpp"
#include "retry/decisions.hpp"
#include "retry/deliveries.hpp"
#include "retry/inbox.hpp"
#include "retry/letters.hpp"

namespace headgate::test {

/// What ARCHITECTURE.md promises, written a second time as plainly as can be: no Redis, no batching, no bytes, nothing
/// kept that can be counted. Events, keys, facts, slots and what is missing are small numbers.
class StoreModel {
public:
    using State = retry::DeliveryState;

    struct Claimed {
        std::uint64_t event = 0;
        std::uint64_t body = 0;
        Partition partition = 0;
        std::uint64_t seq = 0;
        std::uint64_t ordinal = 0;
    };
    struct Letter {
        std::string cause;
        std::uint32_t round = 0;
        std::uint64_t word = 0;  // that it waits for; 0: for none
    };
    struct Fact {
        int version_kind = 0;  // 0: none
        std::int64_t version = 0;
        std::uint64_t seq = 0;
        std::string target;
    };
    using Facts = std::vector<std::pair<std::uint64_t, Fact>>;

    /// A delivery's name; by it they are found, in no order that means anything.
    struct Name {
        std::uint64_t event = 0;
        std::uint64_t slot = 0;
        std::string system;
        auto operator<=>(const Name&) const = default;
    };
    struct Outcome {
        std::uint64_t event = 0;
        char state = 'a';
        std::uint32_t round = 0;
        std::optional<Name> delivery{};
        std::optional<retry::Ended> ended{};
        bool waiting = false;  // of a delivery's: its event has not ended, and there is more of it than letters
    };
    struct Share {
        std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> in;  // seq -> event, origin
        std::map<std::uint64_t, std::uint64_t> open;                          // event -> origin
        std::deque<Outcome> history;
        std::uint64_t high_water = 0;
        std::int64_t accepted = 0, applied = 0, suppressed = 0, discarded = 0;
        std::int64_t d_created = 0, d_applied = 0, d_suppressed = 0, d_discarded = 0;
    };
    struct Answer {
        retry::Claim claim;
        Claimed stored;
    };
    /// Of an event with a record (e:).
    struct Record {
        Partition partition = 0;
        std::uint64_t seq = 0;
        std::uint32_t round = 0;
        std::string worst;
        bool maybe_sent = false;
        bool body_in_history = false;
        std::vector<Name> placed;     // in order
        std::vector<std::string> by;  // who put something of it back to work
    };
    /// What is so, or not, when something has come: a fact is known, or else a reference.
    struct Come {
        std::optional<std::uint64_t> fact;
        std::string reference;
        bool there = true;
    };
    struct Told {
        std::optional<bool> maybe;
        std::int64_t at = 0;
        std::string reason;
        std::string failure_class;
        std::uint64_t missing = 0;
        std::string what;
        std::vector<Come> come;
        bool pass = false;
        std::string target;
        std::string progress;
        Facts facts;
        std::map<std::string, std::string> references;  // of system "erp", kind "order"
        std::string cause;
        std::string rule;    // held: that wants an approval; "" none
        char content = 'c';  // of what
    };
    /// The question that a rule asks, as a person saw it.
    struct Asked {
        std::string rule;
        char content = 'c';
        bool apart = false;
    };
    struct Delivery {
        std::string entity;
        std::string type;
        Order order = Order::latest;
        std::uint16_t place = 0;
        State state = State::ready;
        std::uint32_t attempts = 0;
        bool maybe = false;
        std::string progress;
        std::string version;
        std::uint64_t seq = 0;
        std::int64_t first = 0;
        Told told;  // last
        bool escalated = false;
        std::map<std::string, char> approved{};  // rule -> content
        Letter letter;
    };
    struct New {
        Name name;
        Delivery delivery;
        retry::Replaces replaces = retry::Replaces::nothing;
        std::vector<std::pair<std::string, std::uint64_t>> parents{};  // types and facts
    };

    /// What a call has done beside what it was about.
    struct Effects {
        std::set<Name> ready;  // that waited in a lane
        std::optional<retry::Ended> ended;
        std::uint64_t others_ended = 0;
        std::optional<State> state;  // of what was resolved, now
    };
    struct Released {
        std::uint64_t count = 0;
        std::set<Name> ready;
    };
    struct Resolving {
        Partition partition = 0;
        Name name;
        std::uint32_t attempts = 0;
        State from = State::busy;
        retry::Outcome outcome = retry::Outcome::applied;
        Told told;
    };

    Answer accept(std::uint64_t key, std::uint64_t event, std::uint64_t body, Partition partition);
    void forget_key(std::uint64_t key) { keys.erase(key); }
    void reserve(Partition partition, std::uint64_t upto);
    retry::FinishAnswer finish(Partition partition, std::uint64_t seq, std::uint64_t event, bool applied,
                               std::uint32_t d_applied, std::uint32_t d_suppressed, const Facts& facts);
    retry::BuryAnswer bury(Partition partition, std::uint64_t seq, std::uint64_t event, const std::string& cause,
                           bool maybe_sent, std::uint64_t word = 0);
    /// The answer and, when readmitted, the new seq.
    std::pair<retry::Readmitted::Answer, std::uint64_t> readmit(std::uint64_t event, std::uint32_t round,
                                                                bool with_body = false);
    void archive(Partition partition, std::size_t frames);

    std::pair<retry::Placed::Answer, Effects> place(Partition partition, std::uint64_t seq, std::uint64_t event,
                                                    const std::string& worst, const std::vector<New>& deliveries);
    retry::Taken take(Partition partition, const Name& name, std::uint32_t attempts, std::int64_t deadline);
    /// Several in one call; nothing where it was late.
    std::vector<std::optional<Effects>> resolve(std::vector<Resolving> items);
    Released release(std::uint64_t missing, const std::string& who = {});
    std::pair<retry::Decided::Answer, Effects> decide(const Name& name, State seen, std::uint32_t attempts,
                                                      retry::Decision::Verdict verdict, const Told& told,
                                                      const std::string& who, const std::optional<Asked>& asked);
    std::pair<retry::Readmitted::Answer, std::uint64_t> readmit(const Name& name, std::uint32_t round,
                                                                bool with_body = false, const std::string& who = {});
    /// How many bodies go.
    std::uint64_t spill(Partition partition, std::uint64_t event, retry::Spilling::What what);

    [[nodiscard]] static bool is_left(State state) { return state <= State::hold; }
    [[nodiscard]] static bool has_lane(const Delivery& delivery);
    [[nodiscard]] bool has_come(const Come& come) const;
    [[nodiscard]] Partition home(const Name& name) const { return records.at(name.event).partition; }
    /// How many deliveries of an event, or of a partition, satisfy it.
    template <class Holds>
    [[nodiscard]] std::int64_t count(Holds holds) const
    {
        std::int64_t n = 0;
        for (const auto& [name, delivery] : deliveries)
            n += holds(name, delivery) ? 1 : 0;
        return n;
    }
    [[nodiscard]] std::int64_t count_of(std::uint64_t event, State state) const;
    [[nodiscard]] std::int64_t left_of(std::uint64_t event) const;
    /// It is nothing but letters, and its body is there.
    [[nodiscard]] bool keeps_body(std::uint64_t event) const;
    [[nodiscard]] std::optional<Name> owner(const std::string& system, const std::string& entity) const;
    [[nodiscard]] std::optional<Name> first_in_lane(const std::string& system, const std::string& entity) const;
    /// How many entities of each system have an owner of their lane.
    [[nodiscard]] std::map<std::string, std::size_t> lanes() const;

    std::uint64_t seq = 0;
    std::map<std::uint64_t, Claimed> keys;
    std::map<std::uint64_t, Letter> letters;
    std::map<std::uint64_t, Record> records;
    std::set<std::uint64_t> bodies;
    std::map<std::uint64_t, Fact> facts;
    std::map<Partition, Share> shares;
    std::map<Name, Delivery> deliveries;
    std::map<std::string, std::string> references;
    std::map<std::uint64_t, std::string> waited_for;  // what is missing -> what the first said of it that waits
    std::set<std::string> paused;                     // systems
    std::map<Partition, std::set<std::string>> systems;

private:
    void tell_facts(const Facts& told);
    /// Into a state with what goes with it; who waited in its lane moves up when it gives that up.
    void move(const Name& name, State state, const Told& told, Effects& effects);
    void move_up(const std::string& system, const std::string& entity, Effects& effects);
    /// Somebody puts something of an event back to work.
    void put_back_by(std::uint64_t event, const std::string& who);
    /// What is parked or held is so no more.
    void stop_waiting(Delivery& delivery);
    /// Ready, or behind who has its lane.
    bool to_work(const Name& name);
    /// That state, or behind who has the lane that it would have then.
    [[nodiscard]] State in_turn(const Name& name, State state, const Told& told) const;
    [[nodiscard]] State once_parked(State state, const Told& told) const;
    /// Those of its lane, in their order and then who has it, but for what is `gone` already.
    [[nodiscard]] std::vector<Name> replaced_by(const New& one, const std::set<Name>& gone) const;
    void inherit(New& one, const std::vector<Name>& replaced, const std::set<Name>& gone) const;
    void end(const Told& told);
    std::optional<retry::Ended> settle(std::uint64_t event);
    void tell_history(const Name& name, char state, std::optional<retry::Ended> ended);
};

}  // namespace headgate::test
