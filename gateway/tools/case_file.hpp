#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/document.hpp"
#include "core/problem.hpp"
#include "gateway/config.hpp"
#include "gateway/tools/trial.hpp"

namespace headgate::gateway {

/// A transaction as a case expects it.
struct ExpectedTransaction {
    std::string type;
    std::string entity;
    std::string id;                      // default: the entity
    std::optional<std::string> version;  // nothing: the mapping gives none
    std::string depends_on;              // "sales_order order/5"; several with commas
    Document fields;
};

struct ExpectedFailure {
    std::string code;
    std::optional<std::string> where;  // JSON pointer; nothing: wherever it is
};

/// One file of a connector's `cases/`: an input and what becomes of it.
struct Case {
    std::string name;  // "shop/orders_create"
    std::string file;
    std::string input;  // the file, found from the case's folder
    std::string topic;
    std::vector<std::pair<std::string, std::string>> headers;
    ChannelConfig channel;                    // what the case says of it: its zone
    std::vector<ExpectedTransaction> expect;  // empty: filtered
    std::optional<ExpectedFailure> failure;
    bool says_nothing = false;  // no expectation was written yet
};

/// Every problem of the file together.
[[nodiscard]] std::expected<Case, Problems> read_case(const std::string& file, const std::string& connector);

/// The text of a case file with another expectation, what it says else untouched; nothing when the file is not written
/// with a key a line, so that the place of the expectation cannot be told.
[[nodiscard]] std::optional<std::string> with_expectation(const std::string& text, const Trial& trial);

}  // namespace headgate::gateway
