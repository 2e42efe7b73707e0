#include "mapping/run.hpp"

#include <memory>

namespace headgate::mapping {

Run::Run(const MappingContext& about, const Vocabularies* tables, int slot_count, std::pmr::memory_resource& memory)
    : context(about),
      vocabularies(tables),
      arena(memory),
      slots(static_cast<std::size_t>(slot_count), &memory),
      document(node_value(about.document, about.document.empty() ? no_node : about.root)),
      dot(document),
      most_steps(limits::steps + limits::steps_per_node * about.document.size()),
      output(&memory)
{
    output.reserve(16);
}

std::vector<std::string>* Account::begin_slot(int slot)
{
    std::vector<std::string>* const before = reading;
    if (!trace)
        return before;
    const auto place = static_cast<std::size_t>(slot);
    if (slot_sources.size() <= place)
        slot_sources.resize(place + 1);
    slot_sources[place].clear();
    reading = &slot_sources[place];
    return before;
}

void Account::end_slot(int slot, std::vector<std::string>* before, const Value& made)
{
    reading = before;
    use_sources(slot, made);
}

void Account::use_sources(int slot, const Value& made)
{
    const auto place = static_cast<std::size_t>(slot);
    if (reading == nullptr || made.node != no_node || place >= slot_sources.size())
        return;  // what stands in the document says so itself
    for (const std::string& source : slot_sources[place])
        if (std::ranges::find(*reading, source) == reading->end())
            reading->push_back(source);
}

std::string Run::output_path() const
{
    std::string path;
    for (const OutputStep& step : output) {
        if (step.name.empty())
            path += "[" + std::to_string(step.place) + "]";
        else
            path.append(path.empty() ? "" : ".").append(step.name);
    }
    return path;
}

void Run::warn(const Site& site, std::string_view code, std::string_view vocabulary)
{
    if (warnings.size() < limits::warnings)
        warnings.push_back({std::string(code), output_path(), text_of(site), std::string(vocabulary)});
}

bool Run::goes_on(std::size_t at)
{
    if (account == nullptr || !account->all || steps > limits::steps || items > limits::items ||
        account->failures.size() >= limits::failures)
        return false;
    account->failures.push_back(std::move(failure));
    failure = {};
    output.resize(at);
    return true;
}

void Run::note_source(const Value& value, const Expr& path)  // NOLINT(misc-no-recursion)
{
    constexpr std::size_t most = 20;  // a field made of thousands of values is explained by some of them
    std::vector<std::string>& sources = *account->reading;
    if (value.is_null() || sources.size() >= most)
        return;
    std::string source;
    if (value.node != no_node && value.document == &context.document)
        source = context.document.pointer(value.node);
    else if (value.kind == Kind::list && !value.is_tree())
        for (const Value& item : value.items())
            note_source(item, path);
    else if (path.root == Root::headers || path.root == Root::event || path.root == Root::channel)
        source = path.source;
    if (!source.empty() && std::ranges::find(sources, source) == sources.end())
        sources.push_back(std::move(source));
}

Value Run::time_value(const Timestamp& time, std::string_view source)
{
    auto* kept = make<Timestamp>(1);
    *kept = time;
    Value value;
    value.kind = Kind::time;
    value.data = kept;
    value.text = source;
    return value;
}

std::span<const Member> named_once(Run& run, std::span<const std::pair<std::string, std::string>> fields)
{
    auto* members = run.make<Member>(fields.size());
    std::size_t count = 0;
    for (const auto& [name, text] : fields)
        if (std::ranges::find(members, members + count, std::string_view(name), &Member::name) == members + count)
            members[count++] = {name, is_blank(text) ? Value{} : text_value(text)};
    return {members, count};
}

std::string text_of(const Site& site)
{
    if (site.file == nullptr || site.line <= 0)
        return {};
    return *site.file + ":" + std::to_string(site.line) + ":" + std::to_string(site.column);
}

bool fail(Run& run, const Site& site, std::string_view code, std::string_view message, const Value* culprit,
          std::string_view source)
{
    Failure& failure = run.failure;
    failure.failure_class = FailureClass::permanent;
    failure.code = code;
    const std::string field = run.output_path();
    failure.detail = field.empty() ? "" : field + ": ";
    if (!source.empty())
        failure.detail.append("`").append(source).append("` ");
    failure.detail += message;
    failure.where = {};
    if (culprit != nullptr && culprit->node != no_node && culprit->document == &run.context.document)
        failure.where.document = culprit->document->pointer(culprit->node);
    failure.where.config = text_of(site);
    failure.where.field = field;
    return false;
}

bool fail(Run& run, const Expr& expr, std::string_view code, std::string_view message, const Value* culprit)
{
    return fail(run, expr.site, code, message, culprit);
}

bool fail_kind(Run& run, const Expr& asking, const Expr& given, const Value& culprit, std::string_view asked)
{
    std::string message = "is " + std::string(name_of(culprit.kind));
    message.append(" where ").append(asked).append(" is asked");
    return fail(run, asking.site, "wrong_kind", message, &culprit, given.source);
}

bool to_number(Run& run, const Expr& asking, const Expr& given, const Value& value, Decimal& out)
{
    run.count_nodes(value.count);  // an element's own text is one of its members
    run.count_bytes(value.text.size());
    if (const auto number = number_of(value)) {
        out = *number;
        return true;
    }
    if (is_too_long(value))
        return fail(run, asking.site, "number_overflow", "has more than 38 digits", &value, given.source);
    if (value.kind == Kind::text)
        return fail(run, asking.site, "wrong_kind", "is a text that reads as no number", &value, given.source);
    return fail_kind(run, asking, given, value, "a number");
}

bool to_text(Run& run, const Expr& asking, const Expr& given, const Value& value, std::string_view& out)
{
    run.count_nodes(value.count);
    if (const auto text = text_of(value, run.arena)) {
        run.count_bytes(text->size());
        out = *text;
        return true;
    }
    return fail_kind(run, asking, given, value, "a text");
}

}  // namespace headgate::mapping
