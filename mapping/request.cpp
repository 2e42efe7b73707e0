#include "mapping/request.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory_resource>
#include <tuple>

#include "core/config/values.hpp"
#include "core/suggest.hpp"
#include "mapping/compile_values.hpp"
#include "mapping/json_text.hpp"
#include "mapping/request_body.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

namespace {

struct Message {
    Site site;
    std::unique_ptr<Block> method;
    std::unique_ptr<Block> path;
    std::unique_ptr<Block> query;
    std::unique_ptr<Block> headers;
    std::unique_ptr<Block> body;
    BodyFormat format = BodyFormat::json;
};

struct StepPlan {
    Site site;
    ExprPtr when;
    Message send;
    std::optional<Message> probe;
    ExprPtr found;
    ExprPtr success_when;
    std::unique_ptr<Block> capture;
};

/// The names a request has beyond a mapping's, bound like those of `let`.
enum class Given : std::uint8_t { delivery, system, steps, answer };
constexpr std::array<std::string_view, 4> given_names{"delivery", "system", "steps", "answer"};

}  // namespace

struct CompiledRequest {
    Program program;
    std::deque<std::string> files;
    const Vocabularies* vocabularies = nullptr;
    std::string applies;
    bool keeps_nulls = false;
    std::array<int, given_names.size()> slots{};
    std::vector<Block::Let> lets;
    std::vector<Request::Step> steps;
    std::vector<StepPlan> plans;
};

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
            plan.when = values_.bare(node["when"], names_);
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
        made_.steps.push_back(std::move(step));
        made_.plans.push_back(std::move(plan));
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

    Message message(const YAML::Node& node, std::vector<std::string_view> more)
    {
        Message made;
        made.site = values_.site(node);
        if (!node.IsMap()) {
            values_.problem(node, "wrong_value", "a message is a mapping with `path`");
            return made;
        }
        more.insert(more.end(), {"method", "path", "query", "headers", "format", "body"});
        values_.know(node, more, "a message");
        const auto value = [&](const char* key) -> std::unique_ptr<Block> {
            return node[key] ? std::make_unique<Block>(values_.value(node[key], nullptr, names_)) : nullptr;
        };
        const auto fields = [&](const char* key) -> std::unique_ptr<Block> {
            return node[key] ? std::make_unique<Block>(values_.fields(node[key], nullptr, names_)) : nullptr;
        };
        made.method = value("method");
        made.path = value("path");
        if (!made.path)
            values_.problem(node, "missing_key", "`path` says where on the system, and it is missing");
        made.query = fields("query");
        made.headers = fields("headers");
        made.body = value("body");
        if (node["format"])
            made.format = format(node["format"]);
        return made;
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
};

/// One evaluation about a transaction, and about an answer when there is one.
class Sending {
public:
    Sending(const CompiledRequest& compiled, const RequestContext& about, const RequestAnswer* answer)
        : compiled_(compiled),
          arena_(buffer_.data(), buffer_.size()),
          context_{.document = about.transaction, .references = about.cross_references},
          run_(context_, compiled.vocabularies, compiled.program.slots, arena_)
    {
        for (const Block::Let& let : compiled.lets) {
            Slot& slot = run_.slots[static_cast<std::size_t>(let.slot)];
            slot.state = Slot::State::waiting;
            slot.source = let.value.get();
            slot.dot = run_.dot;
        }
        run_.keeps_nulls = compiled.keeps_nulls;
        give(Given::system, system_value(about));
        give(Given::steps, steps_value(about));
        if (answer != nullptr) {
            give(Given::answer, answer_value(*answer));
            run_.dot = answer->body.empty() ? Value{} : node_value(answer->body, answer->body.root());
        }
    }

    Run& run() { return run_; }
    std::unexpected<Failure> failure() { return std::unexpected(std::move(run_.failure)); }

    void deliver(const RequestContext& about, std::string_view step)
    {
        auto* members = run_.make<Member>(3);
        const std::string key = std::string(about.effect_key) + "-" + std::string(step);
        members[0] = {"effect_key", text_value(about.effect_key)};
        members[1] = {"attempt", number_value(Decimal(static_cast<std::int64_t>(about.attempt)))};
        members[2] = {"key", run_.own_text(key)};
        give(Given::delivery, object_value({members, 3}));
    }

