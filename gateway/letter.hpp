#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "gateway/configuration.hpp"
#include "observability/history.hpp"
#include "retry/letter.hpp"

namespace headgate::gateway {

/// What is known of the failure that makes an event or a delivery a letter: what it is, why, whose and until when.
[[nodiscard]] retry::Letter letter_of(std::string_view stage, const Failure& failure, const WaitsFor& what,
                                      const Configuration& configuration, std::chrono::system_clock::time_point now);

/// What letters have in common that are mended together: "map/total_mismatch/totals/shop-eu" is the stage, the code,
/// the field that was being made without the places of its items, and the system, or the channel where none was
/// reached.
[[nodiscard]] std::string cause_of(std::string_view stage, const Failure& failure, const WaitsFor& what);

/// A letter as people search for it.
[[nodiscard]] observability::LetterRow letter_row(const retry::Letter& letter);

/// The number people know a transaction by; "" when it has none. Only for display and search.
[[nodiscard]] std::string order_number_of(std::string_view transaction);

}  // namespace headgate::gateway
