#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/transaction.hpp"
#include "mapping/context.hpp"
#include "mapping/trace.hpp"
#include "mapping/tree.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::mapping {

namespace limits {
inline constexpr std::uint64_t steps = 1'000'000;
inline constexpr std::uint64_t steps_per_node = 20;  // more of a large document: what is linear in it gets through
inline constexpr int depth = 64;
inline constexpr int nested = 1024;  // expressions within expressions, through names
inline constexpr std::uint64_t items = 100'000;
inline constexpr std::size_t text = std::size_t{1} << 20U;
inline constexpr std::size_t output = std::size_t{8} << 20U;
inline constexpr std::size_t transactions = 10'000;
// Of all transactions of a document together.
inline constexpr std::uint64_t document_steps = 20'000'000;
inline constexpr std::size_t document_output = std::size_t{64} << 20U;
inline constexpr std::size_t warnings = 100;
inline constexpr std::size_t failures = 1'000;  // of a run that goes on behind them
}  // namespace limits

/// A `let` or `as` of the running transaction. A `let` is evaluated when it is first asked for, about the `.` and
/// `$index` it was written at: what is never used never fails.
struct Slot {
    enum class State : std::uint8_t { waiting, busy, ready };
    State state = State::ready;
    const Block* source = nullptr;
    Value dot;
    std::int64_t index = -1;
    Value value;
};

/// What a run keeps that explains itself. A run that only maps has none, and pays for none.
struct Account {
    bool all = false;    // goes on behind a failure, field by field
    bool trace = false;  // keeps where fields come from
    std::vector<Failure> failures{};
    std::vector<FieldTrace> fields{};
    std::vector<std::string>* reading = nullptr;          // the sources of the field that is being made
    std::deque<std::vector<std::string>> slot_sources{};  // what each name was made of

    /// A name is made once and used in many fields: what it was made of is kept beside it.
    std::vector<std::string>* begin_slot(int slot);
    void end_slot(int slot, std::vector<std::string>* before, const Value& made);
    void use_sources(int slot, const Value& made);
};

/// One transaction being mapped: what expressions read and where they leave their failure. Lives on one thread.
struct Run {
    Run(const MappingContext& about, const Vocabularies* tables, int slot_count, std::pmr::memory_resource& memory);

    const MappingContext& context;
    const Vocabularies* vocabularies;
    std::pmr::memory_resource& arena;
    std::pmr::vector<Slot> slots;
    Value document;  // `$doc`
    Value dot;
    std::int64_t index = -1;
    std::uint64_t steps = 0;
    const std::uint64_t most_steps;
    std::uint64_t items = 0;
    int depth = 0;                 // of names that are being made
    int nested = 0;                // of what they are made of
    std::optional<Value> headers;  // `$headers`, `$event`, `$channel`, once they were asked for
    std::optional<Value> event;
    std::optional<Value> channel;
    Failure failure;
    bool has_failed = false;  // what is made now is to be known of it: no word is counted or waited for
    std::vector<Warning> warnings;
    Account* account = nullptr;  // null in a run that only maps
    bool keeps_nulls = false;    // `nulls: keep` of a request

    struct OutputStep {
        std::string_view name;  // empty: an item
        std::int64_t place = 0;
    };
    std::pmr::vector<OutputStep> output;  // the output field being made: "lines[0].unit_price"

    [[nodiscard]] std::string output_path() const;
    /// Notes something that is no failure; what is beyond a hundred is not kept.
    void warn(const Site& site, std::string_view code, std::string_view vocabulary = {});
    /// Behind a failure: whether the run goes on all the same. Then the failure is kept and the output is back at
    /// `depth`.
    bool goes_on(std::size_t depth);
    /// How many failures were kept so far.
    [[nodiscard]] std::size_t kept() const { return account == nullptr ? 0 : account->failures.size(); }
    /// A value was read; only a run that traces cares.
    void read(const Value& value, const Expr& path)
    {
        if (account != nullptr && account->reading != nullptr)
            note_source(value, path);
    }
    void note_source(const Value& value, const Expr& path);
    /// Work inside of one step that grows with the document counts by what it takes: passing sixteen nodes on the way
    /// to one, or reading or writing sixty-four bytes, is about one step. The next evaluation looks at the limit.
    void count_nodes(std::uint64_t passed) { steps += passed / 16; }
    void count_bytes(std::uint64_t bytes) { steps += bytes / 64; }
    /// Arena arrays, filled by the caller.
    template <class T>
    T* make(std::size_t count)
    {
        return std::uninitialized_default_construct_n(static_cast<T*>(arena.allocate(count * sizeof(T), alignof(T))),
                                                      count) -
               count;
    }
    [[nodiscard]] Value own_text(std::string_view text) { return text_value(copy_text(text, arena)); }
    [[nodiscard]] Value time_value(const Timestamp& time, std::string_view source);
};

