#include "core/config/schema_inside.hpp"

#include <algorithm>

#include "core/suggest.hpp"

namespace headgate::config {

std::string kind_of(const YAML::Node& node)
{
    switch (node.Type()) {
    case YAML::NodeType::Map: return "a mapping";
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Scalar: return "a value";
    default: return "nothing";
    }
}

const Member* Schema::Frame::find(std::string_view key) const
{
    for (const auto& member : members)
        if (member.key == key)
            return &member;
    return nullptr;
}

void Access::report(State& state, const std::string& file, const YAML::Mark& mark, std::string code,
                    std::string message, std::string hint)
{
    const bool placed = mark.line >= 0;
    state.problems.push_back({file, placed ? mark.line + 1 : 0, placed ? mark.column + 1 : 0, std::move(code),
                              std::move(message), std::move(hint)});
}

void Access::load(Schema& schema, const YAML::Node& node, const std::string& file)
{
    auto& frame = *schema.frame_;
    frame.node = node;
    frame.mark = node.IsDefined() ? node.Mark() : YAML::Mark::null_mark();
    frame.file = file;
    if (node.IsNull() || !node.IsDefined())
        return;
    if (!node.IsMap()) {
        frame.whole = false;
        return;
    }
    for (const auto& pair : node) {
        if (!pair.first.IsScalar()) {
            report(schema.state_, file, pair.first.Mark(), "key_kind", "a key must be a plain name");
            continue;
        }
        add(schema, {pair.first.Scalar(), pair.second, pair.first.Mark(), file});
    }
}

void Access::add(Schema& schema, Member member)
{
    if (const Member* earlier = schema.frame_->find(member.key)) {
        report(
            schema.state_, member.file, member.mark, "repeated_key", "`" + member.key + "` stands here a second time",
            "the first is at " + earlier->file + ":" + std::to_string(earlier->mark.line + 1) + "; keep one of them");
        return;
    }
    schema.frame_->members.push_back(std::move(member));
}

void Access::leave(Schema& schema)
{
    auto& frame = *schema.frame_;
    if (schema.state_.mode != Mode::read)
        return;
    if (!frame.whole) {
        report(schema.state_, frame.file, frame.node.Mark(), "wrong_kind",
               "a mapping is meant here, this is " + kind_of(frame.node));
        return;
    }
    for (const auto& member : frame.members) {
        if (frame.known.contains(member.key))
            continue;
        std::string hint = did_you_mean(member.key, frame.known);
        if (hint.empty()) {
            hint = "known here:";
            for (const auto& known : frame.known)
                hint += " " + known;
        }
        report(schema.state_, member.file, member.mark, "unknown_key", "`" + member.key + "` is no key here",
               std::move(hint));
    }
}

std::string Access::insert(State& state, const std::string& text, const std::string& file, const YAML::Mark& mark)
{
    std::string out;
    std::size_t at = 0;
    for (;;) {
        const auto open = text.find("${", at);
        if (open == std::string::npos)
            return out + text.substr(at);
        const auto close = text.find('}', open);
        if (close == std::string::npos) {
            report(state, file, mark, "variable_syntax", "`${` has no `}`", "write ${NAME} or ${NAME:-default}");
            return out + text.substr(at);
        }
        out += text.substr(at, open - at);
        auto name = text.substr(open + 2, close - open - 2);
        std::optional<std::string> fallback;
        if (const auto dash = name.find(":-"); dash != std::string::npos) {
            fallback = name.substr(dash + 2);
            name.resize(dash);
        }
        if (name.empty())
            report(state, file, mark, "variable_syntax", "`${}` names no variable",
                   "write ${NAME} or ${NAME:-default}");
        else if (auto value = state.environment(name))
            out += *value;
        else if (fallback)
            out += *fallback;
        else
            report(state, file, mark, "variable_missing", "the environment has no `" + name + "`",
                   "set it, or write ${" + name + ":-default}");
        at = close + 1;
    }
}

std::string yaml_quoted(std::string_view text)
{
    const auto plain = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || std::string_view("_./:+-").find(letter) != std::string_view::npos;
    };
    if (text.empty())
        return {};
    if (std::ranges::all_of(text, plain) && text.front() != '-' && text.front() != ':' && text.back() != ':' &&
        !YAML::IsNullString(std::string(text)))
        return std::string(text);
    return in_quotes(text);
}

std::string in_quotes(std::string_view text)
{
    std::string out = "\"";
    for (const char letter : text) {
        switch (letter) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default: out += letter;
        }
    }
    return out + '"';
}

}  // namespace headgate::config
