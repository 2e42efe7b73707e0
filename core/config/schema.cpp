#include "core/config/schema.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>

#include <unistd.h>

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
    std::set<std::string, std::less<>> blank;  // read as an empty text
    YAML::Node node;
    YAML::Mark mark = YAML::Mark::null_mark();  // of the node, or of the key that has nothing behind it
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
    YAML::Mark mark = frame_->mark;
    if (const Member* member = key.empty() ? nullptr : frame_->find(key))
        mark = member->value.IsNull() ? member->mark : member->value.Mark();
    return mark.line < 0 ? std::pair{0, 0} : std::pair{mark.line + 1, mark.column + 1};
}

std::string Schema::where(std::string_view key) const
{
    const auto [line, column] = at(key);
    const Member* member = key.empty() ? nullptr : frame_->find(key);
    return (member != nullptr ? member->file : frame_->file) + ":" + std::to_string(line) + ":" +
           std::to_string(column);
}

bool Schema::given(std::string_view key) const
{
    return reading() && frame_->find(key) != nullptr;
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
    if (state_.mode != Mode::read || !frame_->whole)
        return;
    const Member* member = frame_->find(key);
    if (member == nullptr)
        problem({}, "missing_key", "`" + std::string(key) + "` must be given here");
    else if (member->value.IsNull() || frame_->blank.contains(key))
        problem(key, "missing_key", "`" + std::string(key) + "` must be given here, and there is nothing behind it");
}

