#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/decimal.hpp"

namespace headgate {

/// How many decimals an ISO 4217 currency has; nullopt for a code that is none or that no order may carry (metals, XTS,
/// XXX…).
[[nodiscard]] std::optional<int> currency_decimals(std::string_view code);

/// How many decimals a vendor's minor units have, by currency, where it differs from the currency's own.
using MinorUnits = std::map<std::string, int, std::less<>>;

/// How a source rounds, so that its totals can be checked: a fact worked out from its own documents. What it rounds
/// line by line adds up exactly where tax comes on top; else each rounded part may be off by half a minor unit (a whole
/// one where it cuts off), up to `tolerance` in all.
struct SourceRounding {
    enum class Level : std::uint8_t { unit, line, order };
    Rounding mode = Rounding::half_up;
    Level level = Level::line;
    std::int64_t tolerance = 0;  // minor units of the currency
};

}  // namespace headgate
