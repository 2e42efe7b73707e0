#include "mapping/functions.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

namespace headgate::mapping {

namespace {

using enum Function::Kind;

struct Table {
    Table()
    {
        for (const auto part : {basic_functions(), text_functions(), number_functions(), money_functions(),
                                list_functions(), time_functions(), coding_functions(), table_functions()})
            functions.insert(functions.end(), part.begin(), part.end());
        std::ranges::sort(functions, {}, &Function::name);
    }
    std::vector<Function> functions;
};

const Table& table()
{
    static const Table built;
    return built;
}

bool apply_default(Call& call, Value& out)
{
    if (!evaluate(call.subject_expr(), call.run, out))
        return false;
    return !out.is_null() || evaluate(call.arg_expr(0), call.run, out);
}

bool apply_required(Call& call, Value& out)
{
    if (!evaluate(call.subject_expr(), call.run, out))
        return false;
    if (!out.is_null())
        return true;
    const std::string_view code = call.count == 1 ? call.arg_expr(0).literal.text : "missing_required";
    return fail(call.run, call.expr.site, code, "is null and the mapping requires it", &out,
                call.subject_expr().source);
}

bool apply_exists(Call& call, Value& out)
{
    Value value;
    if (!evaluate(call.subject_expr(), call.run, value))
        return false;
    out = boolean_value(!value.is_null());
    return true;
}

bool apply_fail(Call& call, Value&)
{
    return fail(call.run, call.expr.site, call.expr.args.back()->literal.text, "the mapping ends this transaction");
}

/// Codes group letters and stand in logs and labels, so none is made of what a document says.
std::string check_code(const Expr& call)
{
    const bool is_default = call.function->apply == apply_required && call.args.size() == 1;
    const std::string_view code = literal_text(*call.args.back()).value_or("");
    const bool fits = !code.empty() && code.size() <= 64 &&
                      code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
    return is_default || fits ? ""
                              : "`" + std::string(call.function->name) +
                                    "` takes its code as a text that stands here: up to 64 of a-z, 0-9 and _";
}

constexpr Function basics[] = {
    {"default", 1, 1, apply_default, special},
    {"required", 0, 1, apply_required, special, check_code},
    {"exists", 0, 0, apply_exists, special},
    {"fail", 0, 1, apply_fail, special, check_code},
};

}  // namespace

bool fail_null_argument(Run& run, const Expr& call, std::size_t i)
{
    return fail(run, call.site, "null_argument",
                "is null where `" + std::string(call.function->name) + "` takes an argument", nullptr,
                call.args[i]->source);
}

std::span<const Function> basic_functions()
{
    return basics;
}

const Function* find_function(std::string_view name)
{
    const auto& functions = table().functions;
    const auto found = std::ranges::lower_bound(functions, name, {}, &Function::name);
    return found != functions.end() && found->name == name ? &*found : nullptr;
}

std::vector<std::string_view> function_names()
{
    std::vector<std::string_view> names;
    for (const Function& function : table().functions)
        names.push_back(function.name);
    return names;
}

std::optional<std::string_view> literal_text(const Expr& expr)
{
    if (expr.evaluate != evaluate_literal || expr.literal.kind != Kind::text)
        return std::nullopt;
    return expr.literal.text;
}

bool Call::int_arg(std::size_t i, std::int64_t least, std::int64_t most, std::int64_t& out)
{
    Decimal number;
    if (!to_number(run, expr, arg_expr(i), args[i], number))
        return false;
    const auto whole = number.to_int64();
    if (!whole || *whole < least || *whole > most)
        return mapping::fail(run, expr.site, "wrong_argument",
                             "is no whole number from " + std::to_string(least) + " to " + std::to_string(most),
                             nullptr, arg_expr(i).source);
    out = *whole;
    return true;
}

bool give_text(Call& call, std::string_view text, Value& out)
{
    if (text.size() > limits::text)
        return call.fail("limit_text", "makes a text of more than 1 MiB");
    call.run.count_bytes(text.size());
    out = is_blank(text) ? Value{} : call.run.own_text(text);
    return true;
}

bool give_number(Call& call, const std::optional<Decimal>& number, Value& out)
{
    if (!number)
        return call.fail("number_overflow", "the exact result has more than 38 digits");
    out = number_value(*number);
    return true;
}

bool evaluate_call(const Expr& expr, Run& run, Value& out)
{
    const Function& function = *expr.function;
    // Most calls have no argument: only those there are become values. A function that takes more than there is room
    // for evaluates them itself.
    alignas(Value) std::array<std::byte, Call::most_args * sizeof(Value)> room;
    const std::size_t count = expr.args.size() - 1;
    const std::span args(reinterpret_cast<Value*>(room.data()), std::min(count, Call::most_args));
    std::uninitialized_default_construct(args.begin(), args.end());
    Call call{.expr = expr, .run = run, .subject = {}, .args = args, .count = count};
    if (function.kind == special)
        return function.apply(call, out);
    if (!evaluate(*expr.args[0], run, call.subject))
        return false;
    out = {};
    if (call.subject.is_null())
        return true;
    if (function.kind == plain) {
        for (std::size_t i = 0; i < call.count; ++i) {
            if (!evaluate(*expr.args[i + 1], run, call.args[i]))
                return false;
            if (call.args[i].is_null())
                return fail_null_argument(run, expr, i + 1);
        }
    }
    return function.apply(call, out);
}

}  // namespace headgate::mapping
