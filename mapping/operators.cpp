#include <optional>
#include <utility>

#include "core/time.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

namespace {

bool overflow(Run& run, const Expr& expr)
{
    return fail(run, expr, "number_overflow", "the exact result has more than 38 digits");
}

Order3 order_of(std::strong_ordering order)
{
    return order < 0 ? Order3::less : order > 0 ? Order3::greater : Order3::equal;
}

/// An XML element with a text of its own compares as that text.
const Value* plain(Run& run, const Value* value, Value& room)
{
    if (value->kind != Kind::object || !value->is_tree())
        return value;
    run.count_nodes(value->count);
    const NodeIndex text = value->document->member(value->node, "#text");
    if (text == no_node)
        return value;
    set_node(room, *value->document, text);
    return &room;
}

/// What a failed comparison names: a side of the operator; all of what compares, when that is a function or `match`.
const Expr& side_of(const Expr& expr, std::size_t i)
{
    return expr.evaluate == evaluate_comparison ? *expr.args[i] : expr;
}

bool add(const Expr& expr, Run& run, bool subtracts, Value& out)
{
    Value left_room;
    Value right_room;
    const Value* const left_side = look(*expr.args[0], run, left_room);
    const Value* const right_side = left_side == nullptr ? nullptr : look(*expr.args[1], run, right_room);
    if (right_side == nullptr)
        return false;
    const Value& left = *left_side;
    const Value& right = *right_side;
    out = {};
    if (left.is_null() || right.is_null())
        return true;
    if (left.kind == Kind::money || right.kind == Kind::money) {
        if (left.kind != Kind::money)
            return fail_kind(run, expr, *expr.args[0], left, "money");
        if (right.kind != Kind::money)
            return fail_kind(run, expr, *expr.args[1], right, "money");
        if (left.text != right.text)
            return fail(run, expr, "currency_mix", "amounts of two currencies are added or subtracted", &right);
        const auto sum = subtracts ? left.number.minus(right.number) : left.number.plus(right.number);
        if (!sum)
            return overflow(run, expr);
        out = left;
        out.number = *sum;
        out.posted = left.posted && right.posted;
        return true;
    }
    Decimal a;
    Decimal b;
    if (!to_number(run, expr, *expr.args[0], left, a) || !to_number(run, expr, *expr.args[1], right, b))
        return false;
    const auto sum = subtracts ? a.minus(b) : a.plus(b);
    if (!sum)
        return overflow(run, expr);
    out = number_value(*sum);
    return true;
}

bool compare_numbers(Run& run, const Expr& expr, const Value& left, const Value& right, bool strict, Order3& out)
{
    const auto a = number_of(left);
    const auto b = number_of(right);
    if (a && b) {
        out = order_of(*a <=> *b);
        return true;
    }
    if (!strict && !is_too_long(a ? right : left)) {
        out = Order3::different;
        return true;
    }
    Decimal unused;
    return to_number(run, expr, side_of(expr, a ? 1 : 0), a ? right : left, unused);
}

bool compare_times(Run& run, const Expr& expr, const Value& left, const Value& right, bool strict, Order3& out)
{
    const auto time_of = [](const Value& value) -> std::optional<Timestamp> {
        if (value.kind == Kind::time)
            return value.time();
        const auto parsed =
            value.kind == Kind::text ? parse_timestamp(value.text) : std::unexpected(TimeError::malformed);
        return parsed ? std::optional(*parsed) : std::nullopt;
    };
    const auto a = time_of(left);
    const auto b = time_of(right);
    if (a && b) {
        out = order_of(*a <=> *b);
        return true;
    }
    out = Order3::different;
    return !strict || fail_kind(run, expr, side_of(expr, a ? 1 : 0), a ? right : left, "a time");
}

}  // namespace

