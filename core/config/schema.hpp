#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/values.hpp"
#include "core/problem.hpp"

namespace headgate::config {

class Schema;

template <class T>
concept Described = requires(T& value, Schema& schema) { value.describe(schema); };

struct Range {
    std::int64_t least;
    std::int64_t most;
};

/// Whether a secret may be `generated`, and dated (`{ secret: env:NEW, from: TIME, until: TIME }`): only what a channel
/// shares with its vendor may.
enum class Generated : std::uint8_t { refused, allowed };

/// What one `describe` per struct walks: it reads a YAML mapping into the struct, or writes the reference of all
/// keys, or shows the values in force. Reading reports every problem, refuses unknown and repeated keys, and leaves
/// the default where a key is absent. yaml-cpp stays behind it.
class Schema {
public:
    struct State;

    void field(std::string_view key, std::string& value, std::string_view doc);
    void field(std::string_view key, std::optional<std::string>& value, std::string_view doc);
    void field(std::string_view key, PlacedText& value, std::string_view doc);
    void field(std::string_view key, PlacedTree& value, std::string_view doc);
    void field(std::string_view key, bool& value, std::string_view doc);
    void field(std::string_view key, std::int64_t& value, Range range, std::string_view doc);
    void field(std::string_view key, Duration& value, std::pair<Duration, Duration> range, std::string_view doc);
    void field(std::string_view key, std::optional<Duration>& value, std::pair<Duration, Duration> range,
               std::string_view doc);
    void field(std::string_view key, Size& value, std::pair<Size, Size> range, std::string_view doc);
    void field(std::string_view key, std::optional<Rate>& value, std::string_view doc);
    void field(std::string_view key, Endpoint& value, std::string_view doc);
    void field(std::string_view key, SecretSources& value, std::string_view doc,
               Generated generated = Generated::refused);
    /// A mapping of names to texts, numbers and booleans, whatever they are called.
    void field(std::string_view key, Settings& value, std::string_view doc);
    /// A list of texts; one text alone is a list of one.
    void field(std::string_view key, std::vector<std::string>& value, std::string_view doc);

    template <class E>
    void choice(std::string_view key, E& value, std::initializer_list<std::pair<std::string_view, E>> names,
                std::string_view doc)
    {
        std::vector<std::string_view> all;
        std::size_t at = 0;
        for (const auto& [name, member] : names) {
            if (member == value)
                at = all.size();
            all.push_back(name);
        }
        at = choose(key, all, at, doc);
        value = (names.begin() + at)->second;
    }

    template <Described T>
    void section(std::string_view key, T& value, std::string_view doc)
    {
        enter(key, doc, [&](Schema& inside) { value.describe(inside); });
    }

    /// Named entries: `channels: { shop-eu: {…} }`. A T with a member `name` gets the entry's name.
    template <Described T>
    void entries(std::string_view key, std::map<std::string, T>& values, std::string_view doc)
    {
        enter_each(
            key, doc,
            [&](Schema& inside, const std::string& name) {
                T& value = values[name];
                place(inside, value, name);
                value.describe(inside);
            },
            [&] {
                std::vector<std::string> names;
                for (const auto& [name, value] : values)
                    names.push_back(name);
                return names;
            });
    }

    /// Named entries whose order matters. T has a member `name`.
    template <Described T>
    void entries(std::string_view key, std::vector<T>& values, std::string_view doc)
    {
        enter_each(
            key, doc,
            [&](Schema& inside, const std::string& name) {
                auto found = std::ranges::find(values, name, &T::name);
                if (found == values.end())
                    found = values.insert(values.end(), T{});
                place(inside, *found, name);
                found->describe(inside);
            },
            [&] {
                std::vector<std::string> names;
                for (const T& value : values)
                    names.push_back(value.name);
                return names;
            });
    }

    /// A list of mappings.
    template <Described T>
    void items(std::string_view key, std::vector<T>& values, std::string_view doc)
    {
        enter_items(
            key, doc, [&] { values.clear(); },
            [&](Schema& inside, std::size_t place_in_list) {
                if (place_in_list >= values.size())
                    values.resize(place_in_list + 1);
                place(inside, values[place_in_list], "");
                values[place_in_list].describe(inside);
            },
            values.size());
    }

