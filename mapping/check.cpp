#include "mapping/check.hpp"

#include <memory_resource>

#include "mapping/invariants.hpp"
#include "mapping/shapes.hpp"
#include "mapping/totals.hpp"
#include "mapping/typed.hpp"

namespace headgate::mapping {

Result<std::vector<Warning>> check_transaction(const CanonicalType& type, const Document& document)
{
    std::pmr::monotonic_buffer_resource arena;
    const MappingContext context{.document = document};
    Run run(context, nullptr, 0, arena);
    const Block nowhere;
    Value fields = typed(run, type.shape, run.document);
    if (!check_shape(run, nowhere.site, type.shape, fields, {}) || !check_totals(run, nowhere, type, fields) ||
        !check_invariants(run, nowhere, *type.invariants, fields))
        return std::unexpected(std::move(run.failure));
    return std::move(run.warnings);
}

std::vector<std::pair<std::string, std::string>> says_of(const CanonicalType& type)
{
    std::vector<std::pair<std::string, std::string>> all;
    for (const Invariant& invariant : type.invariants->all)
        all.emplace_back(invariant.code, invariant.says);
    return all;
}

}  // namespace headgate::mapping
