#include "mapping/headers_read.hpp"

#include "mapping/tree.hpp"

namespace headgate::mapping {

namespace {

void add(const ExprPtr& expr, std::vector<HeaderRead>& headers)
{
    if (expr)
        add_headers_read(*expr, headers);
}

void add(const std::unique_ptr<Block>& block, std::vector<HeaderRead>& headers)
{
    if (block)
        add_headers_read(*block, headers);
}

}  // namespace

void add_headers_read(const Expr& expr, std::vector<HeaderRead>& headers)  // NOLINT(misc-no-recursion)
{
    if (expr.root == Root::headers && !expr.steps.empty() && expr.steps.front().kind == Step::Kind::name)
        headers.push_back({std::string(expr.steps.front().name), expr.site.file == nullptr ? "" : *expr.site.file,
                           expr.site.line, expr.site.column});
    for (const ExprPtr& arg : expr.args)
        add(arg, headers);
    for (const Step& step : expr.steps)
        add(step.condition, headers);
}

void add_headers_read(const Block& block, std::vector<HeaderRead>& headers)  // NOLINT(misc-no-recursion)
{
    for (const ExprPtr* expr : {&block.expression, &block.each, &block.when, &block.of})
        add(*expr, headers);
    for (const Block::Segment& segment : block.segments)
        add(segment.insertion, headers);
    for (const Block& item : block.items)
        add_headers_read(item, headers);
    for (const Block::Field& field : block.fields)
        add_headers_read(field.value, headers);
    for (const Block::Let& let : block.lets)
        add(let.value, headers);
    add(block.otherwise, headers);
    add(block.body, headers);
}

}  // namespace headgate::mapping
