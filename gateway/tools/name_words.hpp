#pragma once

#include <set>
#include <string>
#include <string_view>

namespace headgate::gateway {

/// The words of a name, whatever its case: `shippingAddress`, `shipping_address` and `ship-to` have the same. Words
/// that vendors use for one another are one word; those that say nothing are left out.
using Words = std::set<std::string, std::less<>>;
[[nodiscard]] Words words_of(std::string_view name);

/// How near two names are, from 0 to 1.
[[nodiscard]] double likeness(const Words& wanted, const Words& found);

}  // namespace headgate::gateway