/// Headers as members: the first of a name counts, so that what a path finds does not hang on where it looks first; a
/// blank one reads as null.
[[nodiscard]] std::span<const Member> named_once(Run& run, std::span<const std::pair<std::string, std::string>> fields);

/// `file:line:column`; empty when it stands nowhere.
[[nodiscard]] std::string text_of(const Site& site);

/// Leaves a failure behind and returns false. `message` names kinds and places, never a value.
bool fail(Run& run, const Site& site, std::string_view code, std::string_view message, const Value* culprit = nullptr,
          std::string_view source = {});
bool fail(Run& run, const Expr& expr, std::string_view code, std::string_view message, const Value* culprit = nullptr);
/// "`.price` is a text where a number is asked"
bool fail_kind(Run& run, const Expr& asking, const Expr& given, const Value& culprit, std::string_view asked);

/// False with a failure at `site` once the mapping has taken more steps than it may.
inline bool within_steps(Run& run, const Site& site, const Value* culprit = nullptr)
{
    return run.steps <= run.most_steps ||
           fail(run, site, "limit_steps",
                "the mapping takes more than 1,000,000 steps and 20 for each value of the document", culprit);
}

/// Counts the step and evaluates.
inline bool evaluate(const Expr& expr, Run& run, Value& out)
{
    ++run.steps;
    return within_steps(run, expr.site) && expr.evaluate(expr, run, out);
}

/// As `evaluate`, for who only looks: the value where it lies, as long as nothing else is bound, or else in `room`.
/// Null with a failure.
const Value* look(const Expr& expr, Run& run, Value& room);
/// As `evaluate`, for who only asks whether it holds. Nothing: a failure, which is neither yes nor no.
[[nodiscard]] std::optional<bool> holds(const Expr& expr, Run& run);

bool evaluate(const Block& block, Run& run, Value& out);

/// As those of values, and the way there is counted.
inline Value member_of(Run& run, const Value& object, std::string_view name)
{
    run.count_nodes(object.count);
    return member_of(object, name, run.arena);
}

/// As that of values; each item is a step.
template <class Visit>
bool each_item(Run& run, const Value& list, Visit&& visit)
{
    return each_item(list, [&](const Value& item) {
        ++run.steps;
        return visit(item);
    });
}

/// The value as the number it is or reads as; failure else.
bool to_number(Run& run, const Expr& asking, const Expr& given, const Value& value, Decimal& out);
bool to_text(Run& run, const Expr& asking, const Expr& given, const Value& value, std::string_view& out);

enum class Order3 : std::int8_t { less = -1, equal = 0, greater = 1, different = 2 };
/// Compares by the language's rules. `strict` (for < and >) fails where == and != just say different.
bool compare(Run& run, const Expr& expr, const Value& left, const Value& right, bool strict, Order3& out);

// The evaluators that the parser resolves to.
bool evaluate_literal(const Expr& expr, Run& run, Value& out);
bool evaluate_path(const Expr& expr, Run& run, Value& out);
const Value* look_along_path(const Expr& expr, Run& run, Value& room);
bool evaluate_call(const Expr& expr, Run& run, Value& out);
bool evaluate_list(const Expr& expr, Run& run, Value& out);
bool evaluate_choice(const Expr& expr, Run& run, Value& out);
bool evaluate_or(const Expr& expr, Run& run, Value& out);
bool evaluate_and(const Expr& expr, Run& run, Value& out);
bool evaluate_not(const Expr& expr, Run& run, Value& out);
bool evaluate_comparison(const Expr& expr, Run& run, Value& out);
bool evaluate_coalesce(const Expr& expr, Run& run, Value& out);
bool evaluate_add(const Expr& expr, Run& run, Value& out);
bool evaluate_subtract(const Expr& expr, Run& run, Value& out);
bool evaluate_multiply(const Expr& expr, Run& run, Value& out);
bool evaluate_negate(const Expr& expr, Run& run, Value& out);

}  // namespace headgate::mapping
