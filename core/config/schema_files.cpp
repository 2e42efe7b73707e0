// Reading the files of a configuration into a description, and writing one out.

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <unistd.h>

#include "core/ascii.hpp"
#include "core/config/schema_inside.hpp"
#include "core/config/tabs.hpp"

namespace headgate::config {

namespace fs = std::filesystem;

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
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        unreadable("it cannot be opened");
        return std::nullopt;
    }
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    try {
        auto documents = YAML::LoadAll(text);
        if (documents.size() > 1)
            Access::report(state, path, documents[1].Mark(), "several_documents", "one file holds one YAML document");
        return documents.empty() ? YAML::Node(YAML::NodeType::Map) : documents[0];
    } catch (const YAML::Exception& wrong) {
        if (auto tab = tab_problem(path, text, wrong.mark.line + 1, "yaml_syntax"))
            state.problems.push_back(std::move(*tab));
        else
            Access::report(state, path, wrong.mark, "yaml_syntax", wrong.msg);
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
        const std::string extension = lower(path.extension().string());
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
        if (!files.empty()) {
            const YAML::Node all = merged(state, section, files);
            Access::add(schema, {section, all, all.Mark(), files.front().string()});
        }
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
