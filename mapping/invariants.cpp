#include "mapping/invariants.hpp"

#include <optional>

#include <boost/json.hpp>

#include "mapping/mapped_at.hpp"
#include "mapping/parser.hpp"

namespace headgate::mapping {

namespace json = boost::json;

namespace {

class InvariantReader {
public:
    InvariantReader(Invariants& made, Problems& problems) : made_(made), problems_(problems) {}

    void read(const json::value& list)
    {
        if (!list.is_array())
            return wrong("is a list");
        for (const json::value& each : list.get_array()) {
            ++number_;
            code_.clear();
            if (const json::object* object = each.if_object())
                made_.all.push_back(invariant(*object));
            else
                wrong("is an object with `code`, `severity`, `holds` and `says`");
        }
    }

    void read_overtakes(const std::string& source)
    {
        number_ = 0;
        code_ = "x-overtakes";
        made_.overtakes = expression(json::object{{"when", source}}, "when");
    }

private:
    Invariant invariant(const json::object& object)
    {
        Invariant made;
        code_ = made.code = text(object, "code");
        for (const auto& [key, value] : object)
            if (std::string_view("|code|severity|scope|each|when|holds|field|says|")
                    .find("|" + std::string(key) + "|") == std::string_view::npos)
                wrong("has `" + std::string(key) + "`, which is no key of an invariant");
        if (made.code.empty())
            wrong("has no `code`");
        const std::string severity = text(object, "severity");
        if (severity == "hold")
            made.severity = Invariant::Severity::hold;
        else if (severity == "warn")
            made.severity = Invariant::Severity::warn;
        else if (severity != "reject")
            wrong("has no `severity` of reject, hold or warn");
        made.needs_others = text(object, "scope") == "entity";
        made.field = text(object, "field");
        made.says = text(object, "says");
        if (made.says.empty())
            wrong("does not say in `says` what must be so");
        made.each = expression(object, "each");
        if (made.each && made.each->is_path && made.each->root == Root::dot && made.each->steps.size() == 1 &&
            made.each->steps.front().kind == Step::Kind::name)
            made.list = made.each->steps.front().name;
        made.when = expression(object, "when");
        made.holds = expression(object, "holds");
        if (made.holds == nullptr && !made.needs_others)
            wrong("has no `holds`");
        return made;
    }

    static std::string text(const json::object& object, std::string_view key)
    {
        const json::value* value = object.if_contains(key);
        return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
    }

    ExprPtr expression(const json::object& object, std::string_view key)
    {
        const std::string source = text(object, key);
        if (source.empty())
            return nullptr;
        const Names names;
        const ParseContext context{made_.program, names, &made_.file, 0, 0, false, nullptr};
        std::size_t end = 0;
        try {
            return parse_expression(made_.program.keep(source), 0, false, end, context);
        } catch (const SyntaxError& error) {
            wrong("cannot be read in `" + std::string(key) + "`: " + error.message);
            return nullptr;
        }
    }

    void wrong(const std::string& message)
    {
        const std::string name = number_ == 0    ? (code_.empty() ? "x-invariants" : code_)
                                 : code_.empty() ? "x-invariants, number " + std::to_string(number_) + ","
                                                 : "x-invariants: " + code_;
        problems_.push_back({made_.file, 0, 0, "schema", name + " " + message, ""});
    }

    Invariants& made_;
    Problems& problems_;
    std::size_t number_ = 0;
    std::string code_;
};

/// Whether the invariant holds about the current `.`. Nothing: a failure of its own.
std::optional<bool> holds(Run& run, const Invariant& invariant)
{
    if (invariant.when) {
        const auto applies = holds(*invariant.when, run);
        if (!applies || !*applies)
            return applies ? std::optional(true) : std::nullopt;
    }
    return holds(*invariant.holds, run);
}

bool broken(Run& run, const Block& made_by, const Invariant& invariant)
{
    if (!invariant.field.empty())
        run.output.push_back({invariant.field});
    const Site site = mapped_at(made_by, run);
    const bool goes_on = invariant.severity == Invariant::Severity::warn
                             ? (run.warn(site, invariant.code), true)
                             : fail(run, site, invariant.code, invariant.says);
    if (!invariant.field.empty())
        run.output.pop_back();
    return goes_on;
}

/// About the current `.`; false: the transaction fails.
bool check_here(Run& run, const Block& made_by, const Invariant& invariant)
{
    const auto held = holds(run, invariant);
    return held && (*held || broken(run, made_by, invariant));
}

bool check(Run& run, const Block& made_by, const Invariant& invariant, const Value& fields)
{
    if (!invariant.each)
        return check_here(run, made_by, invariant);
    Value list;
    if (!evaluate(*invariant.each, run, list))
        return false;
    if (list.is_null())
        return true;
    if (!invariant.list.empty())
        run.output.push_back({invariant.list});
    std::int64_t place = 0;
    const bool all = each_item(run, list, [&](const Value& item) {
        run.dot = item;
        run.output.push_back({{}, place++});
        const bool goes_on = check_here(run, made_by, invariant);
        run.output.pop_back();
        return goes_on;
    });
    if (!invariant.list.empty())
        run.output.pop_back();
    run.dot = fields;
    return all;
}

}  // namespace

std::shared_ptr<const Invariants> Invariants::read(const std::string& file, const json::value& list,
                                                   const std::string& overtakes, Problems& problems)
{
    auto made = std::make_shared<Invariants>();
    made->file = file;
    InvariantReader reader(*made, problems);
    reader.read(list);
    reader.read_overtakes(overtakes);
    return made;
}

bool check_invariants(Run& run, const Block& made_by, const Invariants& invariants, const Value& fields)
{
    const Value dot = run.dot;
    const Value document = run.document;
    const auto index = run.index;
    run.dot = run.document = fields;
    bool all = true;
    for (const Invariant& invariant : invariants.all)
        all = all && (invariant.needs_others || check(run, made_by, invariant, fields));
    run.dot = dot;
    run.document = document;
    run.index = index;
    return all;
}

std::optional<bool> overtakes(Run& run, const Invariants& invariants, const Value& fields)
{
    if (!invariants.overtakes)
        return false;
    const Value dot = run.dot;
    const Value document = run.document;
    run.dot = run.document = fields;
    const auto held = holds(*invariants.overtakes, run);
    run.dot = dot;
    run.document = document;
    return held;
}

}  // namespace headgate::mapping