bool compare(Run& run, const Expr& expr, const Value& left_given, const Value& right_given, bool strict, Order3& out)
{
    Value left_room;
    Value right_room;
    const Value& left = *plain(run, &left_given, left_room);
    const Value& right = *plain(run, &right_given, right_room);
    if (left.is_null() || right.is_null()) {
        out = left.is_null() && right.is_null() ? Order3::equal : Order3::different;
        return true;
    }
    for (const auto* side : {&left, &right})
        if (side->kind == Kind::list || side->kind == Kind::object)
            return fail_kind(run, expr, side_of(expr, side == &left ? 0 : 1), *side, "a single value");
    run.count_bytes(left.text.size() + right.text.size());
    if (left.kind == Kind::money && right.kind == Kind::money) {
        if (left.text == right.text) {
            out = order_of(left.number <=> right.number);
            return true;
        }
        out = Order3::different;
        return !strict || fail(run, expr, "currency_mix", "amounts of two currencies are compared", &right);
    }
    if (left.kind == Kind::quantity && right.kind == Kind::quantity && left.text == right.text) {
        out = order_of(left.number <=> right.number);
        return true;
    }
    if (left.kind == Kind::number || right.kind == Kind::number)
        return compare_numbers(run, expr, left, right, strict, out);
    if (left.kind == Kind::time || right.kind == Kind::time)
        return compare_times(run, expr, left, right, strict, out);
    if (left.kind == Kind::text && right.kind == Kind::text) {
        out = order_of(left.text.compare(right.text) <=> 0);  // UTF-8 sorts as its code points do
        return true;
    }
    if (!strict && left.kind == Kind::boolean && right.kind == Kind::boolean) {
        out = left.truth == right.truth ? Order3::equal : Order3::different;
        return true;
    }
    out = Order3::different;
    return !strict ||
           fail_kind(run, expr, side_of(expr, 0), left, "what compares with " + std::string(name_of(right.kind)));
}

bool evaluate_literal(const Expr& expr, Run&, Value& out)
{
    out = expr.literal;
    return true;
}

bool evaluate_list(const Expr& expr, Run& run, Value& out)
{
    auto* items = run.make<Value>(expr.args.size());
    for (std::size_t i = 0; i < expr.args.size(); ++i)
        if (!evaluate(*expr.args[i], run, items[i]))
            return false;
    out = list_value({items, expr.args.size()});
    return true;
}

bool evaluate_choice(const Expr& expr, Run& run, Value& out)
{
    std::size_t i = 0;
    for (; i + 1 < expr.args.size(); i += 2) {
        const auto wanted = holds(*expr.args[i], run);
        if (!wanted)
            return false;
        if (*wanted)
            return evaluate(*expr.args[i + 1], run, out);
    }
    return evaluate(*expr.args[i], run, out);
}

namespace {

/// `… == null` and `… != null`, which most conditions are.
bool asks_for_null(const Expr& expr)
{
    const Expr& right = *expr.args[1];
    return (expr.comparison == Comparison::equal || expr.comparison == Comparison::not_equal) &&
           right.evaluate == evaluate_literal && right.literal.is_null();
}

std::optional<bool> is_among(Run& run, const Expr& expr, const Value& left, const Value& right)
{
    if (left.is_null() || right.is_null())
        return false;
    if (right.kind != Kind::list) {
        fail_kind(run, expr, *expr.args[1], right, "a list");
        return std::nullopt;
    }
    bool failed = false;
    bool found = false;
    each_item(run, right, [&](const Value& item) {
        Order3 order{};
        failed = !compare(run, expr, left, item, false, order);
        found = !failed && order == Order3::equal;
        return !failed && !found;
    });
    return failed ? std::nullopt : std::optional(found);
}

std::optional<bool> comparison_holds(const Expr& expr, Run& run)
{
    Value left_room;
    Value right_room;
    const Value* const left = look(*expr.args[0], run, left_room);
    if (left == nullptr)
        return std::nullopt;
    if (asks_for_null(expr))
        return plain(run, left, right_room)->is_null() == (expr.comparison == Comparison::equal);
    const Value* const right = look(*expr.args[1], run, right_room);
    if (right == nullptr)
        return std::nullopt;
    if (expr.comparison == Comparison::in)
        return is_among(run, expr, *left, *right);
    const bool strict = expr.comparison != Comparison::equal && expr.comparison != Comparison::not_equal;
    if (strict && (left->is_null() || right->is_null()))
        return false;
    Order3 order{};
    if (!compare(run, expr, *left, *right, strict, order))
        return std::nullopt;
    switch (expr.comparison) {
    case Comparison::equal: return order == Order3::equal;
    case Comparison::not_equal: return order != Order3::equal;
    case Comparison::less: return order == Order3::less;
    case Comparison::less_equal: return order == Order3::less || order == Order3::equal;
    case Comparison::greater: return order == Order3::greater;
    case Comparison::greater_equal: return order == Order3::greater || order == Order3::equal;
    case Comparison::in: break;
    }
    std::unreachable();
}

std::optional<bool> or_holds(const Expr& expr, Run& run)
{
    const auto left = holds(*expr.args[0], run);
    return !left || *left ? left : holds(*expr.args[1], run);
}

std::optional<bool> and_holds(const Expr& expr, Run& run)
{
    const auto left = holds(*expr.args[0], run);
    return !left || !*left ? left : holds(*expr.args[1], run);
}

std::optional<bool> not_holds(const Expr& expr, Run& run)
{
    const auto held = holds(*expr.args[0], run);
    return held ? std::optional(!*held) : std::nullopt;
}

bool give_truth(std::optional<bool> truth, Value& out)
{
    if (truth)
        out = boolean_value(*truth);
    return truth.has_value();
}

}  // namespace

