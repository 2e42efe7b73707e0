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
#include "retry/inbox.hpp"
#include "retry/letters.hpp"

namespace headgate::test {

/// What ARCHITECTURE.md promises, written a second time as plainly as can be: no Redis, no batching, no bytes. Events,
/// keys and facts are small numbers.
class StoreModel {
public:
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
    };
    struct Fact {
        int version_kind = 0;  // 0: none
        std::int64_t version = 0;
        std::uint64_t seq = 0;
        std::string target;
    };
    struct Outcome {
        std::uint64_t event = 0;
        char state = 'a';
        std::uint32_t round = 0;
        bool operator==(const Outcome&) const = default;
    };
    struct Share {
        std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> in;  // seq -> event, origin
        std::map<std::uint64_t, std::uint64_t> open;                          // event -> origin
        std::deque<Outcome> history;
        std::uint64_t high_water = 0;
        std::int64_t accepted = 0, applied = 0, suppressed = 0, d_created = 0, d_applied = 0, d_suppressed = 0;
    };
    struct Answer {
        retry::Claim claim;
        Claimed stored;
    };

    Answer accept(std::uint64_t key, std::uint64_t event, std::uint64_t body, Partition partition);
    void forget_key(std::uint64_t key) { keys.erase(key); }
    void reserve(Partition partition, std::uint64_t upto);
    retry::FinishAnswer finish(Partition partition, std::uint64_t seq, std::uint64_t event, bool applied,
                               std::uint32_t d_applied, std::uint32_t d_suppressed,
                               const std::vector<std::pair<std::uint64_t, Fact>>& facts);
    retry::BuryAnswer bury(Partition partition, std::uint64_t seq, std::uint64_t event, const std::string& cause);
    /// The answer and, when readmitted, the new seq.
    std::pair<retry::Readmitted::Answer, std::uint64_t> readmit(std::uint64_t event, std::uint32_t round);
    void archive(Partition partition, std::size_t frames);

    std::uint64_t seq = 0;
    std::map<std::uint64_t, Claimed> keys;
    std::map<std::uint64_t, Letter> letters;
    std::map<std::uint64_t, std::uint32_t> rounds;  // of events with a record (e:)
    std::map<std::uint64_t, Partition> homes;       // of the same
    std::set<std::uint64_t> bodies;
    std::map<std::uint64_t, Fact> facts;
    std::map<Partition, Share> shares;
};

}  // namespace headgate::test