    Result<bool> condition(const ExprPtr& expression, bool otherwise)
    {
        Value value;
        if (!expression)
            return otherwise;
        if (!evaluate(*expression, run_, value))
            return failure();
        return value.is_true();
    }

    Result<RequestMessage> message(const Message& plan)
    {
        RequestMessage made;
        if (!path(plan, made) || !headers(plan, made) || !body(plan, made) || !method(plan, made))
            return failure();
        return made;
    }

private:
    void give(Given name, const Value& value)
    {
        Slot& slot = run_.slots[static_cast<std::size_t>(compiled_.slots[static_cast<std::size_t>(name)])];
        slot.state = Slot::State::ready;
        slot.value = value;
    }

    Value system_value(const RequestContext& about)
    {
        auto* members = run_.make<Member>(2);
        members[0] = {"name", text_value(about.system)};
        members[1] = {"settings", about.settings == nullptr || about.settings->empty()
                                      ? Value{}
                                      : node_value(*about.settings, about.settings->root())};
        return object_value({members, 2});
    }

    Value steps_value(const RequestContext& about)
    {
        auto* members = run_.make<Member>(about.steps.size());
        for (std::size_t i = 0; i < about.steps.size(); ++i)
            members[i] = {about.steps[i].first, node_value(*about.steps[i].second, about.steps[i].second->root())};
        return object_value({members, about.steps.size()});
    }

    Value answer_value(const RequestAnswer& answer)
    {
        auto* headers = run_.make<Member>(answer.headers.size());
        for (std::size_t i = 0; i < answer.headers.size(); ++i)
            headers[i] = {answer.headers[i].first, text_value(answer.headers[i].second)};
        auto* members = run_.make<Member>(2);
        members[0] = {"status", number_value(Decimal(static_cast<std::int64_t>(answer.status)))};
        members[1] = {"headers", object_value({headers, answer.headers.size()})};
        return object_value({members, 2});
    }

    bool text(const Block& block, std::string_view name, std::string& out)
    {
        Value value;
        run_.output.push_back({name});
        if (!evaluate(block, run_, value))
            return false;
        const auto read = text_of(value, run_.arena);
        if (!read)
            return fail(run_, block.site, value.is_null() ? "missing_required" : "wrong_kind",
                        value.is_null() ? "is null" : "is no text");
        out = *read;
        run_.output.pop_back();
        return true;
    }

    bool path(const Message& plan, RequestMessage& made)
    {
        if (!text(*plan.path, "path", made.path))
            return false;
        // What a document says must not lead elsewhere: another host, a folder above, a second request.
        const auto bad = [](char letter) {
            return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7f || letter == '\\' || letter == '#';
        };
        if (!made.path.starts_with('/') || made.path.starts_with("//") || std::ranges::any_of(made.path, bad) ||
            made.path.contains("/../") || made.path.ends_with("/..") || made.path.contains("/./"))
            return fail(run_, plan.path->site, "bad_path",
                        "path: is no path on the system; what is inserted into one is encoded with `| url`");
        if (!plan.query)
            return true;
        Value query;
        run_.output.push_back({"query"});
        std::string encoded;
        if (!evaluate(*plan.query, run_, query) ||
            (!query.is_null() && !append_body(run_, plan.query->site, BodyFormat::form, query, false, encoded)))
            return false;
        run_.output.pop_back();
        if (!encoded.empty())
            made.path.append(made.path.contains('?') ? "&" : "?").append(encoded);
        return true;
    }

    bool headers(const Message& plan, RequestMessage& made)
    {
        if (!plan.headers)
            return true;
        Value headers;
        run_.output.push_back({"headers"});
        if (!evaluate(*plan.headers, run_, headers))
            return false;
        const auto is_token = [](char letter) {
            return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                   (letter >= 'a' && letter <= 'z') || std::string_view("!#$%&'*+-.^_`|~").contains(letter);
        };
        const auto is_control = [](char letter) {
            return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7f;
        };
        const bool fine =
            headers.is_null() || each_member(headers, [&](std::string_view name, const Value& value) {
                if (value.is_null())
                    return true;
                const auto read = text_of(value, run_.arena);
                if (name.empty() || !std::ranges::all_of(name, is_token))
                    return fail(run_, plan.headers->site, "bad_header", "has a name that is no header's");
                if (!read || std::ranges::any_of(*read, is_control))
                    return fail(run_, plan.headers->site, "bad_header",
                                "`" + std::string(name) + "` is no text, or holds a line break or control character");
                made.headers.emplace_back(name, *read);
                return true;
            });
        run_.output.pop_back();
        return fine;
    }

