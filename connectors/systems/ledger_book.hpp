#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/systems/ledger_tables.hpp"
#include "connectors/systems/version_order.hpp"
#include "core/system.hpp"
#include "observability/sqlite.hpp"

namespace headgate::connectors {

/// Decides one delivery after the other inside whatever transaction is open, and writes what follows from it: the
/// rows, the guard and the effect. Belongs to one thread.
///
/// `effect` has one row for each effect key ever decided, in the order of application; `guard` the last telling of
/// each fact. Neither is ever cleared: recognising a repeat does not depend on how late it comes.
class LedgerBook {
public:
    /// Creates the tables that are missing. Throws std::runtime_error.
    LedgerBook(sqlite::Database& database, std::vector<LedgerTable> tables);

    /// After a failure the caller undoes what was written. `now` is what `applied_at` says.
    [[nodiscard]] Result<Applied> decide(const Delivery& delivery, const std::string& now);

private:
    struct Judged {
        Verdict verdict = Verdict::apply;
        std::uint64_t origin_seq = 0;  // for the guard
    };
    [[nodiscard]] Result<std::optional<Applied>> known(const std::string& effect_key);
    [[nodiscard]] Result<Judged> judged(const LedgerRow& row, const std::string& family, const Telling& arrived);
    [[nodiscard]] Result<void> write(const std::string& type, const std::string& family, const LedgerRow& row,
                                     const Telling& telling, Applied::Outcome outcome);

    LedgerTables tables_;
    sqlite::Statement find_effect_, add_effect_, find_guard_, set_guard_;
};

}  // namespace headgate::connectors
