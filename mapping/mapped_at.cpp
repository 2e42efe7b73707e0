#include "mapping/mapped_at.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace headgate::mapping {

namespace {

using Steps = std::span<const Run::OutputStep>;

Site nearest(const Block& block, Steps steps, Site found)  // NOLINT(misc-no-recursion)
{
    if (steps.empty())
        return found;
    const Run::OutputStep& step = steps.front();
    switch (block.kind) {
    case Block::Kind::scope:
        if (!block.body)
            return found;
        return nearest(*block.body, block.each && step.name.empty() ? steps.subspan(1) : steps, found);
    case Block::Kind::object: {
        const auto field = std::ranges::find(block.fields, step.name, &Block::Field::name);
        return field == block.fields.end() ? found : nearest(field->value, steps.subspan(1), field->site);
    }
    case Block::Kind::list: {
        const auto place = static_cast<std::size_t>(step.place);
        if (!step.name.empty() || place >= block.items.size())
            return found;
        return nearest(block.items[place], steps.subspan(1), block.items[place].site);
    }
    default: return found;  // computed, or one of several cases
    }
}

}  // namespace

Site mapped_at(const Block& fields, const Run& run)
{
    std::vector<Run::OutputStep> steps;
    for (const Run::OutputStep& step : run.output) {
        std::string_view name = step.name;
        for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {  // `ship_to.country`
            steps.push_back({name.substr(0, dot)});
            name.remove_prefix(dot + 1);
        }
        steps.push_back({name, step.place});
    }
    return nearest(fields, steps, fields.site);
}

}  // namespace headgate::mapping