void Schema::not_empty(std::string_view key, std::string_view instead)
{
    const Member* member = frame_->find(key);
    if (state_.mode == Mode::read && member != nullptr && (member->value.IsSequence() || member->value.IsMap()) &&
        member->value.size() == 0)
        problem(key, "empty_list", "`" + std::string(key) + "` has nothing in it", std::string(instead));
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
    const auto before = state_.problems.size();
    auto text = Access::insert(state_, member->value.Scalar(), member->file, member->value.Mark());
    if (text.empty() && state_.problems.size() == before)
        frame_->blank.emplace(key);
    return text;
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

void Schema::field(std::string_view key, PlacedText& value, std::string_view doc)
{
    if (auto text = scalar(key, doc, "text", value.text))
        value = {std::move(*text), where(key)};
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

void Schema::field(std::string_view key, std::optional<Duration>& value, std::pair<Duration, Duration> range,
                   std::string_view doc)
{
    if (reading() && !given(key)) {
        frame_->known.emplace(key);
        return;
    }
    if (!reading() && !value) {
        scalar(key, doc, "duration", "");
        return;
    }
    const auto before = state_.problems.size();
    Duration duration = value.value_or(range.first);
    field(key, duration, range, doc);
    if (reading() && !frame_->find(key)->value.IsNull() && state_.problems.size() == before)
        value = duration;
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
    value.clear();
    const auto take = [&](const YAML::Node& node) {
        const auto before = state_.problems.size();
        auto text = Access::insert(state_, node.Scalar(), member->file, node.Mark());
        if (text.empty() && state_.problems.size() == before)
            Access::report(state_, member->file, node.Mark(), "empty_text",
                           "`" + std::string(key) + "` is a list of texts, and this one is empty");
        value.push_back(std::move(text));
    };
    if (member->value.IsScalar())
        return take(member->value);
    if (!member->value.IsSequence()) {
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a list of texts");
        return;
    }
    for (const auto& item : member->value) {
        if (!item.IsScalar())
            Access::report(state_, member->file, item.Mark(), "wrong_kind",
                           "`" + std::string(key) + "` is a list of texts, this item is " + kind_of(item));
        else
            take(item);
    }
}

void Schema::field(std::string_view key, SecretSources& value, std::string_view doc, Generated generated)
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
        } else if (text == "generated" && generated == Generated::refused) {
            return Access::report(state_, member->file, node.Mark(), "generated_secret",
                                  "`" + std::string(key) + "` cannot be generated: the other side has to know it",
                                  "write env:NAME or file:PATH; `generated` is for a channel's secret");
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
        if (member == nullptr || member->value.IsNull())
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
            if (entry.value.IsNull())
                inside.frame_->mark = entry.mark;
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
        if (member == nullptr || member->value.IsNull())
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
    const auto unreadable = [&](const std::string& why) {
        state.problems.push_back({path, 0, 0, "unreadable", "the file cannot be read: " + why, ""});
    };
    try {
        std::error_code error;
        if (fs::is_directory(path, error)) {
            unreadable("it is a folder");
            return std::nullopt;
        }
        errno = 0;
        if (::access(path.c_str(), R_OK) != 0) {
            unreadable(std::generic_category().message(errno));
            return std::nullopt;
        }
        auto documents = YAML::LoadAllFromFile(path);
        if (documents.size() > 1)
            Access::report(state, path, documents[1].Mark(), "several_documents", "one file holds one YAML document");
        return documents.empty() ? YAML::Node(YAML::NodeType::Map) : documents[0];
    } catch (const YAML::BadFile&) {
        unreadable("it cannot be opened");
    } catch (const YAML::Exception& error) {
        Access::report(state, path, error.mark, "yaml_syntax", error.msg);
    }
    return std::nullopt;
}

/// The files of a section's folder in the order of their names. What lies there and would not be read is a problem: it
/// was meant to be. Names that begin with a dot are editors' and mounts' own.
std::vector<fs::path> files_of(Schema::State& state, const fs::path& folder)
{
    std::vector<fs::path> files;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    if (error == std::errc::no_such_file_or_directory)
        return files;
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path& path = entry->path();
        if (path.filename().string().starts_with('.'))
            continue;
        std::string extension = path.extension().string();
        std::ranges::transform(extension, extension.begin(), [](unsigned char letter) { return std::tolower(letter); });
        std::error_code unknown;
        if (fs::is_directory(path, unknown))
            state.problems.push_back(
                {path.string(), 0, 0, "not_read", "a folder in this folder is not read", "put its files beside it"});
        else if (path.extension() == ".yaml")
            files.push_back(path);
        else if (extension == ".yaml" || extension == ".yml")
            state.problems.push_back({path.string(), 0, 0, "not_read", "only files that end in .yaml are read here",
                                      "rename it to " + path.stem().string() + ".yaml"});
    }
    if (error)
        state.problems.push_back(
            {folder.string(), 0, 0, "unreadable", "the folder cannot be read: " + error.message(), ""});
    std::ranges::sort(files);
    return files;
}

/// The entries of all files as one section; an entry given twice is reported where it stands again.
YAML::Node merged(Schema::State& state, const std::string& section, const std::vector<fs::path>& files)
{
    YAML::Node all(YAML::NodeType::Map);
    for (const auto& path : files) {
        const std::string file = path.string();
        const auto node = parse(state, file);
        if (!node || node->IsNull())
            continue;
        if (!node->IsMap()) {
            Access::report(state, file, node->Mark(), "wrong_kind",
                           "a file of " + section + "/ holds entries by name, this is " + kind_of(*node),
                           "write NAME: and its keys indented below it");
            continue;
        }
        for (const auto& pair : *node) {
            if (!pair.first.IsScalar()) {
                Access::report(state, file, pair.first.Mark(), "key_kind", "a key must be a plain name");
                continue;
            }
            const auto name = pair.first.Scalar();
            if (const auto [at, fresh] = state.entry_files.emplace(section + "/" + name, file); !fresh)
                Access::report(state, file, pair.first.Mark(), "repeated_key",
                               "`" + name + "` stands here a second time", "the first is in " + at->second);
            else
                all.force_insert(pair.first, pair.second);
        }
    }
    return all;
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
        const auto files = files_of(state, base / section);
        if (!files.empty())
            Access::add_section(schema, section, merged(state, section, files), files.front().string());
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
