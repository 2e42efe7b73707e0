#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/load.hpp"
#include "tests/support/erp.hpp"
#include "tests/support/headgate_process.hpp"

namespace headgate::test {

/// What stands at the ERP beside every 2xx that Headgate ever gave.
struct ErpVerdicts {
    std::uint64_t answered = 0, events = 0, made = 0, held = 0;
    std::uint64_t lost = 0;          // neither made, nor older than what was made before it, nor held
    std::uint64_t doubled = 0;       // made twice, or sent again although it may have been done
    std::uint64_t out_of_order = 0;  // an older change made behind a newer one
    std::uint64_t wrong_end = 0;     // the last change answered is not the last one made
    [[nodiscard]] std::uint64_t sum() const { return lost + doubled + out_of_order + wrong_end; }
    [[nodiscard]] std::string text() const;
};

/// Asks history which events were suppressed and which wait, so it must have everything.
ErpVerdicts check_erp(const HeadgateProcess& headgate, const Erp& erp, const std::vector<Answered>& answered);

/// `verify` finds nothing, and there is no letter.
void expect_verified(const HeadgateProcess& headgate);

}  // namespace headgate::test
