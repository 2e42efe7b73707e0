#pragma once

#include <optional>
#include <string_view>

namespace headgate {

/// How many decimals an ISO 4217 currency has; nullopt for a code that is none or that no order may carry (metals, XTS,
/// XXX…).
[[nodiscard]] std::optional<int> currency_decimals(std::string_view code);

}  // namespace headgate
