#pragma once

#include <algorithm>

#include "mapping/run.hpp"
#include "mapping/tree.hpp"

namespace headgate::mapping {

inline bool is_path(const Expr& expr)
{
    return expr.is_path || expr.evaluate == evaluate_path;
}

/// Whether something is true of an expression or of one inside it.
bool holds_anywhere(const Expr& expr, const auto& holds)  // NOLINT(misc-no-recursion)
{
    return holds(expr) ||
           std::ranges::any_of(expr.args, [&](const auto& arg) { return holds_anywhere(*arg, holds); }) ||
           std::ranges::any_of(
               expr.steps, [&](const Step& step) { return step.condition && holds_anywhere(*step.condition, holds); });
}

/// The same of a block and all in it.
bool holds_anywhere(const Block& block, const auto& holds)  // NOLINT(misc-no-recursion)
{
    const auto in = [&](const ExprPtr& expr) { return expr && holds_anywhere(*expr, holds); };
    const auto inside = [&](const Block& part) { return holds_anywhere(part, holds); };
    return in(block.expression) || in(block.each) || in(block.when) || in(block.of) ||
           std::ranges::any_of(block.segments, in, &Block::Segment::insertion) ||
           std::ranges::any_of(block.items, inside) ||
           std::ranges::any_of(block.fields, inside, &Block::Field::value) ||
           std::ranges::any_of(block.lets, [&](const Block::Let& let) { return inside(*let.value); }) ||
           (block.otherwise && inside(*block.otherwise)) || (block.body && inside(*block.body));
}

}  // namespace headgate::mapping
