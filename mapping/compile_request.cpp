#include <algorithm>
#include <set>
#include <tuple>

#include "core/config/values.hpp"
#include "core/suggest.hpp"
#include "mapping/anywhere.hpp"
#include "mapping/compile_values.hpp"
#include "mapping/compiled_request.hpp"

namespace headgate::mapping {

namespace {

class RequestCompiler {
public:
    RequestCompiler(CompiledRequest& made, const Canonical& canonical, const FragmentLoader& fragments,
                    Problems& problems)
        : made_(made),
          canonical_(canonical),
          values_(made.program, made.files, made.vocabularies, &fragments, problems)
    {
        values_.for_request();
    }

    void compile(const YamlFile& file)
    {
        values_.enter(file);
        const YAML::Node& root = file.root();
        if (!root.IsMap()) {
            values_.problem(root, "wrong_value", "a request file is a YAML mapping with `applies` and `steps`");
            return;
        }
        values_.know(root, {"applies", "nulls", "let", "steps"}, "a request file");
        applies(root);
        if (const YAML::Node nulls = root["nulls"]) {
            made_.keeps_nulls = nulls.IsScalar() && nulls.Scalar() == "keep";
            if (!made_.keeps_nulls)
                values_.problem(nulls, "wrong_value",
                                "`nulls: keep` writes members that are null; without it they are left out");
        }
        for (std::size_t i = 0; i < given_names.size(); ++i) {
            made_.slots[i] = made_.program.slots++;
            names_.bound.emplace_back(given_names[i], made_.slots[i]);
        }
        if (root["let"])
            made_.lets = values_.lets(root["let"], names_);
        for (const Block::Let& let : made_.lets)
            if (!holds_anywhere(*let.value, [this](const Expr& expr) { return !is_of_a_name(expr); }))
                lets_of_names_.insert(let.slot);
        before_answer_ = names_;
        std::erase_if(before_answer_.bound, [](const auto& name) { return name.first == "answer"; });
        const YAML::Node steps = root["steps"];
        if (!steps || !steps.IsSequence() || steps.size() == 0) {
            values_.problem(steps ? steps : root, "missing_key", "`steps` lists what is sent, in order");
            return;
        }
        for (const auto& node : steps)
            step(node);
    }

private:
    void applies(const YAML::Node& root)
    {
        const YAML::Node node = root["applies"];
        if (!node || !node.IsScalar()) {
            values_.problem(root, "missing_key", "`applies` names the canonical type, and it is missing");
            return;
        }
        made_.applies = node.Scalar();
        if (canonical_.find(made_.applies) == nullptr)
            values_.problem(node, "unknown_type", "there is no canonical type `" + made_.applies + "`",
                            did_you_mean(made_.applies, canonical_.names()));
    }

    void step(const YAML::Node& node)
    {
        if (!node.IsMap()) {
            values_.problem(node, "wrong_value", "a step is a mapping with `id` and `send`");
            return;
        }
        values_.know(node, {"id", "repeat", "probe", "when", "send", "success_when", "capture"}, "a step");
        Request::Step step;
        StepPlan plan;
        plan.site = values_.site(node);
        step.id = id(node);
        if (node["when"])
            plan.when = values_.bare(node["when"], before_answer_);
        if (node["send"])
            plan.send = message(node["send"], {});
        else
            values_.problem(node, "missing_key", "`send` says what is sent, and it is missing");
        if (node["probe"]) {
            plan.probe = message(node["probe"], {"after", "found"});
            step.probe_after = after(node["probe"]);
            if (node["probe"].IsMap() && node["probe"]["found"])
                plan.found = values_.bare(node["probe"]["found"], names_);
            else
                values_.problem(node["probe"], "missing_key", "`found` says what of the answer means that it is there");
        }
        step.repeat = repeat(node);
        if (step.repeat == Repeat::probe && !plan.probe)
            values_.problem(node, "missing_key", "`repeat: probe` needs a `probe` that asks whether it is there");
        if (node["success_when"])
            plan.success_when = values_.bare(node["success_when"], names_);
        if (node["capture"])
            plan.capture = std::make_unique<Block>(values_.fields(node["capture"], nullptr, names_));
        if (plan.capture)
            for (const Block::Field& field : plan.capture->fields)
                step.captures.emplace_back(field.name);
        const auto reads = [](const auto& part) {
            return part &&
                   holds_anywhere(*part, [](const Expr& expr) { return is_path(expr) && expr.root == Root::dot; });
        };
        step.reads = {reads(plan.success_when), reads(plan.capture), reads(plan.found),
                      plan.success_when &&
                          holds_anywhere(*plan.success_when, [this](const Expr& expr) { return reads_status(expr); })};
        step.probes_by_entity = plan.probe && plan.found && asks_by_entity(*plan.probe, *plan.found);
        made_.steps.push_back(std::move(step));
        made_.plans.push_back(std::move(plan));
    }