    /// A key the configuration will have and this version does not: refused by name (`not_yet`), never ignored.
    void not_yet(std::string_view key, std::string_view doc);
    /// The key must be given, with more behind it than nothing or an empty text. Stands behind the key's `field`.
    void required(std::string_view key);
    /// A list (or the entries) that is given must have something in it: `empty_list`. `instead`: what to write.
    void not_empty(std::string_view key, std::string_view instead);
    /// Whether the key stands here, even with nothing behind it. False when not reading.
    [[nodiscard]] bool given(std::string_view key) const;
    /// A short form: when the value is one text instead of a mapping, `accept` takes it. True when it did.
    bool shorthand(const std::function<bool(std::string_view text)>& accept);
    /// A problem found by the struct itself, at the key (or at the whole mapping when `key` is empty).
    void problem(std::string_view key, std::string code, std::string message, std::string hint = {});
    /// Where the mapping being read stands; zero when not reading.
    [[nodiscard]] std::pair<int, int> at(std::string_view key = {}) const;
    /// The same as `file:line:column`; the whole mapping where the key is not given.
    [[nodiscard]] std::string where(std::string_view key = {}) const;
    /// Whether a file is being read into the struct; else its keys or values are being written.
    [[nodiscard]] bool reading() const;

    explicit Schema(State& state);
    ~Schema();
    Schema(const Schema&) = delete;
    Schema& operator=(const Schema&) = delete;

private:
    template <class T>
    static void place(Schema& inside, T& value, const std::string& name)
    {
        if constexpr (requires { value.name = name; })
            if (!name.empty())  // an item of a list may say its name itself
                value.name = name;
        if constexpr (requires { value.where; }) {
            if (inside.reading())
                value.where = inside.where();
        }
    }

    std::size_t choose(std::string_view key, const std::vector<std::string_view>& names, std::size_t now,
                       std::string_view doc);
    void enter(std::string_view key, std::string_view doc, const std::function<void(Schema&)>& walk);
    void enter_each(std::string_view key, std::string_view doc,
                    const std::function<void(Schema&, const std::string&)>& walk,
                    const std::function<std::vector<std::string>()>& names);
    void enter_items(std::string_view key, std::string_view doc, const std::function<void()>& clear,
                     const std::function<void(Schema&, std::size_t)>& walk, std::size_t count);
    /// Writes a key with what stands inside of it; a key with nothing inside is left out, or said to be `if_empty`.
    void write(const std::string& key, std::string_view doc, const std::function<void(Schema&)>& walk,
               std::string_view if_empty = {});
    void write_item(const std::function<void(Schema&)>& walk);
    std::optional<std::string> scalar(std::string_view key, std::string_view doc, std::string_view type,
                                      const std::string& now);

    State& state_;
    struct Frame;
    std::unique_ptr<Frame> frame_;
    friend struct Access;
};

/// The environment, replaceable in tests.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// Reads `path` (a file) into a described struct. A top-level section may instead be a folder beside it:
/// `DIR/channels/*.yaml` (each file holds entries of that section; names that begin with a dot are left alone). All
/// problems are returned together.
template <Described T>
[[nodiscard]] Problems read_file(const std::string& path, T& value, const Environment& environment,
                                 const std::vector<std::string>& folders = {})
{
    return read_described(path, environment, folders, [&](Schema& schema) { value.describe(schema); });
}
[[nodiscard]] Problems read_described(const std::string& path, const Environment& environment,
                                      const std::vector<std::string>& folders,
                                      const std::function<void(Schema&)>& describe);

/// The reference of all keys: one line each, `path  type  default  what it is`.
[[nodiscard]] std::string reference(const std::function<void(Schema&)>& describe);
/// The configuration in force as YAML, defaults filled in, secrets as •••. Read again it is the same, but for the
/// secrets; what has no value is left out.
[[nodiscard]] std::string show(const std::function<void(Schema&)>& describe);

}  // namespace headgate::config
