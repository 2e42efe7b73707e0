#include "core/config/schema.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <yaml-cpp/yaml.h>

namespace headgate::config {

namespace {

namespace fs = std::filesystem;

enum class Mode : std::uint8_t { read, reference, show };

struct Member {
    std::string key;
    YAML::Node value;
    YAML::Mark mark;
    std::string file;
};

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string kind_of(const YAML::Node& node)
{
    switch (node.Type()) {
    case YAML::NodeType::Map: return "a mapping";
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Scalar: return "a value";
    default: return "nothing";
    }
}

}  // namespace

struct Schema::State {
    Mode mode = Mode::read;
    Environment environment;
    Problems problems;
    std::string out;
    std::string path;                                // reference: dotted path so far
    int indent = 0;                                  // show
    std::map<std::string, std::string> entry_files;  // "section/entry" -> the file of a folder it stands in
};

struct Schema::Frame {
    std::vector<Member> members;
    std::set<std::string, std::less<>> known;
    YAML::Node node;
    std::string file;
    bool whole = true;  // a mapping (not a shorthand text)

    const Member* find(std::string_view key) const
    {
        for (const auto& member : members)
            if (member.key == key)
                return &member;
        return nullptr;
    }
};

/// What the free functions below need of the inside.
struct Access {
    using State = Schema::State;

    static void report(State& state, const std::string& file, const YAML::Mark& mark, std::string code,
                       std::string message, std::string hint = {})
    {
        const bool placed = mark.line >= 0;
        state.problems.push_back({file, placed ? mark.line + 1 : 0, placed ? mark.column + 1 : 0, std::move(code),
                                  std::move(message), std::move(hint)});
    }

    static void load(Schema& schema, const YAML::Node& node, const std::string& file)
    {
        auto& frame = *schema.frame_;
        frame.node = node;
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

    static void add(Schema& schema, Member member)
    {
        if (const Member* earlier = schema.frame_->find(member.key)) {
            report(schema.state_, member.file, member.mark, "repeated_key",
                   "`" + member.key + "` stands here a second time",
                   "the first is at " + earlier->file + ":" + std::to_string(earlier->mark.line + 1) +
                       "; keep one of them");
            return;
        }
        schema.frame_->members.push_back(std::move(member));
    }

    static void add_section(Schema& schema, const std::string& name, const YAML::Node& node, const std::string& file)
    {
        add(schema, {name, node, node.Mark(), file});
    }

    static void leave(Schema& schema)
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
            std::string hint = "known here:";
            std::size_t best = 3;
            std::string close;
            for (const auto& known : frame.known) {
                hint += " " + known;
                if (const auto distance = edit_distance(member.key, known); distance < best) {
                    best = distance;
                    close = known;
                }
            }
            report(schema.state_, member.file, member.mark, "unknown_key", "`" + member.key + "` is no key here",
                   close.empty() ? hint : "did you mean `" + close + "`?");
        }
    }

    /// `${NAME}` and `${NAME:-default}`, after parsing.
    static std::string insert(State& state, const std::string& text, const std::string& file, const YAML::Mark& mark)
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
            if (auto value = state.environment(name))
                out += *value;
            else if (fallback)
                out += *fallback;
            else
                report(state, file, mark, "variable_missing", "the environment has no `" + name + "`",
                       "set it, or write ${" + name + ":-default}");
            at = close + 1;
        }
    }
};

Schema::Schema(State& state) : state_(state), frame_(std::make_unique<Frame>()) {}
Schema::~Schema() = default;

bool Schema::reading() const
{
    return state_.mode == Mode::read;
}
std::string Schema::file() const
{
    return frame_->file;
}

std::pair<int, int> Schema::at(std::string_view key) const
{
    YAML::Mark mark = frame_->node.IsDefined() ? frame_->node.Mark() : YAML::Mark::null_mark();
    if (const Member* member = key.empty() ? nullptr : frame_->find(key))
        mark = member->value.Mark();
    return mark.line < 0 ? std::pair{0, 0} : std::pair{mark.line + 1, mark.column + 1};
}

void Schema::problem(std::string_view key, std::string code, std::string message, std::string hint)
{
    if (state_.mode != Mode::read)
        return;
    const auto [line, column] = at(key);
    const Member* member = frame_->find(key);
    state_.problems.push_back(
        {member ? member->file : frame_->file, line, column, std::move(code), std::move(message), std::move(hint)});
}

bool Schema::shorthand(const std::function<bool(std::string_view)>& accept)
{
    if (state_.mode != Mode::read || !frame_->node.IsDefined() || !frame_->node.IsScalar())
        return false;
    if (!accept(frame_->node.Scalar()))
        return false;
    frame_->whole = true;
    return true;
}

