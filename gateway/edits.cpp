#include "gateway/edits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "connectors/formats/json.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

namespace {

constexpr std::array<std::pair<std::string_view, Edit::Op>, 3> ops{
    {{"set", Edit::Op::set}, {"replace", Edit::Op::replace}, {"delete", Edit::Op::remove}}};

using PointerTokens = std::vector<std::string>;

/// The parts of a pointer; nothing for what is none.
std::optional<PointerTokens> tokens_of(std::string_view pointer)
{
    PointerTokens tokens;
    if (pointer.empty())
        return tokens;
    if (pointer.front() != '/')
        return std::nullopt;
    for (std::size_t i = 0; i < pointer.size(); ++i) {
        if (pointer[i] == '/') {
            tokens.emplace_back();
        } else if (pointer[i] != '~') {
            tokens.back() += pointer[i];
        } else {
            ++i;
            if (i == pointer.size() || (pointer[i] != '0' && pointer[i] != '1'))
                return std::nullopt;
            tokens.back() += pointer[i] == '0' ? '~' : '/';
        }
    }
    return tokens;
}

std::string json_quoted(std::string_view text)
{
    std::string out = "\"";
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\')
            out.append(1, '\\').append(1, letter);
        else if (byte < 0x20)
            out += fmt::format("\\u{:04x}", byte);
        else
            out += letter;
    }
    return out + '"';
}

/// Writes a document with one edit made.
class Editor {
public:
    Editor(const Document& document, const Edit& edit, const PointerTokens& tokens)
        : document_(document),
          edit_(edit),
          tokens_(tokens)
    {}

    Result<std::string> run()
    {
        std::string out = write(0, 0);
        if (!why_.empty())
            return fail(FailureClass::permanent, "edit_impossible", "`" + edit_.path + "`: " + why_, {edit_.path, {}});
        return out;
    }

private:
    std::string write(NodeIndex node, std::size_t depth)  // NOLINT(misc-no-recursion)
    {
        if (depth == tokens_.size())
            return edit_.value;
        switch (document_[node].kind) {
        case NodeKind::object: return object(node, depth);
        case NodeKind::list: return list(node, depth);
        default: why_ = "there is neither an object nor a list at " + at(node); return {};
        }
    }

    [[nodiscard]] std::string at(NodeIndex node) const
    {
        const auto pointer = document_.pointer(node);
        return pointer.empty() ? "the top" : "`" + pointer + "`";
    }

    std::string object(NodeIndex node, std::size_t depth)  // NOLINT(misc-no-recursion)
    {
        const std::string& name = tokens_[depth];
        const bool last = depth + 1 == tokens_.size();
        std::string out = "{";
        const auto add = [&out](std::string_view key, const std::string& value) {
            out.append(out.size() > 1 ? "," : "").append(json_quoted(key)).append(":").append(value);
        };
        bool found = false;
        for (const NodeIndex member : document_.children(node)) {
            if (document_[member].name != name) {
                add(document_[member].name, json_text(document_, member));
                continue;
            }
            found = true;
            if (!last || edit_.op != Edit::Op::remove)
                add(name, write(member, depth + 1));
        }
        if (!found && last && edit_.op == Edit::Op::set)
            add(name, edit_.value);
        else if (!found)
            why_ = "there is no member `" + name + "` in " + at(node);
        return out + "}";
    }

    std::string list(NodeIndex node, std::size_t depth)  // NOLINT(misc-no-recursion)
    {
        const std::string& place = tokens_[depth];
        const bool last = depth + 1 == tokens_.size();
        const auto items = document_.children(node);
        std::size_t wanted = items.size();
        const auto [end, error] = std::from_chars(place.data(), place.data() + place.size(), wanted);
        const bool number = error == std::errc{} && end == place.data() + place.size();
        const bool adds = last && edit_.op == Edit::Op::set && (place == "-" || (number && wanted == items.size()));
        if (!adds && (!number || wanted >= items.size())) {
            why_ = "there is no item `" + place + "` in " + at(node);
            return {};
        }
        std::string out = "[";
        const auto add = [&out](const std::string& value) { out.append(out.size() > 1 ? "," : "").append(value); };
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (adds || i != wanted)
                add(json_text(document_, items[i]));
            else if (!last || edit_.op != Edit::Op::remove)
                add(write(items[i], depth + 1));
        }
        if (adds)
            add(edit_.value);
        return out + "]";
    }

    const Document& document_;
    const Edit& edit_;
    const PointerTokens& tokens_;
    std::string why_;
};

std::unexpected<Failure> bad_edit(std::size_t number, std::string_view what)
{
    return fail(FailureClass::permanent, "bad_edit", fmt::format("edit {}: {}", number + 1, what));
}

}  // namespace

Result<std::vector<Edit>> read_edits(std::string_view json)
{
    const auto list = connectors::read_json(json);
    if (!list || (*list)[0].kind != NodeKind::list)
        return fail(FailureClass::permanent, "bad_edit", "edits are a list of {\"op\", \"path\", \"value\"}");
    std::vector<Edit> edits;
    for (const NodeIndex item : list->children(0)) {
        const auto text = [&](std::string_view name) -> std::string_view {
            const auto member = list->member(item, name);
            return member == no_node || (*list)[member].kind != NodeKind::text ? std::string_view{}
                                                                               : (*list)[member].text;
        };
        const auto op = std::ranges::find(ops, text("op"), &std::pair<std::string_view, Edit::Op>::first);
        if (op == ops.end())
            return bad_edit(edits.size(), "`op` is set, replace or delete");
        const auto path = list->member(item, "path");
        if (path == no_node || (*list)[path].kind != NodeKind::text || !tokens_of(text("path")))
            return bad_edit(edits.size(), "`path` is a JSON pointer like /line_items/0/sku");
        if (op->second == Edit::Op::remove && text("path").empty())
            return bad_edit(edits.size(), "the whole document cannot be deleted; discard the letter");
        const auto value = list->member(item, "value");
        if ((value == no_node) != (op->second == Edit::Op::remove))
            return bad_edit(edits.size(), "set and replace have a `value`, delete has none");
        edits.push_back({op->second, std::string(text("path")), value == no_node ? "" : json_text(*list, value)});
    }
    return edits;
}

std::string with_more(std::string_view edits, const std::vector<Edit>& more, std::string_view who, std::string_view why,
                      std::string_view at)
{
    std::string all(edits.empty() ? "[" : edits.substr(0, edits.size() - 1));
    for (const Edit& edit : more) {
        const auto* op = std::ranges::find(ops, edit.op, &std::pair<std::string_view, Edit::Op>::second);
        all += fmt::format(R"({}{{"op":"{}","path":{})", all.size() > 1 ? "," : "", op->first, json_quoted(edit.path));
        if (edit.op != Edit::Op::remove)
            all.append(",\"value\":").append(edit.value);
        all += fmt::format(R"(,"who":{},"why":{},"at":{}}})", json_quoted(who), json_quoted(why), json_quoted(at));
    }
    return all + "]";
}

Result<std::string> edited(const Document& document, const std::vector<Edit>& edits)
{
    std::string text = json_text(document, 0);
    for (const Edit& edit : edits) {
        const auto now = connectors::read_json(text);
        if (!now)
            return std::unexpected(now.error());
        const auto tokens = tokens_of(edit.path).value_or(PointerTokens{});
        auto made = Editor(*now, edit, tokens).run();
        if (!made)
            return made;
        text = std::move(*made);
    }
    return text;
}

}  // namespace headgate::gateway
