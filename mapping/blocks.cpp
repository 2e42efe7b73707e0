#include <memory>

#include "mapping/run.hpp"
#include "mapping/shapes.hpp"

namespace headgate::mapping {

namespace {

/// Puts a value back when a scope ends, also when it ends early.
template <class T>
class Restored {
public:
    explicit Restored(T& place) : place_(place), kept_(place) {}
    ~Restored() { place_ = kept_; }
    Restored(const Restored&) = delete;
    Restored& operator=(const Restored&) = delete;

private:
    T& place_;
    T kept_;
};

bool evaluate_text(const Block& block, Run& run, Value& out)
{
    std::pmr::string text(&run.arena);
    for (const Block::Segment& segment : block.segments) {
        text += segment.text;
        if (!segment.insertion)
            continue;
        Value value;
        if (!evaluate(*segment.insertion, run, value))
            return false;
        if (value.is_null()) {
            out = {};
            return true;
        }
        std::string_view inserted;
        if (!to_text(run, *segment.insertion, *segment.insertion, value, inserted))
            return false;
        text += inserted;
        if (text.size() > limits::text)
            return fail(run, block.site, "limit_text", "is a text of more than 1 MiB");
    }
    out = run.own_text(text);
    return true;
}

bool evaluate_items(const Block& block, Run& run, Value& out)
{
    auto* items = run.make<Value>(block.items.size());
    const std::size_t depth = run.output.size();
    for (std::size_t i = 0; i < block.items.size(); ++i) {
        run.output.push_back({{}, static_cast<std::int64_t>(i)});
        if (!evaluate(block.items[i], run, items[i])) {
            if (!run.goes_on(depth))
                return false;
            items[i] = {};
            continue;
        }
        run.output.pop_back();
    }
    out = list_value({items, block.items.size()});
    return true;
}

std::string_view source_of(const Block& block)
{
    return block.kind == Block::Kind::expression ? block.expression->source : std::string_view{};
}

bool missing(Run& run, const Block::Field& field)
{
    run.output.push_back({field.name});
    fail(run, field.value.site, "missing_required", "is null and the field is required", nullptr,
         source_of(field.value));
    run.output.pop_back();
    return false;
}

bool evaluate_fields(const Block& block, Run& run, Value& out)
{
    auto* members = run.make<Member>(block.fields.size());
    std::size_t count = 0;
    const std::size_t depth = run.output.size();
    const std::size_t kept_before = run.kept();
    const Block::Field* lacking = nullptr;
    for (const Block::Field& field : block.fields) {
        Member& member = members[count];
        const std::size_t kept = run.kept();
        run.output.push_back({field.name});
        if (!evaluate(field.value, run, member.value)) {
            if (!run.goes_on(depth))
                return false;
            continue;
        }
        run.output.pop_back();
        if (!member.value.is_null() || run.keeps_nulls) {
            member.name = field.name;
            ++count;
        } else if (field.required && run.kept() == kept) {  // it may be null because something in it failed
            if (depth == 0) {
                if (!missing(run, field) && !run.goes_on(depth))
                    return false;
            } else if (lacking == nullptr) {
                lacking = &field;
            }
        }
    }
    out = {};
    if (count == 0 && run.kept() == kept_before)
        return true;  // an object all of whose fields are null is null
    if (lacking != nullptr)
        return missing(run, *lacking);
    out = object_value({members, count});
    return true;
}

bool evaluate_match(const Block& block, Run& run, Value& out)
{
    Value value;
    if (!evaluate(*block.expression, run, value))
        return false;
    if (!value.is_null()) {
        const Value compared = value.kind == Kind::boolean ? text_value(value.truth ? "true" : "false") : value;
        for (std::size_t i = 0; i < block.cases.size(); ++i) {
            Order3 order{};
            if (!compare(run, *block.expression, compared, text_value(block.cases[i]), false, order))
                return false;
            if (order == Order3::equal)
                return evaluate(block.items[i], run, out);
        }
    }
    if (block.otherwise)
        return evaluate(*block.otherwise, run, out);
    return fail(run, block.site, "no_case",
                value.is_null() ? "is null and there is no `else`" : "equals no case and there is no `else`", &value,
                block.expression->source);
}

void bind(const Block& block, Run& run)
{
    for (const Block::Let& let : block.lets) {
        Slot& slot = run.slots[static_cast<std::size_t>(let.slot)];
        slot.state = Slot::State::waiting;
        slot.source = let.value.get();
        slot.dot = run.dot;
        slot.index = run.index;
    }
}

/// What a scope gives about the current `.`: `present` is false when its `when` does not hold.
bool evaluate_inside(const Block& block, Run& run, Value& out, bool& present)
{
    bind(block, run);
    out = {};
    present = true;
    if (block.when) {
        const auto wanted = holds(*block.when, run);
        if (!wanted)
            return false;
        present = *wanted;
        if (!present)
            return true;
    }
    if (!block.of)
        return evaluate(*block.body, run, out);
    Value about;
    if (!evaluate(*block.of, run, about))
        return false;
    if (about.is_null())
        return true;
    if (about.kind == Kind::list)
        return fail(run, *block.of, "wrong_kind",
                    "`of` is a list where one thing is asked; say which: [0] or [condition]", &about);
    const Restored dot(run.dot);
    run.dot = about;
    return evaluate(*block.body, run, out);
}

bool evaluate_each(const Block& block, Run& run, Value& out)
{
    Value list;
    if (!evaluate(*block.each, run, list))
        return false;
    out = {};
    if (list.is_null())
        return true;
    const std::size_t size = list.kind == Kind::list ? list.count : 1;
    run.items += size;
    if (run.items > limits::items)
        return fail(run, *block.each, "limit_items", "makes more than 100,000 items");

    const Restored dot(run.dot);
    const Restored index(run.index);
    const std::size_t depth = run.output.size();
    auto* made = run.make<Value>(size);
    std::size_t count = 0;
    std::int64_t place = 0;
    const bool done = each_item(list, [&](const Value& item) {
        run.dot = item;
        run.index = place++;
        if (block.as >= 0) {
            Slot& slot = run.slots[static_cast<std::size_t>(block.as)];
            slot.state = Slot::State::ready;
            slot.value = item;
        }
        run.output.push_back({{}, static_cast<std::int64_t>(count)});
        bool present = false;
        if (!evaluate_inside(block, run, made[count], present)) {
            made[count] = {};
            return run.goes_on(depth);
        }
        run.output.pop_back();
        if (present && (block.keeps_nulls || !made[count].is_null()))
            ++count;
        return true;
    });
    if (!done)
        return false;
    out = list_value({made, count});
    return true;
}

bool evaluate_leaf(const Block& block, Run& run, Value& out)
{
    switch (block.kind) {
    case Block::Kind::expression: return evaluate(*block.expression, run, out);
    case Block::Kind::inserted_text: return evaluate_text(block, run, out);
    default: out = block.literal; return true;
    }
}

/// A run that traces keeps what the field is made of.
bool evaluate_traced(const Block& block, Run& run, Value& out)
{
    FieldTrace field;
    field.field = run.output_path();
    field.config = text_of(block.site);
    if (block.kind == Block::Kind::expression)
        field.expression = block.expression->source;
    for (const Block::Segment& segment : block.segments) {
        field.expression += segment.text;
        if (segment.insertion)
            field.expression.append("{").append(segment.insertion->source).append("}");
    }
    const Restored reading(run.account->reading);
    run.account->reading = &field.sources;
    const bool done = evaluate_leaf(block, run, out);
    if (done && !out.is_null())
        run.account->fields.push_back(std::move(field));
    return done;
}

bool traces(const Run& run)
{
    return run.account != nullptr && run.account->trace && run.account->reading == nullptr && !run.output.empty();
}

}  // namespace

bool evaluate(const Block& block, Run& run, Value& out)
{
    ++run.steps;
    if (!within_steps(run, block.site))
        return false;
    bool done = true;
    bool present = true;
    switch (block.kind) {
    case Block::Kind::literal:
    case Block::Kind::expression:
    case Block::Kind::inserted_text:
        done = traces(run) ? evaluate_traced(block, run, out) : evaluate_leaf(block, run, out);
        break;
    case Block::Kind::list: return evaluate_items(block, run, out);
    case Block::Kind::object: return evaluate_fields(block, run, out);
    case Block::Kind::match: return evaluate_match(block, run, out);
    case Block::Kind::scope:
        return block.each ? evaluate_each(block, run, out) : evaluate_inside(block, run, out, present);
    }
    if (!done)
        return false;
    return block.shape == nullptr || check_shape(run, block.site, *block.shape, out, source_of(block));
}

}  // namespace headgate::mapping
