#include <algorithm>
#include <string>

#include "mapping/functions.hpp"
#include "mapping/same_values.hpp"

namespace headgate::mapping {

namespace {

using enum Function::Kind;
using Values = std::pmr::vector<Value>;

bool too_many(Call& call)
{
    return call.fail("limit_items", "makes a list of more than 100,000 items");
}

bool give_list(Call& call, const Values& values, Value& out)
{
    if (values.size() > limits::items)
        return too_many(call);
    auto* items = call.run.make<Value>(values.size());
    std::ranges::copy(values, items);
    out = list_value({items, values.size()});
    return true;
}

/// The items of the subject; a single value is a list of one.
Values items_of(Call& call, const Value& list)
{
    Values values(&call.run.arena);
    values.reserve(list.kind == Kind::list ? list.count : 1);
    each_item(call.run, list, [&](const Value& item) {
        values.push_back(item);
        return true;
    });
    return values;
}

/// Asks the argument about each item, and hands both to `use`, which returns false to stop. What `ask` gives is false
/// where it failed.
bool with_each(Call& call, auto ask, auto use)
{
    const Value dot = call.run.dot;
    bool failed = false;
    each_item(call.subject, [&](const Value& item) {
        call.run.dot = item;
        const auto given = ask(call.arg_expr(0), call.run);
        failed = !given;
        return given && use(item, *given);
    });
    call.run.dot = dot;
    return !failed;
}

bool about_each(Call& call, auto use)
{
    Value given;
    return with_each(
        call,
        [&](const Expr& expr, Run& run) {
            given = {};
            return evaluate(expr, run, given) ? &given : nullptr;
        },
        use);
}

bool asked_of_each(Call& call, auto use)
{
    return with_each(call, holds, use);
}

bool apply_sum(Call& call, Value& out)
{
    bool failed = false;
    Value sum;  // the sum of nothing is null: it has no currency
    each_item(call.run, call.subject, [&](const Value& item) {
        if (item.is_null())
            return true;
        Value next = item;
        if (item.kind != Kind::money) {
            Decimal number;
            if (!to_number(call.run, call.expr, call.subject_expr(), item, number)) {
                failed = true;
                return false;
            }
            next = number_value(number);
        }
        if (sum.is_null()) {
            sum = next;
            return true;
        }
        if (sum.kind != next.kind) {
            failed = !fail(call.run, call.expr.site, "wrong_kind", "holds money and plain numbers together", &item,
                           call.subject_expr().source);
            return false;
        }
        if (sum.kind == Kind::money && sum.text != next.text) {
            failed = !fail(call.run, call.expr.site, "currency_mix", "holds amounts of two currencies", &item,
                           call.subject_expr().source);
            return false;
        }
        const auto total = sum.number.plus(next.number);
        if (!total) {
            failed = !call.fail("number_overflow", "the exact result has more than 38 digits");
            return false;
        }
        sum.number = *total;
        sum.posted = sum.posted && next.posted;
        return true;
    });
    out = sum;
    out.node = no_node;
    return !failed;
}

bool apply_count(Call& call, Value& out)
{
    out = number_value(Decimal(call.subject.kind == Kind::list ? std::int64_t{call.subject.count} : 1));
    return true;
}

bool extreme(Call& call, Order3 wanted, Value& out)
{
    bool failed = false;
    Value best;
    each_item(call.run, call.subject, [&](const Value& item) {
        Order3 order = wanted;
        if (item.is_null())
            return true;
        if (!best.is_null())
            failed = !compare(call.run, call.expr, item, best, true, order);
        if (!failed && order == wanted)
            best = item;
        return !failed;
    });
    out = best;
    return !failed;
}

bool apply_min(Call& call, Value& out)
{
    return extreme(call, Order3::less, out);
}
bool apply_max(Call& call, Value& out)
{
    return extreme(call, Order3::greater, out);
}

bool apply_first(Call& call, Value& out)
{
    out = item_of(call.subject, 0);
    return true;
}

bool apply_last(Call& call, Value& out)
{
    out = item_of(call.subject, -1);
    return true;
}

bool apply_at(Call& call, Value& out)
{
    std::int64_t place = 0;
    if (!call.int_arg(0, -1'000'000, 1'000'000, place))
        return false;
    out = item_of(call.subject, place);
    return true;
}

bool apply_slice(Call& call, Value& out)
{
    std::int64_t from = 0;
    std::int64_t size = 1'000'000;
    if (!call.int_arg(0, 0, size, from) || (call.count > 1 && !call.int_arg(1, 0, size, size)))
        return false;
    const Values values = items_of(call, call.subject);
    const auto begin = std::min(static_cast<std::size_t>(from), values.size());
    const auto count = std::min(static_cast<std::size_t>(size), values.size() - begin);
    return give_list(call,
                     Values(values.begin() + static_cast<std::ptrdiff_t>(begin),
                            values.begin() + static_cast<std::ptrdiff_t>(begin + count), &call.run.arena),
                     out);
}

bool apply_compact(Call& call, Value& out)
{
    Values values = items_of(call, call.subject);
    std::erase_if(values, [](const Value& value) { return value.is_null(); });
    return give_list(call, values, out);
}

bool apply_concat(Call& call, Value& out)
{
    Values values = items_of(call, call.subject);
    for (std::size_t i = 0; i < call.count; ++i)
        for (const Value& value : items_of(call, call.args[i]))
            values.push_back(value);
    return give_list(call, values, out);
}

bool apply_flatten(Call& call, Value& out)
{
    Values values(&call.run.arena);
    each_item(call.run, call.subject, [&](const Value& item) {
        each_item(call.run, item, [&](const Value& inner) {
            values.push_back(inner);
            return values.size() <= limits::items;
        });
        return values.size() <= limits::items;
    });
    return give_list(call, values, out);
}

bool apply_unique(Call& call, Value& out)
{
    SameValues known(call);
    Values kept(&call.run.arena);
    for (const Value& item : items_of(call, call.subject)) {
        std::size_t place = 0;
        if (!known.place_of(item, place))
            return false;
        if (place == kept.size())
            kept.push_back(item);
    }
    return give_list(call, kept, out);
}

bool apply_where(Call& call, Value& out)
{
    Values kept(&call.run.arena);
    const bool done = asked_of_each(call, [&](const Value& item, bool held) {
        if (held)
            kept.push_back(item);
        return true;
    });
    return done && give_list(call, kept, out);
}

bool apply_map(Call& call, Value& out)
{
    Values made(&call.run.arena);
    const bool done = about_each(call, [&](const Value&, const Value& value) {
        made.push_back(value);
        return true;
    });
    return done && give_list(call, made, out);
}

bool apply_any(Call& call, Value& out)
{
    bool found = false;
    const bool done = asked_of_each(call, [&](const Value&, bool held) { return !(found = held); });
    out = boolean_value(found);
    return done;
}

bool apply_all(Call& call, Value& out)
{
    bool all = true;
    const bool done = asked_of_each(call, [&](const Value&, bool held) { return all = held; });
    out = boolean_value(all);
    return done;
}

bool apply_sort_by(Call& call, Value& out)
{
    struct Keyed {
        Value key;
        Value item;
    };
    std::pmr::vector<Keyed> keyed(&call.run.arena);
    if (!about_each(call, [&](const Value& item, const Value& key) {
            keyed.push_back({key, item});
            return true;
        }))
        return false;
    bool failed = false;
    std::ranges::stable_sort(keyed, [&](const Keyed& left, const Keyed& right) {
        if (failed || left.key.is_null() || right.key.is_null())
            return !failed && !left.key.is_null() && right.key.is_null();  // nulls go last
        Order3 order{};
        failed = !compare(call.run, call.expr, left.key, right.key, true, order);
        ++call.run.steps;
        failed = failed || !call.within_steps();
        return !failed && order == Order3::less;
    });
    Values sorted(&call.run.arena);
    for (const Keyed& entry : keyed)
        sorted.push_back(entry.item);
    return !failed && give_list(call, sorted, out);
}

bool apply_group_by(Call& call, Value& out)
{
    struct Group {
        Value key;
        Values items;
    };
    std::pmr::vector<Group> groups(&call.run.arena);
    SameValues known(call);
    bool failed = false;
    const bool done = about_each(call, [&](const Value& item, const Value& key) {
        std::size_t place = 0;
        failed = !known.place_of(key, place);
        if (failed)
            return false;
        if (place == groups.size())
            groups.push_back({key, Values(&call.run.arena)});
        groups[place].items.push_back(item);
        return true;
    });
    if (!done || failed)
        return false;
    Values made(&call.run.arena);
    for (const Group& group : groups) {
        auto* members = call.run.make<Member>(2);
        members[0] = {"key", group.key};
        members[1].name = "items";
        if (!give_list(call, group.items, members[1].value))
            return false;
        made.push_back(object_value({members, 2}));
    }
    return give_list(call, made, out);
}

/// The nearest object around a value for which the condition holds, as far up as the document goes.
bool apply_ancestor(Call& call, Value& out)
{
    const MappingContext& context = call.run.context;
    if (call.subject.node == no_node || call.subject.document != &context.document)
        return fail(call.run, call.expr.site, "wrong_kind", "is computed and stands nowhere in the document",
                    &call.subject, call.subject_expr().source);
    const Document& document = context.document;
    const Value dot = call.run.dot;
    bool failed = false;
    NodeIndex at = call.subject.node;
    while (!failed && out.is_null() && at != context.root && document[at].parent != no_node) {
        at = document[at].parent;
        if (document[at].kind != NodeKind::object)
            continue;
        call.run.dot = node_value(document, at);
        const auto held = holds(call.arg_expr(0), call.run);
        failed = !held;
        if (held && *held)
            out = call.run.dot;
    }
    call.run.dot = dot;
    return !failed;
}

bool apply_get(Call& call, Value& out)
{
    std::string_view name;
    if (!call.text_arg(0, name))
        return false;
    if (call.subject.kind != Kind::object && call.subject.kind != Kind::money && call.subject.kind != Kind::quantity)
        return call.fail_subject("an object");
    out = member_of(call.run, call.subject, name);
    return true;
}

bool apply_entries(Call& call, Value& out)
{
    if (call.subject.kind != Kind::object)
        return call.fail_subject("an object");
    if (call.subject.count > limits::items)
        return too_many(call);
    call.run.steps += call.subject.count;
    Values made(&call.run.arena);
    each_member(call.subject, [&](std::string_view name, const Value& value) {
        auto* members = call.run.make<Member>(2);
        members[0] = {"key", text_value(name)};
        members[1] = {"value", value};
        made.push_back(object_value({members, 2}));
        return true;
    });
    return give_list(call, made, out);
}

constexpr Function list_table[] = {
    {"sum", 0, 0, apply_sum},
    {"count", 0, 0, apply_count},
    {"min", 0, 0, apply_min},
    {"max", 0, 0, apply_max},
    {"first", 0, 0, apply_first},
    {"last", 0, 0, apply_last},
    {"at", 1, 1, apply_at},
    {"slice", 1, 2, apply_slice},
    {"compact", 0, 0, apply_compact},
    {"concat", 1, 3, apply_concat},
    {"flatten", 0, 0, apply_flatten},
    {"unique", 0, 0, apply_unique},
    {"where", 1, 1, apply_where, each},
    {"map", 1, 1, apply_map, each},
    {"any", 1, 1, apply_any, each},
    {"all", 1, 1, apply_all, each},
    {"sort_by", 1, 1, apply_sort_by, each},
    {"group_by", 1, 1, apply_group_by, each},
    {"ancestor", 1, 1, apply_ancestor, each},
    {"get", 1, 1, apply_get},
    {"entries", 0, 0, apply_entries},
};

}  // namespace

std::span<const Function> list_functions()
{
    return list_table;
}

}  // namespace headgate::mapping
