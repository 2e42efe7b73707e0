#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/async.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

/// An entry as a person gives it.
struct GivenEntry {
    std::string vocabulary;
    std::string word;
    std::string value;
    std::string why;  // may be ""
    std::string who;
};

/// Adds it to a vocabulary, where it counts before this answers; what waits for it (`waiting`) goes back to work behind
/// that, page by page. Fails with
/// `unknown_vocabulary`, as `check_entry` does, or as Redis does: it may be said again.
Task<json::object> add_entry(const Means& with, GivenEntry given);

}  // namespace headgate::gateway::api
