#pragma once

// For the .cpp files of this folder only: yaml-cpp's types are in it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "core/config/schema.hpp"

namespace headgate::config {

enum class Mode : std::uint8_t { read, reference, show };

/// A key of a mapping with what stands behind it.
struct Member {
    std::string key;
    YAML::Node value;
    YAML::Mark mark;
    std::string file;
};

/// What one walk over a described struct carries along, however deep it goes.
struct Schema::State {
    Mode mode = Mode::read;
    Environment environment;
    Problems problems;
    std::string out;
    std::string path;                                // reference: dotted path so far
    int indent = 0;                                  // show
    std::map<std::string, std::string> entry_files;  // "section/entry" -> the file of a folder it stands in
};

/// The mapping that one Schema stands for.
struct Schema::Frame {
    std::vector<Member> members;
    std::set<std::string, std::less<>> known;
    std::set<std::string, std::less<>> blank;  // read as an empty text
    YAML::Node node;
    YAML::Mark mark = YAML::Mark::null_mark();  // of the node, or of the key that has nothing behind it
    std::string file;
    bool whole = true;  // a mapping (not a shorthand text)

    [[nodiscard]] const Member* find(std::string_view key) const;
};

/// Reading a YAML mapping into a frame. It sees the inside of Schema for the free functions that read files.
struct Access {
    using State = Schema::State;

    static void report(State& state, const std::string& file, const YAML::Mark& mark, std::string code,
                       std::string message, std::string hint = {});
    static void load(Schema& schema, const YAML::Node& node, const std::string& file);
    static void add(Schema& schema, Member member);
    /// Reports the keys that `describe` has not asked for.
    static void leave(Schema& schema);
    /// `${NAME}` and `${NAME:-default}`, after parsing.
    static std::string insert(State& state, const std::string& text, const std::string& file, const YAML::Mark& mark);
};

/// "a mapping", "a list", …
[[nodiscard]] std::string kind_of(const YAML::Node& node);

/// A text as a YAML value that reads back as this text; an empty one is nothing.
[[nodiscard]] std::string yaml_quoted(std::string_view text);
/// The same, never bare: what must stay a text when it looks like a number.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// The spaces in front of what stands so deep.
[[nodiscard]] inline std::string space(int indent)
{
    return std::string(static_cast<std::size_t>(indent) * 2, ' ');
}

}  // namespace headgate::config
