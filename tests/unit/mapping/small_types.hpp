#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {

/// A folder of the test's own, empty.
inline std::string fresh_folder(const std::string& name)
{
    const std::string folder = testing::TempDir() + "/headgate_" + name + "_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

inline void write_file(const std::string& path, std::string_view text)
{
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
}

/// A type with a field of every kind, and a small one.
inline const Canonical& small_types()
{
    static const Canonical canonical = [] {
        const std::string folder = fresh_folder("mapping_types");
        write_file(folder + "/note.json", R"({
            "x-order": "free", "type": "object", "additionalProperties": false, "required": ["title"],
            "properties": {"title": {"type": "string"}, "kind": {"type": "string", "enum": ["a", "b"]}, "rank": {"type": "integer"},
                "done": {"type": "boolean"}, "at": {"$ref": "#/$defs/timestamp"}, "sum": {"$ref": "#/$defs/money"}, "any": {"type": "object", "additionalProperties": true},
                "who": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {"name": {"type": "string"}, "city": {"type": "string"}}},
                "items": {"type": "array", "items": {"type": "object", "additionalProperties": false,
                    "properties": {"no": {"type": "integer"}, "text": {"type": "string"}, "subs": {"type": "array", "items": {"type": "string"}}}}},
                "words": {"type": "array", "items": {"type": "string"}}},
            "$defs": {"timestamp": {"type": "string"}, "money": {"type": "object"}}})");
        write_file(folder + "/memo.json", R"({
            "x-order": "latest", "x-family": "paper", "type": "object", "additionalProperties": false,
            "properties": {"text": {"type": "string"}}})");
        return Canonical::load(folder).value();
    }();
    return canonical;
}

inline std::string head(std::string_view fields)
{
    return "transaction: note\nentity: note/{.id}\nfields:\n" + std::string(fields);
}

}  // namespace headgate::mapping::test
