#include "mapping/parser.hpp"

namespace headgate::mapping {

int Names::find(std::string_view name) const
{
    for (auto at = bound.rbegin(); at != bound.rend(); ++at)
        if (at->first == name)
            return at->second;
    return -1;
}

Site site_of(const ParseContext& context, std::size_t offset)
{
    return {context.file, context.line, context.column + (context.exact_columns ? static_cast<int>(offset) : 0)};
}

}  // namespace headgate::mapping
