#include "mapping/fields_read.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/suggest.hpp"
#include "mapping/anywhere.hpp"
#include "mapping/functions.hpp"

namespace headgate::mapping {

namespace {

struct Unknown {
    std::string_view name;
    std::vector<std::string_view> instead;
    bool on_list = false;
};

/// The members of what is no object in the schema and one in JSON.
std::vector<std::string_view> parts_of(Shape::Kind kind)
{
    switch (kind) {
    case Shape::Kind::money:
    case Shape::Kind::unit_price: return {"amount", "currency"};
    case Shape::Kind::quantity: return {"value", "uom"};
    default: return {};
    }
}

/// The first step of a path that leads nowhere; what cannot be followed here is taken to lead somewhere.
std::optional<Unknown> unknown_step(const Expr& path, const CanonicalType& type)
{
    const Shape* at = &type.shape;
    for (const Step& step : path.steps) {
        if (step.kind != Step::Kind::name) {
            if (step.kind == Step::Kind::descend || at->kind != Shape::Kind::list || at->item.empty())
                return std::nullopt;
            at = &at->item.front();
            continue;
        }
        if (at->kind == Shape::Kind::any)
            return std::nullopt;
        if (at->kind == Shape::Kind::list)
            return Unknown{step.name, {}, true};
        if (const auto* member = at->find(step.name)) {
            at = &member->shape;
            continue;
        }
        if (at->open)
            return std::nullopt;
        auto parts = parts_of(at->kind);
        if (std::ranges::find(parts, step.name) != parts.end())
            return std::nullopt;
        for (const auto& member : at->members)
            parts.push_back(member.name);
        return Unknown{step.name, std::move(parts), false};
    }
    return std::nullopt;
}

class FieldsReader {
public:
    FieldsReader(std::span<const CanonicalType* const> types, Problems& problems) : types_(types), problems_(problems)
    {}

    /// `about_it`: `.` is the transaction, and no item of a list.
    void read(const Expr& expr, bool about_it)  // NOLINT(misc-no-recursion)
    {
        if (is_path(expr))
            read_path(expr, about_it);
        for (std::size_t i = 0; i < expr.args.size(); ++i) {
            const bool of_items = i > 0 && expr.function != nullptr && expr.function->kind != Function::Kind::plain;
            read(*expr.args[i], about_it && !of_items);
        }
        for (const Step& step : expr.steps)
            if (step.condition)
                read(*step.condition, false);
    }

private:
    void read_path(const Expr& expr, bool about_it)
    {
        switch (expr.root) {
        case Root::headers: return not_there(expr, "$headers");
        case Root::event: return not_there(expr, "$event");
        case Root::channel: return not_there(expr, "$channel");
        case Root::document: return read_steps(expr);
        case Root::dot:
            if (about_it)
                read_steps(expr);
            return;
        default: return;
        }
    }

    void read_steps(const Expr& expr)
    {
        std::optional<Unknown> first;
        for (const auto* type : types_) {
            auto unknown = unknown_step(expr, *type);
            if (!unknown)
                return;
            if (!first)
                first = std::move(unknown);
        }
        if (!first)
            return;
        if (first->on_list)
            return say(expr, "path_on_list", "`" + std::string(first->name) + "` is asked of a list",
                       "say which item: `[0]`, or `any(.…)` and `all(.…)` about each");
        say(expr, "unknown_field",
            types_.size() == 1 ? "the canonical type `" + types_.front()->name + "` has no field `" +
                                     std::string(first->name) + "` here"
                               : "none of these canonical types has a field `" + std::string(first->name) + "` here",
            did_you_mean(first->name, first->instead));
    }

    void not_there(const Expr& expr, std::string_view name)
    {
        say(expr, "unknown_name",
            "`" + std::string(name) + "` is not there: only the transaction is, as `.` and `$doc`",
            "map what decides into a field of the transaction");
    }

    void say(const Expr& expr, std::string code, std::string message, std::string hint)
    {
        problems_.push_back({expr.site.file == nullptr ? std::string{} : *expr.site.file, expr.site.line,
                             expr.site.column, std::move(code), std::move(message), std::move(hint)});
    }

    std::span<const CanonicalType* const> types_;
    Problems& problems_;
};

}  // namespace

Problems not_in_transaction(const Block& block, std::span<const CanonicalType* const> types)
{
    Problems problems;
    if (block.expression)
        FieldsReader(types, problems).read(*block.expression, true);
    return problems;
}

}  // namespace headgate::mapping