bool evaluate_or(const Expr& expr, Run& run, Value& out)
{
    return give_truth(or_holds(expr, run), out);
}
bool evaluate_and(const Expr& expr, Run& run, Value& out)
{
    return give_truth(and_holds(expr, run), out);
}
bool evaluate_not(const Expr& expr, Run& run, Value& out)
{
    return give_truth(not_holds(expr, run), out);
}
bool evaluate_comparison(const Expr& expr, Run& run, Value& out)
{
    return give_truth(comparison_holds(expr, run), out);
}

const Value* look(const Expr& expr, Run& run, Value& room)
{
    ++run.steps;
    if (!within_steps(run, expr.site))
        return nullptr;
    if (expr.evaluate == evaluate_path)
        return look_along_path(expr, run, room);
    if (expr.evaluate == evaluate_literal)
        return &expr.literal;
    return expr.evaluate(expr, run, room) ? &room : nullptr;
}

std::optional<bool> holds(const Expr& expr, Run& run)
{
    using Holds = std::optional<bool> (*)(const Expr&, Run&);
    const Holds own = expr.evaluate == evaluate_comparison ? comparison_holds
                      : expr.evaluate == evaluate_and      ? and_holds
                      : expr.evaluate == evaluate_or       ? or_holds
                      : expr.evaluate == evaluate_not      ? not_holds
                                                           : nullptr;
    if (own != nullptr) {
        ++run.steps;
        return within_steps(run, expr.site) ? own(expr, run) : std::nullopt;
    }
    Value room;
    const Value* const value = look(expr, run, room);
    return value == nullptr ? std::nullopt : std::optional(value->is_true());
}

bool evaluate_coalesce(const Expr& expr, Run& run, Value& out)
{
    if (!evaluate(*expr.args[0], run, out))
        return false;
    return !out.is_null() || evaluate(*expr.args[1], run, out);
}

bool evaluate_add(const Expr& expr, Run& run, Value& out)
{
    return add(expr, run, false, out);
}
bool evaluate_subtract(const Expr& expr, Run& run, Value& out)
{
    return add(expr, run, true, out);
}

bool evaluate_multiply(const Expr& expr, Run& run, Value& out)
{
    Value left_room;
    Value right_room;
    const Value* const left_side = look(*expr.args[0], run, left_room);
    const Value* const right_side = left_side == nullptr ? nullptr : look(*expr.args[1], run, right_room);
    if (right_side == nullptr)
        return false;
    const Value& left = *left_side;
    const Value& right = *right_side;
    out = {};
    if (left.is_null() || right.is_null())
        return true;
    if (left.kind == Kind::money && right.kind == Kind::money)
        return fail_kind(run, expr, *expr.args[1], right, "a number");
    const Value* money = left.kind == Kind::money ? &left : right.kind == Kind::money ? &right : nullptr;
    Decimal a = left.number;
    Decimal b = right.number;
    if ((&left != money && !to_number(run, expr, *expr.args[0], left, a)) ||
        (&right != money && !to_number(run, expr, *expr.args[1], right, b)))
        return false;
    const auto result = a.times(b);
    if (!result)
        return overflow(run, expr);
    out = number_value(*result);
    if (money != nullptr) {
        out.kind = Kind::money;
        out.text = money->text;
    }
    return true;
}

bool evaluate_negate(const Expr& expr, Run& run, Value& out)
{
    Value value;
    if (!evaluate(*expr.args[0], run, value))
        return false;
    out = {};
    if (value.is_null())
        return true;
    if (value.kind == Kind::money) {
        out = value;
        out.number = value.number.negated();
        return true;
    }
    Decimal number;
    if (!to_number(run, expr, *expr.args[0], value, number))
        return false;
    out = number_value(number.negated());
    return true;
}

}  // namespace headgate::mapping
