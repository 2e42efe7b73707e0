#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/run.hpp"

namespace headgate::mapping {

/// A call while it runs: the piped value and the arguments, already evaluated (for `plain` functions).
struct Call {
    static constexpr std::size_t most_args = 3;
    const Expr& expr;
    Run& run;
    Value subject;
    std::span<Value> args;  // the first `most_args` of `count`
    std::size_t count = 0;

    [[nodiscard]] const Expr& subject_expr() const { return *expr.args[0]; }
    [[nodiscard]] const Expr& arg_expr(std::size_t i) const { return *expr.args[i + 1]; }
    bool number(Decimal& out) { return to_number(run, expr, subject_expr(), subject, out); }
    bool text(std::string_view& out) { return to_text(run, expr, subject_expr(), subject, out); }
    bool text_arg(std::size_t i, std::string_view& out) { return to_text(run, expr, arg_expr(i), args[i], out); }
    bool int_arg(std::size_t i, std::int64_t least, std::int64_t most, std::int64_t& out);
    bool fail(std::string_view code, std::string_view message)
    {
        return mapping::fail(run, expr, code, message, &subject);
    }
    bool within_steps() { return mapping::within_steps(run, expr.site, &subject); }
    bool fail_subject(std::string_view asked) { return fail_kind(run, expr, subject_expr(), subject, asked); }
};

using Apply = bool (*)(Call&, Value&);
/// What is wrong with the arguments as they are written; empty when nothing is.
using Check = std::string (*)(const Expr& call);

struct Function {
    enum class Kind : std::uint8_t {
        plain,    // everything evaluated, null passes through, a null argument fails
        each,     // the subject evaluated, the argument evaluated by the function about each item
        special,  // the function evaluates what it needs; null is its business
    };
    std::string_view name;
    int least = 0;  // arguments beside the piped value
    int most = 0;
    Apply apply = nullptr;
    Kind kind = Kind::plain;
    Check check = nullptr;                    // when the file is loaded
    std::optional<Vocabulary::Kind> reads{};  // a table of this kind, which its first argument names
    bool requests_only = false;               // reads what changes with every delivery
    bool of_currency = false;                 // its first argument is a currency
};

/// The failure `null_argument` for the i-th of a call's `args`.
bool fail_null_argument(Run& run, const Expr& call, std::size_t i);

/// The text of an argument that is a literal; nullopt when it is computed.
[[nodiscard]] std::optional<std::string_view> literal_text(const Expr& expr);

[[nodiscard]] const Function* find_function(std::string_view name);
[[nodiscard]] std::vector<std::string_view> function_names();

std::span<const Function> basic_functions();
std::span<const Function> text_functions();
std::span<const Function> number_functions();
std::span<const Function> money_functions();
std::span<const Function> list_functions();
std::span<const Function> time_functions();
std::span<const Function> coding_functions();
std::span<const Function> table_functions();

/// A text result: copied to the arena; a blank one reads as null; too long is `limit_text`.
bool give_text(Call& call, std::string_view text, Value& out);
bool give_number(Call& call, const std::optional<Decimal>& number, Value& out);

}  // namespace headgate::mapping
