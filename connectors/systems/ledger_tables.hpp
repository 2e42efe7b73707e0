#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/systems/sqlite_ledger.hpp"
#include "core/document.hpp"
#include "observability/sqlite.hpp"

namespace headgate::connectors {

/// What stands in front of a type's own columns: `external_ref` is the key. All borrowed.
struct LedgerRow {
    std::string_view external_ref;
    std::string_view effect_key;
    std::string_view event;
    std::string_view source;
    std::string_view channel;
    std::string_view entity;
    std::string_view id;
    std::string_view version;
    std::uint64_t seq = 0;
    std::uint64_t origin_seq = 0;
    std::string_view applied_at;
    std::string_view json;
};

/// The name of a fact in the ledger: "source/entity", and "#id" when the id is not the entity. Different facts never
/// share one: `%` and `#` within the parts, and `/` within the source, are percent-encoded.
[[nodiscard]] std::string external_ref(std::string_view source, std::string_view entity, std::string_view id);

/// The tables of the canonical types in one database, and how a transaction becomes rows. Belongs to one thread.
class LedgerTables {
public:
    /// Creates what is missing, column by column; rows that are there keep null in a new column. Throws
    /// std::runtime_error for names that are no plain lower-case identifiers, or are used twice.
    LedgerTables(sqlite::Database& database, std::vector<LedgerTable> tables);

    [[nodiscard]] bool knows(const std::string& type) const { return writers_.contains(type); }
    /// Writes or replaces the fact's row and its lines: SQLITE_DONE or the code of the statement that failed.
    [[nodiscard]] int write(const std::string& type, const LedgerRow& row, const Document& transaction);

private:
    struct Writer {
        LedgerTable table;
        sqlite::Statement upsert;
        sqlite::Statement forget_lines;
        sqlite::Statement add_line;
    };
    std::map<std::string, Writer, std::less<>> writers_;
};

}  // namespace headgate::connectors