    [[nodiscard]] bool reads_status(const Expr& expr) const
    {
        return is_path(expr) && is(expr, Given::answer) && (expr.steps.empty() || expr.steps.front().name == "status");
    }

    [[nodiscard]] bool is(const Expr& expr, Given name) const
    {
        return expr.root == Root::slot && expr.slot == made_.slots[static_cast<std::size_t>(name)];
    }
    /// Whether it reads nothing but what is known of a fact that is only named: its entity and source, and the system.
    [[nodiscard]] bool is_of_a_name(const Expr& expr) const
    {
        if (!is_path(expr) || expr.root == Root::primary || is(expr, Given::system))
            return true;
        const auto member = expr.steps.empty() ? std::string_view{} : std::string_view(expr.steps.front().name);
        return (is(expr, Given::delivery) && (member == "entity" || member == "id" || member == "source")) ||
               (expr.root == Root::slot && lets_of_names_.contains(expr.slot));
    }
    [[nodiscard]] bool asks_by_entity(const MessagePlan& probe, const Expr& found) const
    {
        const auto needs_more = [this](const Expr& expr) { return !is_of_a_name(expr); };
        for (const auto* part : {&probe.method, &probe.path, &probe.query, &probe.headers, &probe.body})
            if (*part && holds_anywhere(**part, needs_more))
                return false;
        return !holds_anywhere(found, [&](const Expr& expr) {
            return needs_more(expr) && expr.root != Root::dot && !is(expr, Given::answer);
        });
    }

    std::string id(const YAML::Node& node)
    {
        if (!node["id"] || !node["id"].IsScalar() || node["id"].Scalar().empty()) {
            values_.problem(node, "missing_key", "`id` names the step, for keys and captures, and it is missing");
            return {};
        }
        std::string id = node["id"].Scalar();
        if (std::ranges::find(made_.steps, id, &Request::Step::id) != made_.steps.end())
            values_.problem(node["id"], "same_name", "two steps are called `" + id + "`");
        return id;
    }

    Repeat repeat(const YAML::Node& node)
    {
        static constexpr std::pair<std::string_view, Repeat> words[] = {
            {"safe", Repeat::safe}, {"keyed", Repeat::keyed}, {"probe", Repeat::probe}, {"never", Repeat::never}};
        const std::string word = node["repeat"] && node["repeat"].IsScalar() ? node["repeat"].Scalar() : "";
        for (const auto& [name, repeat] : words)
            if (name == word)
                return repeat;
        values_.problem(node["repeat"] ? node["repeat"] : node, node["repeat"] ? "wrong_value" : "missing_key",
                        "`repeat` says what a second sending would do: safe, keyed, probe or never");
        return Repeat::never;
    }

