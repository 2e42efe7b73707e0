#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "mapping/run.hpp"

namespace headgate::mapping {

namespace {

using Values = std::pmr::vector<Value>;

Value headers_value(Run& run)
{
    const auto& headers = run.context.headers;
    return object_value(named_once(run, headers));
}

Value text_or_null(std::string_view text)
{
    return is_blank(text) ? Value{} : text_value(text);
}

Value named_texts(Run& run, std::initializer_list<std::pair<std::string_view, std::string_view>> texts)
{
    auto* members = run.make<Member>(texts.size());
    std::size_t count = 0;
    for (const auto& [name, text] : texts)
        members[count++] = {name, text_or_null(text)};
    return object_value({members, count});
}

bool evaluate_let(const Expr& expr, Run& run, Value& out)
{
    Slot& slot = run.slots[static_cast<std::size_t>(expr.slot)];
    if (slot.state == Slot::State::ready) {
        if (run.account != nullptr)
            run.account->use_sources(expr.slot, slot.value);
        out = slot.value;
        return true;
    }
    const int nested = run.nested;
    if (slot.state == Slot::State::busy || run.depth >= limits::depth || nested + slot.source->depth > limits::nested)
        return fail(run, expr, "limit_depth", "names use each other more than 64 deep, or 1,024 with what is in them");
    ++run.depth;
    run.nested += slot.source->depth;
    slot.state = Slot::State::busy;
    const Value dot = run.dot;
    const std::int64_t index = run.index;
    run.dot = slot.dot;
    run.index = slot.index;
    std::vector<std::string>* const reading = run.account == nullptr ? nullptr : run.account->begin_slot(expr.slot);
    const bool done = evaluate(*slot.source, run, slot.value);
    if (run.account != nullptr)
        run.account->end_slot(expr.slot, reading, slot.value);
    run.dot = dot;
    run.index = index;
    --run.depth;
    run.nested = nested;
    slot.state = done ? Slot::State::ready : Slot::State::waiting;  // who goes on behind a failure meets it again
    out = slot.value;
    return done;
}

/// Made once, however often it is asked for.
const Value& made_once(std::optional<Value>& kept, auto make)
{
    if (!kept)
        kept = make();
    return *kept;
}

/// What a path starts from, when it is a value that there is.
const Value* origin(const Expr& expr, Run& run)
{
    const MappingContext& about = run.context;
    switch (expr.root) {
    case Root::dot: return &run.dot;
    case Root::document: return &run.document;
    case Root::headers: return &made_once(run.headers, [&] { return headers_value(run); });
    case Root::event:
        return &made_once(run.event, [&] {
            return named_texts(run,
                               {{"id", about.event_id}, {"topic", about.topic}, {"received_at", about.received_at}});
        });
    case Root::channel:
        return &made_once(run.channel, [&] {
            auto* members = run.make<Member>(3);
            members[0] = {"name", text_or_null(about.channel_name)};
            members[1] = {"zone", text_or_null(about.channel_zone)};
            members[2] = {"settings", about.channel_settings == nullptr || about.channel_settings->empty()
                                          ? Value{}
                                          : node_value(*about.channel_settings, about.channel_settings->root())};
            return object_value({members, 3});
        });
    case Root::slot: {
        const Slot& slot = run.slots[static_cast<std::size_t>(expr.slot)];
        return slot.state == Slot::State::ready && run.account == nullptr ? &slot.value : nullptr;
    }
    case Root::index:
    case Root::primary: return nullptr;
    }
    return nullptr;
}

bool start(const Expr& expr, Run& run, Value& out)
{
    switch (expr.root) {
    case Root::dot:
    case Root::document:
    case Root::headers:
    case Root::event:
    case Root::channel: out = *origin(expr, run); return true;
    case Root::index: out = run.index < 0 ? Value{} : number_value(Decimal(run.index)); return true;
    case Root::slot: return evaluate_let(expr, run, out);
    case Root::primary: return evaluate(*expr.args[0], run, out);
    }
    return false;
}

bool name_step(const Expr& expr, Run& run, const Step& step, Value& at)
{
    switch (at.kind) {
    case Kind::null: return true;
    case Kind::object:
    case Kind::money:
    case Kind::quantity: at = member_of(run, at, step.name); return true;
    case Kind::list:
        return fail(
            run, expr.site, "path_on_list",
            "asks a list for the member `" + std::string(step.name) + "`; say which item: [] or [0] or [condition]",
            &at, expr.source);
    case Kind::boolean:
    case Kind::number:
    case Kind::text:
    case Kind::time: break;
    }
    return fail(run, expr.site, "wrong_kind",
                "asks " + std::string(name_of(at.kind)) + " for the member `" + std::string(step.name) + "`", &at,
                expr.source);
}

bool condition_step(Run& run, const Step& step, Value& at)
{
    const Value dot = run.dot;
    Value found;
    bool failed = false;
    each_item(run, at, [&](const Value& item) {
        if (item.is_null())
            return true;
        run.dot = item;
        const auto fits = holds(*step.condition, run);
        failed = !fits;
        if (fits && *fits)
            found = item;
        return fits && !*fits;
    });
    run.dot = dot;
    at = found;
    return !failed;
}

bool too_many(const Expr& expr, Run& run)
{
    return fail(run, expr, "limit_items", "a path finds more than 100,000 values");
}

/// Collects every member of a name below, in document order.
bool descend(const Expr& expr, Run& run, std::string_view name, const Value& at, Values& found)
{
    if (at.kind != Kind::list && at.kind != Kind::object)
        return true;
    run.count_nodes(at.count);
    ++run.steps;
    if (!within_steps(run, expr.site))
        return false;
    if (at.kind == Kind::list)
        return each_item(at, [&](const Value& item) { return descend(expr, run, name, item, found); });
    return each_member(at, [&](std::string_view member, const Value& value) {
        if (member == name && !value.is_null())
            found.push_back(value);
        if (found.size() > limits::items)
            return too_many(expr, run);
        return descend(expr, run, name, value, found);
    });
}

/// The steps from the first `[]` or `..name` on: each applies to every value there is.
bool many(const Expr& expr, Run& run, std::span<const Step> steps, const Value& at, Value& out)
{
    Values values({at}, &run.arena);
    for (const Step& step : steps) {
        Values next(&run.arena);
        for (Value& value : values) {
            if (value.is_null())
                continue;
            switch (step.kind) {
            case Step::Kind::every:
                if (!each_item(run, value, [&](const Value& item) {
                        if (!item.is_null())
                            next.push_back(item);
                        return next.size() <= limits::items || too_many(expr, run);
                    }))
                    return false;
                break;
            case Step::Kind::descend:
                if (!descend(expr, run, step.name, value, next))
                    return false;
                break;
            case Step::Kind::name:
                if (!name_step(expr, run, step, value))
                    return false;
                next.push_back(value);
                break;
            case Step::Kind::place: next.push_back(item_of(value, step.place)); break;
            case Step::Kind::condition:
                if (!condition_step(run, step, value))
                    return false;
                next.push_back(value);
                break;
            }
        }
        run.steps += next.size();
        values.swap(next);
    }
    std::size_t count = 0;
    auto* items = run.make<Value>(values.size());
    for (const Value& value : values)
        if (!value.is_null())
            items[count++] = value;
    out = list_value({items, count});
    return true;
}

/// The member of an object of the arena; null when it has none.
const Value* member(const Value& object, const Step& step)
{
    const auto members = object.members();
    const std::uint32_t guess = step.guess.place();
    if (guess < members.size() && same_text(members[guess].name, step.name))
        return &members[guess].value;
    const auto found =
        std::ranges::find_if(members, [&](const Member& member) { return same_text(member.name, step.name); });
    if (found == members.end())
        return nullptr;
    step.guess.learn(static_cast<std::uint32_t>(found - members.begin()));
    return &found->value;
}

const Value nothing;

/// The steps of a path that are still to be taken.
struct Way {
    const Step* next;
    const Step* end;
    explicit Way(const Expr& expr) : next(expr.steps.data()), end(expr.steps.data() + expr.steps.size()) {}
};

/// Follows names from object to object of the arena, then names and places from node to node of the document, as far as
/// they go. What is found lies in the arena, or is made in `room`.
const Value* walk(Run& run, const Value* from, Way& way, Value& room)
{
    for (; way.next != way.end && from->kind == Kind::object && !from->is_tree(); ++way.next) {
        if (way.next->kind != Step::Kind::name)
            break;
        run.count_nodes(from->count);
        from = member(*from, *way.next);
        if (from == nullptr) {
            ++way.next;
            return &nothing;
        }
    }
    // A text that was cut out of a node knows the node and is another value: only lists and objects are followed.
    const bool tree = from->is_tree() && (from->kind == Kind::object || from->kind == Kind::list);
    if (way.next == way.end || !tree)
        return from;
    const Document& document = *from->document;
    NodeIndex at = from->node;
    for (; way.next != way.end; ++way.next) {
        const Step& step = *way.next;
        const Node& node = document[at];
        if (step.kind == Step::Kind::name && node.kind == NodeKind::object) {
            run.count_nodes(node.count);
            at = document.member(at, step.name, step.guess.place());
            if (at != no_node)
                step.guess.learn(document[at].place);
        } else if (step.kind == Step::Kind::place && node.kind == NodeKind::list) {
            at = document.item(at, step.place);
        } else {
            break;
        }
        if (at == no_node) {
            ++way.next;
            return &nothing;
        }
    }
    set_node(room, document, at);
    return &room;
}

/// The steps that make values of their own.
bool follow(const Expr& expr, Run& run, Way way, Value& out)
{
    for (; way.next != way.end; ++way.next) {
        const Step& step = *way.next;
        switch (step.kind) {
        case Step::Kind::name:
            if (!name_step(expr, run, step, out))
                return false;
            break;
        case Step::Kind::place: out = item_of(out, step.place); break;
        case Step::Kind::condition:
            if (!condition_step(run, step, out))
                return false;
            break;
        case Step::Kind::every:
        case Step::Kind::descend: return many(expr, run, {way.next, way.end}, out, out);
        }
    }
    return true;
}

}  // namespace

const Value* look_along_path(const Expr& expr, Run& run, Value& room)
{
    Way way(expr);
    const Value* found = &room;
    if (const Value* const from = origin(expr, run))
        found = walk(run, from, way, room);
    else if (!start(expr, run, room))
        return nullptr;
    if (way.next != way.end) {
        if (found != &room)
            room = *found;
        found = &room;
        if (!follow(expr, run, way, room))
            return nullptr;
    }
    run.read(*found, expr);
    return found;
}

bool evaluate_path(const Expr& expr, Run& run, Value& out)
{
    const Value* const found = look_along_path(expr, run, out);
    if (found != nullptr && found != &out)
        out = *found;
    return found != nullptr;
}

}  // namespace headgate::mapping
