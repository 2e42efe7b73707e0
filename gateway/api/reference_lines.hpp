#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/answers.hpp"
#include "gateway/api/bad_line.hpp"
#include "retry/delivery.hpp"

namespace headgate::gateway::api {

// Cross-references as people write them.

/// `source` is the shop that the id is of; empty: the id means the same in every one.
struct GivenReference {
    std::string system;
    std::string kind;
    std::string id;
    std::string source;
    std::string theirs;
    bool operator==(const GivenReference&) const = default;
};

inline constexpr std::size_t most_lines = 100'000;
inline constexpr std::size_t longest_kind = 100;  // bytes
inline constexpr std::size_t longest_id = 1'000;  // of an id, a source and what a system calls it

/// What no reference may be, whatever system it is of: `bad_reference` says which part, and why. Its name is all but
/// `theirs`.
Result<void> check_name(const GivenReference& given);
/// One from a JSON object with these members; `source` may be left out. Checked. `bad_reference`, `bad_body`.
Result<GivenReference> reference_of(std::string_view text);

/// One from each line, at most `most_lines`; empty lines are skipped. The first that is bad, or that `also` refuses,
/// ends it.
std::expected<std::vector<GivenReference>, BadLine> reference_lines(
    std::string_view text, const std::function<Result<void>(const GivenReference&)>& also);

/// As Redis keeps it, and back.
[[nodiscard]] retry::Reference stored_reference(const GivenReference& given);
[[nodiscard]] GivenReference given_reference(const retry::Reference& stored);
[[nodiscard]] json::object reference_json(const GivenReference& given);

}  // namespace headgate::gateway::api
