// The structure a description walks: keys, sections, entries and lists. Values are in schema_fields.cpp, files in
// schema_files.cpp.

#include <utility>

#include "core/config/schema_inside.hpp"

namespace headgate::config {

Schema::Schema(State& state) : state_(state), frame_(std::make_unique<Frame>()) {}
Schema::~Schema() = default;

bool Schema::reading() const
{
    return state_.mode == Mode::read;
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
    if (!reading())
        return;
    const auto [line, column] = at(key);
    const Member* member = frame_->find(key);
    state_.problems.push_back(
        {member ? member->file : frame_->file, line, column, std::move(code), std::move(message), std::move(hint)});
}

bool Schema::shorthand(const std::function<bool(std::string_view)>& accept)
{
    if (!reading() || !frame_->node.IsDefined() || !frame_->node.IsScalar())
        return false;
    if (!accept(frame_->node.Scalar()))
        return false;
    frame_->whole = true;
    return true;
}

void Schema::required(std::string_view key)
{
    if (!reading() || !frame_->whole)
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
    if (reading() && member != nullptr && (member->value.IsSequence() || member->value.IsMap()) &&
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
    if (const Member* member = frame_->find(key); member != nullptr && reading())
        Access::report(state_, member->file, member->mark, "not_yet",
                       "`" + std::string(key) + "` (" + std::string(doc) + ") is not in this version",
                       "remove it; this version would not do what it says");
}

void Schema::enter(std::string_view key, std::string_view doc, const std::function<void(Schema&)>& walk)
{
    frame_->known.emplace(key);
    if (!reading())
        return write(std::string(key), doc, walk);
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return;
    Schema inside(state_);
    Access::load(inside, member->value, member->file);
    walk(inside);
    Access::leave(inside);
}

void Schema::enter_each(std::string_view key, std::string_view doc,
                        const std::function<void(Schema&, const std::string&)>& walk,
                        const std::function<std::vector<std::string>()>& names)
{
    frame_->known.emplace(key);
    if (!reading())
        return write(std::string(key), doc, [&](Schema& section) {
            const auto all = state_.mode == Mode::reference ? std::vector<std::string>{"NAME"} : names();
            for (const auto& name : all)
                section.write(name, "one of them, by name", [&](Schema& inside) { walk(inside, name); }, " {}");
        });
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
}

void Schema::enter_items(std::string_view key, std::string_view doc, const std::function<void()>& clear,
                         const std::function<void(Schema&, std::size_t)>& walk, std::size_t count)
{
    frame_->known.emplace(key);
    if (state_.mode == Mode::reference)
        return write(std::string(key) + "[]", doc, [&](Schema& inside) { walk(inside, 0); });
    if (state_.mode == Mode::show)
        return write(std::string(key), doc, [&](Schema& list) {
            for (std::size_t place = 0; place < count; ++place)
                list.write_item([&](Schema& inside) { walk(inside, place); });
        });
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
}

void Schema::write(const std::string& key, std::string_view doc, const std::function<void(Schema&)>& walk,
                   std::string_view if_empty)
{
    Schema inside(state_);
    if (state_.mode == Mode::reference) {
        state_.out += state_.path + key + "\tsection\t\t" + std::string(doc) + "\n";
        const std::string path = std::exchange(state_.path, state_.path + key + ".");
        walk(inside);
        state_.path = path;
        return;
    }
    const std::size_t begin = state_.out.size();
    const std::string line = space(state_.indent) + yaml_quoted(key) + ":";
    state_.out += line + "\n";
    const std::size_t body = state_.out.size();
    ++state_.indent;
    walk(inside);
    --state_.indent;
    if (state_.out.size() > body)
        return;
    state_.out.resize(begin);  // a key with nothing behind it would read back as another thing
    if (!if_empty.empty())
        state_.out += line + std::string(if_empty) + "\n";
}

void Schema::write_item(const std::function<void(Schema&)>& walk)
{
    Schema inside(state_);
    const std::size_t begin = state_.out.size();
    ++state_.indent;
    walk(inside);
    --state_.indent;
    if (state_.out.size() == begin)
        state_.out += space(state_.indent) + "- {}\n";
    else
        state_.out[begin + space(state_.indent).size()] = '-';  // in the indentation of the item's first key
}

}  // namespace headgate::config
