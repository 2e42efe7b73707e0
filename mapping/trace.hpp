#pragma once

#include <string>
#include <vector>

namespace headgate::mapping {

/// Where an output field comes from.
struct FieldTrace {
    std::string field;                 // "lines[0].unit_price"
    std::string expression;            // as it is written; empty for a constant
    std::vector<std::string> sources;  // JSON pointers, `$headers.…`; in the order they were read
    std::string config;                // file:line:column
};

}  // namespace headgate::mapping
