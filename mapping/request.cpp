#include "mapping/request.hpp"

#include <algorithm>
#include <array>
#include <memory_resource>

#include "mapping/compiled_request.hpp"
#include "mapping/json_text.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

namespace {

int hex_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    letter = static_cast<char>(letter | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// Whether a segment of a path, decoded and without its parameters (`;`), is `.` or `..`: what servers take for a way
/// out of the folder. An encoded slash divides segments too, since some servers decode before they look.
bool leads_elsewhere(std::string_view path)
{
    path = path.substr(0, path.find('?'));
    std::string segment;
    bool parameters = false;
    const auto ends = [&] {
        const bool dots = segment == "." || segment == "..";
        segment.clear();
        parameters = false;
        return dots;
    };
    for (std::size_t i = 0; i < path.size(); ++i) {
        char letter = path[i];
        if (letter == '%' && i + 2 < path.size() && hex_of(path[i + 1]) >= 0 && hex_of(path[i + 2]) >= 0) {
            letter = static_cast<char>(hex_of(path[i + 1]) * 16 + hex_of(path[i + 2]));
            i += 2;
        }
        if (letter == '\0')
            return true;
        if (letter == '/' || letter == '\\') {
            if (ends())
                return true;
            continue;
        }
        parameters = parameters || letter == ';';
        if (!parameters)
            segment += letter;
    }
    return ends();
}

/// One evaluation about a transaction, and about an answer when there is one.
class Sending {
public:
    Sending(const CompiledRequest& compiled, std::size_t step_index, const RequestContext& about,
            const RequestAnswer* answer)
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
        const std::string& step = compiled.steps.at(step_index).id;
        give(Given::delivery, delivery_value(about, step));
        give(Given::system, system_value(about));
        give(Given::steps, steps_value(about));
        if (answer != nullptr) {
            give(Given::answer, answer_value(*answer));
            run_.dot = answer->body.empty() ? Value{} : node_value(answer->body, answer->body.root());
        }
    }

    Run& run() { return run_; }
    std::unexpected<Failure> failure() { return std::unexpected(std::move(run_.failure)); }

    Result<bool> condition(const Expr& expression)
    {
        const auto held = holds(expression, run_);
        if (!held)
            return failure();
        return *held;
    }

    static Result<std::string> json(const Value& value, std::string_view name)
    {
        std::string text;
        if (!append_json(text, value, limits::output))
            return headgate::fail(FailureClass::permanent, "limit_output",
                                  "`" + std::string(name) + "` gives more than 8 MiB");
        return text;
    }

    Result<RequestMessage> message(const MessagePlan& plan)
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

    Value delivery_value(const RequestContext& about, std::string_view step)
    {
        constexpr std::size_t count = 6;
        auto* members = run_.make<Member>(count);
        const std::string key = std::string(about.effect_key) + "-" + std::string(step);
        members[0] = {"effect_key", text_value(about.effect_key)};
        members[1] = {"attempt", number_value(Decimal(static_cast<std::int64_t>(about.attempt)))};
        members[2] = {"key", run_.own_text(key)};
        members[3] = {"source", text_value(about.source)};
        members[4] = {"entity", text_value(about.entity)};
        members[5] = {"id", text_value(about.id)};
        return object_value({members, count});
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
        auto* members = run_.make<Member>(2);
        members[0] = {"status", number_value(Decimal(static_cast<std::int64_t>(answer.status)))};
        members[1] = {"headers", object_value(named_once(run_, answer.headers))};
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

    bool path(const MessagePlan& plan, RequestMessage& made)
    {
        if (!text(*plan.path, "path", made.path))
            return false;
        // What a document says must not lead elsewhere: another host, a folder above, a second request.
        const auto bad = [](char letter) {
            return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7f || letter == '\\' || letter == '#';
        };
        if (!made.path.starts_with('/') || made.path.starts_with("//") || std::ranges::any_of(made.path, bad) ||
            leads_elsewhere(made.path))
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

    bool headers(const MessagePlan& plan, RequestMessage& made)
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

    bool body(const MessagePlan& plan, RequestMessage& made)
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

    bool method(const MessagePlan& plan, RequestMessage& made)
    {
        made.method = plan.body ? "POST" : "GET";
        if (!plan.method)
            return true;
        if (!text(*plan.method, "method", made.method))
            return false;
        return is_method(made.method) ||
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
    auto compiled = compile_request(source, canonical, vocabularies, fragments, problems);
    if (!problems.empty())
        return std::unexpected(std::move(problems));
    return Request(std::move(compiled));
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
    const auto& when = compiled_->plans.at(step).when;
    return when ? Sending(*compiled_, step, context, nullptr).condition(*when) : true;
}

Result<RequestMessage> Request::send(std::size_t step, const RequestContext& context) const
{
    Sending sending(*compiled_, step, context, nullptr);
    return sending.message(compiled_->plans.at(step).send);
}

Result<RequestMessage> Request::probe(std::size_t step, const RequestContext& context) const
{
    Sending sending(*compiled_, step, context, nullptr);
    return sending.message(compiled_->plans.at(step).probe.value());
}

Result<std::optional<std::string>> Request::found(std::size_t step, const RequestContext& context,
                                                  const RequestAnswer& answer) const
{
    Sending sending(*compiled_, step, context, &answer);
    Value value;
    if (!evaluate(*compiled_->plans.at(step).found, sending.run(), value))
        return sending.failure();
    if (!value.is_true())
        return std::nullopt;
    return sending.json(value, "found");
}

Result<bool> Request::succeeded(std::size_t step, const RequestContext& context, const RequestAnswer& answer) const
{
    const auto& success_when = compiled_->plans.at(step).success_when;
    return success_when ? Sending(*compiled_, step, context, &answer).condition(*success_when)
                        : answer.status >= 200 && answer.status <= 299;
}

Result<std::string> Request::captured(std::size_t step, const RequestContext& context,
                                      const RequestAnswer& answer) const
{
    const auto& capture = compiled_->plans.at(step).capture;
    if (!capture)
        return "{}";
    Sending sending(*compiled_, step, context, &answer);
    Value value;
    if (!evaluate(*capture, sending.run(), value))
        return sending.failure();
    if (value.is_null())
        return "{}";
    return sending.json(value, "capture");
}

}  // namespace headgate::mapping
