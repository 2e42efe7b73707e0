#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/faults/load.hpp"

namespace headgate::test {

/// What the checker found when it held every 2xx ever answered against the ledger, and the ledger against Redis.
struct Verdicts {
    std::uint64_t answered = 0;      // 2xx answers
    std::uint64_t events = 0;        // different events among them
    std::uint64_t effects = 0;       // rows in the ledger's book
    std::uint64_t lost = 0;          // answered 2xx and nowhere in the ledger
    std::uint64_t doubled = 0;       // one event with several effects, or one webhook with several events
    std::uint64_t out_of_order = 0;  // an older change of an order applied after a newer one
    std::uint64_t wrong_end = 0;     // orders whose row is not their last answered change, or is not exact
    std::uint64_t unreserved = 0;    // ledger rows with a seq above the partition's high water
    [[nodiscard]] std::uint64_t sum() const { return lost + doubled + out_of_order + wrong_end + unreserved; }
    [[nodiscard]] std::string text() const;
};

Verdicts check_ledger(const std::string& ledger_file, const std::string& redis_socket,
                      const std::vector<Answered>& answered);

}  // namespace headgate::test