    bool body(const Message& plan, RequestMessage& made)
    {
        if (!plan.body)
            return true;
        Value value;
        run_.output.push_back({"body"});
        if (!evaluate(*plan.body, run_, value) ||
            !append_body(run_, plan.body->site, plan.format, value, compiled_.keeps_nulls, made.body))
            return false;
        run_.output.pop_back();
        made.content_type = content_type(plan.format);
        return true;
    }

    bool method(const Message& plan, RequestMessage& made)
    {
        made.method = plan.body ? "POST" : "GET";
        if (!plan.method)
            return true;
        if (!text(*plan.method, "method", made.method))
            return false;
        static constexpr std::array<std::string_view, 6> known{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
        return std::ranges::find(known, made.method) != known.end() ||
               fail(run_, plan.method->site, "bad_method", "method: is none of GET, HEAD, POST, PUT, PATCH, DELETE");
    }

    const CompiledRequest& compiled_;
    std::array<std::byte, 16384> buffer_;
    std::pmr::monotonic_buffer_resource arena_;
    MappingContext context_;
    Run run_;
};

}  // namespace

std::expected<Request, Problems> Request::load(const SourceFile& source, const Canonical& canonical,
                                               const Vocabularies& vocabularies, const FragmentLoader& fragments)
{
    Problems problems;
    auto made = std::make_shared<CompiledRequest>();
    made->vocabularies = &vocabularies;
    if (const auto file = YamlFile::parse(source.file, source.text, problems))
        RequestCompiler(*made, canonical, fragments, problems).compile(*file);
    if (problems.empty())
        return Request(std::move(made));
    std::ranges::stable_sort(problems, [](const Problem& left, const Problem& right) {
        return std::tie(left.file, left.line, left.column) < std::tie(right.file, right.line, right.column);
    });
    return std::unexpected(std::move(problems));
}

const std::string& Request::applies() const
{
    return compiled_->applies;
}

std::span<const Request::Step> Request::steps() const
{
    return compiled_->steps;
}

Result<bool> Request::wanted(std::size_t step, const RequestContext& context) const
{
    return Sending(*compiled_, context, nullptr).condition(compiled_->plans.at(step).when, true);
}

Result<RequestMessage> Request::send(std::size_t step, const RequestContext& context) const
{
    Sending sending(*compiled_, context, nullptr);
    sending.deliver(context, compiled_->steps.at(step).id);
    return sending.message(compiled_->plans.at(step).send);
}

Result<RequestMessage> Request::probe(std::size_t step, const RequestContext& context) const
{
    Sending sending(*compiled_, context, nullptr);
    sending.deliver(context, compiled_->steps.at(step).id);
    return sending.message(compiled_->plans.at(step).probe.value());
}

Result<std::optional<std::string>> Request::found(std::size_t step, const RequestContext& context,
                                                  const RequestAnswer& answer) const
{
    Sending sending(*compiled_, context, &answer);
    Value value;
    if (!evaluate(*compiled_->plans.at(step).found, sending.run(), value))
        return sending.failure();
    if (!value.is_true())
        return std::nullopt;
    std::string json;
    append_json(json, value, limits::output);
    return json;
}

Result<bool> Request::succeeded(std::size_t step, const RequestContext& context, const RequestAnswer& answer) const
{
    return Sending(*compiled_, context, &answer)
        .condition(compiled_->plans.at(step).success_when, answer.status >= 200 && answer.status <= 299);
}

Result<std::string> Request::captured(std::size_t step, const RequestContext& context,
                                      const RequestAnswer& answer) const
{
    const auto& capture = compiled_->plans.at(step).capture;
    if (!capture)
        return "{}";
    Sending sending(*compiled_, context, &answer);
    Value value;
    if (!evaluate(*capture, sending.run(), value))
        return sending.failure();
    std::string json;
    if (value.is_null())
        return "{}";
    append_json(json, value, limits::output);
    return json;
}

}  // namespace headgate::mapping
