#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace headgate::gateway {

/// What an imported event was a letter for where it was exported. Its envelope keeps it, and so it is a letter at once,
/// whoever takes it up.
struct Imported {
    struct One {  // of its deliveries
        std::string system;
        std::string slot;
        bool operator==(const One&) const = default;
    };
    std::string letter;  // its name there
    std::string since;   // RFC 3339: it was a letter there since then
    std::string stage;
    Failure failure{};
    std::string cause;
    std::string system, type, entity, order_number;  // what it was about; "" where that was not known
    std::uint32_t attempts = 0;                      // at its system, there
    bool maybe_sent = false;                         // some of it may have reached its system
    std::string who, why, at;                        // of the import
    std::vector<One> deliveries;                     // replayed it makes these alone; none: all of its event
};

/// JSON.
[[nodiscard]] std::string text_of(const Imported& imported);
/// `envelope_unreadable` (permanent) for what `text_of` did not write.
[[nodiscard]] Result<Imported> read_imported(std::string_view text);

}  // namespace headgate::gateway
