#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/transaction.hpp"

namespace headgate::gateway {

/// What a dead delivery told its system, or would have: history keeps it for plans.
struct StoredTransaction {
    std::string system;
    Transaction transaction;  // without its warnings
};

/// JSON; its fields are kept to the byte.
[[nodiscard]] std::string text_of(const StoredTransaction& stored);
/// As history keeps it, unpacked. `no_stored_transaction` (permanent) when it has none.
[[nodiscard]] Result<std::string> stored_text(const std::optional<std::string>& packed);
/// `transaction_unreadable` (permanent).
[[nodiscard]] Result<StoredTransaction> read_stored_transaction(std::string_view text);

}  // namespace headgate::gateway
