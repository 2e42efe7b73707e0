#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace headgate::gateway {

/// A record of a CSV file (RFC 4180) and the line it begins on.
struct CsvRecord {
    std::size_t line = 0;
    std::vector<std::string> fields;
};

/// All records; empty lines are skipped, and so is a byte order mark. Lines end with LF or CR LF. `bad_csv`, whose
/// detail begins with the line.
Result<std::vector<CsvRecord>> read_csv(std::string_view text);

/// A record as one line, with its end; what needs quotes gets them.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace headgate::gateway