    std::optional<std::chrono::milliseconds> after(const YAML::Node& probe)
    {
        if (!probe.IsMap() || !probe["after"])
            return std::chrono::milliseconds(0);
        const auto parsed = probe["after"].IsScalar() ? config::parse_duration(probe["after"].Scalar()) : std::nullopt;
        if (!parsed)
            values_.problem(probe["after"], "wrong_value", "`after` is a duration such as 2m");
        return parsed ? std::optional(std::chrono::duration_cast<std::chrono::milliseconds>(*parsed)) : std::nullopt;
    }

    MessagePlan message(const YAML::Node& node, std::vector<std::string_view> more)
    {
        MessagePlan made;
        made.site = values_.site(node);
        if (!node.IsMap()) {
            values_.problem(node, "wrong_value", "a message is a mapping with `path`");
            return made;
        }
        more.insert(more.end(), {"method", "path", "query", "headers", "format", "body"});
        values_.know(node, more, "a message");
        const auto value = [&](const char* key) -> std::unique_ptr<Block> {
            return node[key] ? std::make_unique<Block>(values_.value(node[key], nullptr, before_answer_)) : nullptr;
        };
        const auto fields = [&](const char* key) -> std::unique_ptr<Block> {
            return node[key] ? std::make_unique<Block>(values_.fields(node[key], nullptr, before_answer_)) : nullptr;
        };
        made.method = value("method");
        made.path = value("path");
        if (!made.path)
            values_.problem(node, "missing_key", "`path` says where on the system, and it is missing");
        check_literals(node, made);
        made.query = fields("query");
        made.headers = fields("headers");
        made.body = value("body");
        if (node["format"])
            made.format = format(node["format"]);
        return made;
    }

    /// What stands there as it is is looked at now, and what is made of a transaction when it is made.
    void check_literals(const YAML::Node& node, const MessagePlan& made)
    {
        const auto begins = [](const std::unique_ptr<Block>& block) -> std::string_view {
            if (!block)
                return {};
            return block->kind == Block::Kind::literal ? block->literal.text
                   : block->segments.empty()           ? std::string_view{}
                                                       : block->segments.front().text;
        };
        if (const auto path = begins(made.path); !path.empty() && (!path.starts_with('/') || path.starts_with("//")))
            values_.problem(node["path"], "bad_path",
                            "`path` begins with one slash: it goes on from the system's `url`");
        if (made.method && made.method->kind == Block::Kind::literal && !is_method(made.method->literal.text))
            values_.problem(node["method"], "bad_method", "`method` is GET, HEAD, POST, PUT, PATCH or DELETE");
    }

    BodyFormat format(const YAML::Node& node)
    {
        static constexpr std::pair<std::string_view, BodyFormat> words[] = {{"json", BodyFormat::json},
                                                                            {"form", BodyFormat::form},
                                                                            {"xml", BodyFormat::xml},
                                                                            {"text", BodyFormat::text}};
        for (const auto& [name, format] : words)
            if (node.IsScalar() && node.Scalar() == name)
                return format;
        values_.problem(node, "wrong_value", "`format` is json, form, xml or text");
        return BodyFormat::json;
    }

    CompiledRequest& made_;
    const Canonical& canonical_;
    ValueCompiler values_;
    Names names_;
    Names before_answer_;          // there is no answer yet where something is sent
    std::set<int> lets_of_names_;  // slots of `let`s that `is_of_a_name` holds of
};

}  // namespace

std::shared_ptr<const CompiledRequest> compile_request(const SourceFile& source, const Canonical& canonical,
                                                       const Vocabularies& vocabularies,
                                                       const FragmentLoader& fragments, Problems& problems)
{
    auto made = std::make_shared<CompiledRequest>();
    made->vocabularies = &vocabularies;
    if (const auto file = YamlFile::parse(source.file, source.text, problems))
        RequestCompiler(*made, canonical, fragments, problems).compile(*file);
    std::ranges::stable_sort(problems, [](const Problem& left, const Problem& right) {
        return std::tie(left.file, left.line, left.column) < std::tie(right.file, right.line, right.column);
    });
    return made;
}

}  // namespace headgate::mapping
