#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/request.hpp"
#include "mapping/request_body.hpp"
#include "mapping/tree.hpp"

namespace headgate::mapping {

/// A message of a step, before it is about a transaction.
struct MessagePlan {
    Site site;
    std::unique_ptr<Block> method;
    std::unique_ptr<Block> path;
    std::unique_ptr<Block> query;
    std::unique_ptr<Block> headers;
    std::unique_ptr<Block> body;
    BodyFormat format = BodyFormat::json;
};

/// The methods that a request may have.
[[nodiscard]] inline bool is_method(std::string_view method)
{
    static constexpr std::array<std::string_view, 6> known{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    return std::ranges::find(known, method) != known.end();
}

struct StepPlan {
    Site site;
    ExprPtr when;
    MessagePlan send;
    std::optional<MessagePlan> probe;
    ExprPtr found;
    ExprPtr success_when;
    std::unique_ptr<Block> capture;
};

/// The names a request has beyond a mapping's, bound like those of `let`.
enum class Given : std::uint8_t { delivery, system, steps, answer };
inline constexpr std::array<std::string_view, 4> given_names{"delivery", "system", "steps", "answer"};

struct CompiledRequest {
    Program program;
    std::deque<std::string> files;
    const Vocabularies* vocabularies = nullptr;
    std::string applies;
    bool keeps_nulls = false;
    std::array<int, given_names.size()> slots{};
    std::vector<Block::Let> lets;
    std::vector<Request::Step> steps;
    std::vector<StepPlan> plans;
};

/// Compiles a request file; what cannot be is among the problems.
std::shared_ptr<const CompiledRequest> compile_request(const SourceFile& source, const Canonical& canonical,
                                                       const Vocabularies& vocabularies,
                                                       const FragmentLoader& fragments, Problems& problems);

}  // namespace headgate::mapping
