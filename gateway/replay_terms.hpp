#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/stored_transaction.hpp"

namespace headgate::gateway {

/// What is different about working on an event once more.
struct ReplayTerms {
    std::string to;     // only what goes to this system; "": all of it
    std::string nonce;  // of its effect keys: it counts as new, whatever was applied of it; "": as it was
    std::optional<StoredTransaction> made{};  // nothing but this, instead of what it is mapped to
    [[nodiscard]] bool empty() const { return to.empty() && nonce.empty() && !made; }
};

/// None: nothing is different, as nearly always.
using SharedTerms = std::shared_ptr<const ReplayTerms>;
[[nodiscard]] SharedTerms shared(ReplayTerms terms);

/// JSON; "" of those that are empty.
[[nodiscard]] std::string text_of(const ReplayTerms& terms);
/// Without what cannot be read: it was not written here.
[[nodiscard]] ReplayTerms read_replay_terms(std::string_view text);

}  // namespace headgate::gateway