void Schema::required(std::string_view key)
{
    if (state_.mode == Mode::read && frame_->whole && frame_->find(key) == nullptr)
        problem({}, "missing_key", "`" + std::string(key) + "` must be given here");
}

void Schema::not_yet(std::string_view key, std::string_view doc)
{
    frame_->known.emplace(key);
    if (state_.mode == Mode::reference) {
        state_.out += state_.path + std::string(key) + "\tnot yet\t\t" + std::string(doc) + "\n";
        return;
    }
    if (const Member* member = frame_->find(key); member != nullptr && state_.mode == Mode::read)
        Access::report(state_, member->file, member->mark, "not_yet",
                       "`" + std::string(key) + "` (" + std::string(doc) + ") is not in this version",
                       "remove it; this version would not do what it says");
}

/// The text of a scalar member, or nothing; writes the line in the other modes.
std::optional<std::string> Schema::scalar(std::string_view key, std::string_view doc, std::string_view type,
                                          const std::string& now)
{
    frame_->known.emplace(key);
    if (state_.mode == Mode::reference) {
        state_.out +=
            state_.path + std::string(key) + "\t" + std::string(type) + "\t" + now + "\t" + std::string(doc) + "\n";
        return std::nullopt;
    }
    if (state_.mode == Mode::show) {
        state_.out +=
            std::string(static_cast<std::size_t>(state_.indent) * 2, ' ') + std::string(key) + ": " + now + "\n";
        return std::nullopt;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return std::nullopt;
    if (!member->value.IsScalar()) {
        Access::report(state_, member->file, member->value.Mark(), "wrong_kind",
                       "`" + std::string(key) + "` is " + std::string(type) + ", this is " + kind_of(member->value));
        return std::nullopt;
    }
    return Access::insert(state_, member->value.Scalar(), member->file, member->value.Mark());
}

void Schema::field(std::string_view key, std::string& value, std::string_view doc)
{
    if (auto text = scalar(key, doc, "text", value))
        value = std::move(*text);
}

void Schema::field(std::string_view key, std::optional<std::string>& value, std::string_view doc)
{
    if (auto text = scalar(key, doc, "text", value.value_or("")))
        value = std::move(*text);
}

void Schema::field(std::string_view key, bool& value, std::string_view doc)
{
    if (const auto text = scalar(key, doc, "true or false", value ? "true" : "false")) {
        if (*text != "true" && *text != "false")
            problem(key, "wrong_kind", "`" + std::string(key) + "` is true or false");
        value = *text == "true";
    }
}

void Schema::field(std::string_view key, std::int64_t& value, Range range, std::string_view doc)
{
    const auto text = scalar(key, doc, "whole number", std::to_string(value));
    if (!text)
        return;
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
    if (error != std::errc{} || end != text->data() + text->size() || parsed < range.least || parsed > range.most)
        problem(key, "out_of_range",
                "`" + std::string(key) + "` is a whole number from " + std::to_string(range.least) + " to " +
                    std::to_string(range.most));
    else
        value = parsed;
}

void Schema::field(std::string_view key, Duration& value, std::pair<Duration, Duration> range, std::string_view doc)
{
    const auto text = scalar(key, doc, "duration", text_of(value));
    if (!text)
        return;
    const auto parsed = parse_duration(*text);
    if (!parsed)
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a duration", "for example 500ms, 15m, 2d");
    else if (*parsed < range.first || *parsed > range.second)
        problem(key, "out_of_range",
                "`" + std::string(key) + "` is from " + text_of(range.first) + " to " + text_of(range.second));
    else
        value = *parsed;
}

void Schema::field(std::string_view key, Size& value, std::pair<Size, Size> range, std::string_view doc)
{
    const auto text = scalar(key, doc, "size", text_of(value));
    if (!text)
        return;
    const auto parsed = parse_size(*text);
    if (!parsed)
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a size", "for example 64KiB, 8MiB, 2GiB");
    else if (*parsed < range.first || *parsed > range.second)
        problem(key, "out_of_range",
                "`" + std::string(key) + "` is from " + text_of(range.first) + " to " + text_of(range.second));
    else
        value = *parsed;
}

void Schema::field(std::string_view key, std::optional<Rate>& value, std::string_view doc)
{
    const auto text = scalar(key, doc, "rate", value ? std::to_string(value->per_second) + "/s" : "");
    if (!text)
        return;
    if (const auto parsed = parse_rate(*text))
        value = *parsed;
    else
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a rate", "for example 100/s");
}

void Schema::field(std::string_view key, Endpoint& value, std::string_view doc)
{
    const auto text = scalar(key, doc, "address:port", value.text());
    if (!text)
        return;
    if (const auto parsed = parse_endpoint(*text))
        value = *parsed;
    else
        problem(key, "wrong_kind", "`" + std::string(key) + "` is an address and a port",
                "for example 127.0.0.1:8080 or [::1]:8080");
}

void Schema::field(std::string_view key, std::vector<std::string>& value, std::string_view doc)
{
    frame_->known.emplace(key);
    if (state_.mode != Mode::read) {
        std::string now = "[";
        for (const auto& item : value)
            now += (now.size() > 1 ? ", " : "") + item;
        scalar(key, doc, "list of texts", now + "]");
        return;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return;
    if (member->value.IsScalar()) {
        value = {Access::insert(state_, member->value.Scalar(), member->file, member->value.Mark())};
        return;
    }
    value.clear();
    if (!member->value.IsSequence()) {
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a list of texts");
        return;
    }
    for (const auto& item : member->value) {
        if (!item.IsScalar())
            Access::report(state_, member->file, item.Mark(), "wrong_kind",
                           "`" + std::string(key) + "` is a list of texts, this item is " + kind_of(item));
        else
            value.push_back(Access::insert(state_, item.Scalar(), member->file, item.Mark()));
    }
}

void Schema::field(std::string_view key, SecretSources& value, std::string_view doc)
{
    frame_->known.emplace(key);
    if (state_.mode != Mode::read) {
        scalar(key, doc, "secret", state_.mode == Mode::show && !value.empty() ? "•••" : "");
        return;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return;
    value.clear();
    const auto take = [&](const YAML::Node& node) {
        const auto refuse = [&](std::string message) {
            Access::report(state_, member->file, node.Mark(), "secret_in_file", std::move(message),
                           "write env:NAME or file:PATH; the secret itself never stands in the configuration");
        };
        if (!node.IsScalar())
            return refuse("`" + std::string(key) + "` is a secret or a list of them");
        const std::string& text = node.Scalar();
        SecretSource source;
        source.line = node.Mark().line + 1;
        source.column = node.Mark().column + 1;
        if (text.starts_with("env:")) {
            source.kind = SecretSource::Kind::env;
            source.name = text.substr(4);
        } else if (text.starts_with("file:")) {
            source.kind = SecretSource::Kind::file;
            source.name = text.substr(5);
        } else if (text == "generated") {
            source.kind = SecretSource::Kind::generated;
        } else {
            return refuse("`" + std::string(key) + "` says where a secret is read, and this is no such place");
        }
        if (source.name.empty() && source.kind != SecretSource::Kind::generated)
            return refuse("`" + std::string(key) + "` names no variable or file");
        value.push_back(std::move(source));
    };
    if (member->value.IsSequence())
        for (const auto& item : member->value)
            take(item);
    else
        take(member->value);
}

std::size_t Schema::choose(std::string_view key, const std::vector<std::string_view>& names, std::size_t now,
                           std::string_view doc)
{
    std::string all;
    for (const auto name : names)
        all += (all.empty() ? "" : " | ") + std::string(name);
    const auto text = scalar(key, doc, all, std::string(names[now]));
    if (!text)
        return now;
    const auto found = std::ranges::find(names, *text);
    if (found == names.end()) {
        problem(key, "unknown_choice", "`" + std::string(key) + "` is one of " + all);
        return now;
    }
    return static_cast<std::size_t>(found - names.begin());
}

void Schema::enter(std::string_view key, std::string_view doc,
                   const std::function<void(Schema&, std::string_view)>& walk)
{
    frame_->known.emplace(key);
    Schema inside(state_);
    if (state_.mode == Mode::read) {
        const Member* member = frame_->find(key);
        if (member == nullptr)
            return;
        Access::load(inside, member->value, member->file);
        walk(inside, key);
        Access::leave(inside);
        return;
    }
    const std::string path = state_.path;
    if (state_.mode == Mode::reference)
        state_.out += path + std::string(key) + "\tsection\t\t" + std::string(doc) + "\n";
    else
        state_.out += std::string(static_cast<std::size_t>(state_.indent) * 2, ' ') + std::string(key) + ":\n";
    state_.path += std::string(key) + ".";
    ++state_.indent;
    walk(inside, key);
    --state_.indent;
    state_.path = path;
}

void Schema::enter_each(std::string_view key, std::string_view doc,
                        const std::function<void(Schema&, const std::string&)>& walk,
                        const std::function<std::vector<std::string>()>& names)
{
    if (state_.mode == Mode::read) {
        frame_->known.emplace(key);
        const Member* member = frame_->find(key);
        if (member == nullptr)
            return;
        Schema holder(state_);
        Access::load(holder, member->value, member->file);
        if (!holder.frame_->whole) {
            Access::leave(holder);
            return;
        }
        for (const auto& entry : holder.frame_->members) {
            const auto home = state_.entry_files.find(std::string(key) + "/" + entry.key);
            Schema inside(state_);
            Access::load(inside, entry.value, home == state_.entry_files.end() ? entry.file : home->second);
            walk(inside, entry.key);
            Access::leave(inside);
        }
        return;
    }
    enter(key, doc, [&](Schema& section, std::string_view) {
        const auto all = state_.mode == Mode::reference ? std::vector<std::string>{"NAME"} : names();
        for (const auto& name : all)
            section.enter(name, "one of them, by name", [&](Schema& inside, std::string_view) { walk(inside, name); });
    });
}

void Schema::enter_items(std::string_view key, std::string_view doc, const std::function<void()>& clear,
                         const std::function<void(Schema&, std::size_t)>& walk, std::size_t count)
{
    if (state_.mode == Mode::read) {
        frame_->known.emplace(key);
        const Member* member = frame_->find(key);
        if (member == nullptr)
            return;
        if (!member->value.IsSequence()) {
            problem(key, "wrong_kind", "`" + std::string(key) + "` is a list, this is " + kind_of(member->value));
            return;
        }
        clear();
        std::size_t place = 0;
        for (const auto& item : member->value) {
            Schema inside(state_);
            Access::load(inside, item, member->file);
            walk(inside, place++);
            Access::leave(inside);
        }
        return;
    }
    const auto all = state_.mode == Mode::reference ? std::size_t{1} : count;
    enter(key, doc, [&](Schema& section, std::string_view) {
        for (std::size_t place = 0; place < all; ++place)
            section.enter("- " + std::to_string(place + 1), "an item of the list",
                          [&](Schema& inside, std::string_view) { walk(inside, place); });
    });
}

Environment process_environment()
{
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    };
}

namespace {

std::optional<YAML::Node> parse(Schema::State& state, const std::string& path)
{
    try {
        auto documents = YAML::LoadAllFromFile(path);
        if (documents.size() > 1)
            Access::report(state, path, documents[1].Mark(), "several_documents", "one file holds one YAML document");
        return documents.empty() ? YAML::Node(YAML::NodeType::Map) : documents[0];
    } catch (const YAML::BadFile&) {
        state.problems.push_back({path, 0, 0, "unreadable", "the file cannot be read", "does it exist?"});
    } catch (const YAML::Exception& error) {
        Access::report(state, path, error.mark, "yaml_syntax", error.msg);
    }
    return std::nullopt;
}

}  // namespace

Problems read_described(const std::string& path, const Environment& environment,
                        const std::vector<std::string>& folders, const std::function<void(Schema&)>& describe)
{
    Schema::State state;
    state.environment = environment;
    const auto root = parse(state, path);
    if (!root)
        return std::move(state.problems);
    Schema schema(state);
    Access::load(schema, *root, path);

    const fs::path base = fs::path(path).parent_path();
    for (const auto& section : folders) {
        std::vector<fs::path> files;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(base / section, ignored))
            if (entry.path().extension() == ".yaml")
                files.push_back(entry.path());
        if (files.empty())
            continue;
        std::ranges::sort(files);
        // The entries of all files become one section; an entry given twice is reported where it stands again.
        YAML::Node merged(YAML::NodeType::Map);
        for (const auto& file : files) {
            const auto node = parse(state, file.string());
            if (!node || !node->IsMap())
                continue;
            for (const auto& pair : *node) {
                const auto name = pair.first.Scalar();
                if (const auto [at, fresh] = state.entry_files.emplace(section + "/" + name, file.string()); !fresh)
                    Access::report(state, file.string(), pair.first.Mark(), "repeated_key",
                                   "`" + name + "` stands here a second time", "the first is in " + at->second);
                else
                    merged.force_insert(pair.first, pair.second);
            }
        }
        Access::add_section(schema, section, merged, files.front().string());
    }
    describe(schema);
    Access::leave(schema);
    return std::move(state.problems);
}

std::string reference(const std::function<void(Schema&)>& describe)
{
    Schema::State state;
    state.mode = Mode::reference;
    Schema schema(state);
    describe(schema);
    return std::move(state.out);
}

std::string show(const std::function<void(Schema&)>& describe)
{
    Schema::State state;
    state.mode = Mode::show;
    Schema schema(state);
    describe(schema);
    return std::move(state.out);
}

}  // namespace headgate::config
