#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "observability/history.hpp"
#include "observability/sqlite.hpp"

namespace headgate::observability {

/// Makes the tables of letters, their causes and the traffic they are a share of.
void make_letter_tables(sqlite::Database& database);

/// Writes them, in a transaction of the caller's. Returns SQLITE_DONE or an error's code.
class LetterWriter {
public:
    explicit LetterWriter(sqlite::Database& database);

    int write(const LettersOf& of);
    /// Events that came on a channel at a time.
    int count_traffic(std::string_view channel, std::int64_t hour, std::int64_t events);

private:
    int let_go(std::string_view cause);
    int write(const LetterRow& letter, const std::string& event, bool known);
    int write_fields(const LetterRow& row, bool known);

    sqlite::Statement known_;
    sqlite::Statement event_;
    sqlite::Statement put_;
    sqlite::Statement drop_;
    sqlite::Statement put_field_;
    sqlite::Statement drop_fields_;
    sqlite::Statement add_cause_;
    sqlite::Statement take_cause_;
    sqlite::Statement traffic_;
};

Result<LetterRows> read_letters(sqlite::Database& reader, const LetterFilter& filter);
Result<bool> has_delivery_letters(sqlite::Database& reader);
Result<std::vector<std::string>> delivery_letters_of(sqlite::Database& reader, const std::vector<EntityAt>& entities);
Result<std::uint64_t> count_letters(sqlite::Database& reader, const LetterFilter& filter, std::uint64_t most);
Result<std::vector<CauseRow>> read_causes(sqlite::Database& reader, bool all);

[[nodiscard]] std::int64_t milliseconds_of(std::chrono::system_clock::time_point instant);
[[nodiscard]] std::chrono::system_clock::time_point instant_of(std::int64_t milliseconds);
/// Since 1970.
[[nodiscard]] std::int64_t hour_of(std::chrono::system_clock::time_point instant);

}  // namespace headgate::observability
