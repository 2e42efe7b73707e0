#include "mapping/expression.hpp"

#include <algorithm>
#include <array>
#include <memory_resource>

#include "core/utf8.hpp"
#include "mapping/anywhere.hpp"
#include "mapping/compile_values.hpp"
#include "mapping/compiled.hpp"
#include "mapping/fields_read.hpp"
#include "mapping/functions.hpp"
#include "mapping/json_text.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

namespace {

std::expected<std::shared_ptr<const CompiledValue>, Problem> compile_value(std::string_view text, const Place& place,
                                                                           bool bare, Use use = Use::anywhere)
{
    if (!is_utf8(text))
        return std::unexpected(
            Problem{place.file, place.line, place.column, "invalid_utf8", "the expression is not UTF-8", ""});
    auto made = std::make_shared<CompiledValue>();
    Problems problems;
    const YamlFile file = YamlFile::named(place.file);
    ValueCompiler compiler(made->program, made->files, nullptr, nullptr, problems);
    compiler.enter(file);
    if (use == Use::request)
        compiler.for_request();
    const ScalarText scalar{made->program.keep(text), compiler.file_name(), true, place.line, place.column, true};
    if (bare && text.starts_with('=') && !text.starts_with("=="))
        return std::unexpected(Problem{place.file, place.line, place.column, "syntax",
                                       "an expression stands here as it is", "leave the `=` out"});
    if (bare) {
        made->block.expression = compiler.expression(scalar, 0, Names{});
        made->block.kind = Block::Kind::expression;
    } else {
        made->block = compiler.scalar(scalar, Names{});
    }
    if (!problems.empty())
        return std::unexpected(std::move(problems.front()));
    return made;
}

/// Evaluates and hands the value on while its arena lives.
template <class Use>
auto with_value(const CompiledValue& compiled, const MappingContext& context, const Vocabularies* vocabularies, Use use)
    -> decltype(use(std::declval<Run&>(), Value{}))
{
    std::array<std::byte, 2048> buffer;
    std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
    Run run(context, vocabularies, compiled.program.slots, arena);
    Value value;
    if (!evaluate(compiled.block, run, value))
        return std::unexpected(std::move(run.failure));
    return use(run, value);
}

}  // namespace

std::expected<Expression, Problem> Expression::compile(std::string_view text, const Place& place)
{
    auto made = compile_value(text, place, false);
    if (!made)
        return std::unexpected(std::move(made.error()));
    return Expression(std::move(*made));
}

std::expected<Expression, Problem> Expression::compile_bare(std::string_view text, const Place& place, Use use)
{
    auto made = compile_value(text, place, true, use);
    if (!made)
        return std::unexpected(std::move(made.error()));
    return Expression(std::move(*made));
}

Result<std::optional<std::string>> Expression::text(const MappingContext& context) const
{
    return with_value(*value_, context, nullptr,
                      [&](Run& run, const Value& value) -> Result<std::optional<std::string>> {
                          if (value.is_null())
                              return std::nullopt;
                          if (const auto text = text_of(value, run.arena))
                              return std::string(*text);
                          mapping::fail(run, value_->block.site, "wrong_kind",
                                        "is " + std::string(name_of(value.kind)) + " where a text is asked", &value);
                          return std::unexpected(std::move(run.failure));
                      });
}

Result<bool> Expression::holds(const MappingContext& context) const
{
    std::array<std::byte, 2048> buffer;
    std::pmr::monotonic_buffer_resource arena(buffer.data(), buffer.size());
    Run run(context, nullptr, value_->program.slots, arena);
    const auto held = mapping::holds(*value_->block.expression, run);
    if (!held)
        return std::unexpected(std::move(run.failure));
    return *held;
}

Problems Expression::not_in_transaction(std::span<const CanonicalType* const> types) const
{
    return mapping::not_in_transaction(value_->block, types);
}

bool Expression::reads_document() const
{
    const Block& block = value_->block;
    if (block.kind == Block::Kind::literal)
        return false;
    return block.kind != Block::Kind::expression || !block.expression ||
           holds_anywhere(*block.expression, [](const Expr& expr) {
               return is_path(expr) && expr.root != Root::headers && expr.root != Root::event &&
                      expr.root != Root::channel;
           });
}

bool Expression::reads_event() const
{
    return holds_anywhere(value_->block, [](const Expr& expr) { return is_path(expr) && expr.root == Root::event; });
}

bool Expression::looks_up() const
{
    return holds_anywhere(value_->block,
                          [](const Expr& expr) { return expr.function != nullptr && expr.function->reads; });
}

std::vector<HeaderRead> Expression::headers() const
{
    std::vector<HeaderRead> headers;
    add_headers_read(value_->block, headers);
    return headers;
}

std::vector<std::vector<std::string>> Expression::member_paths() const
{
    std::vector<std::vector<std::string>> paths;
    const auto collect = [&paths](const auto& self, const Expr& expr) -> bool {
        if (expr.evaluate == evaluate_coalesce)
            return self(self, *expr.args[0]) && self(self, *expr.args[1]);
        if (expr.evaluate != evaluate_path || expr.root != Root::dot || expr.steps.empty())
            return false;
        auto& path = paths.emplace_back();
        for (const Step& step : expr.steps) {
            if (step.kind != Step::Kind::name)
                return false;
            path.emplace_back(step.name);
        }
        return true;
    };
    const Block& block = value_->block;
    if (block.kind != Block::Kind::expression || !block.expression || !collect(collect, *block.expression))
        paths.clear();
    return paths;
}

Result<NodeIndex> Expression::node(const MappingContext& context) const
{
    return with_value(*value_, context, nullptr, [&](Run& run, const Value& value) -> Result<NodeIndex> {
        if (value.is_null())
            return no_node;
        if (value.node != no_node && value.document == &context.document)
            return value.node;
        mapping::fail(run, value_->block.site, "wrong_kind", "is computed where a place in the document is asked",
                      &value);
        return std::unexpected(std::move(run.failure));
    });
}

Result<std::string> Expression::json(const MappingContext& context, const Vocabularies* vocabularies) const
{
    return with_value(*value_, context, vocabularies, [](Run&, const Value& value) -> Result<std::string> {
        std::string text;
        if (!append_json(text, value, limits::output))
            return headgate::fail(FailureClass::permanent, "limit_output", "the value is larger than 8 MiB");
        return text;
    });
}

}  // namespace headgate::mapping
