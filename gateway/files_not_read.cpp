#include "gateway/files_not_read.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "core/ascii.hpp"
#include "gateway/config.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

std::string plain(const std::string& file)
{
    return fs::path(file).lexically_normal().string();
}

/// Names that begin with a dot are editors' own. What cannot be listed is reported where it is read.
std::vector<fs::path> entries_of(const fs::path& folder)
{
    std::vector<fs::path> entries;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
        if (!entry->path().filename().string().starts_with('.'))
            entries.push_back(entry->path());
    std::ranges::sort(entries);
    return entries;
}

bool is_folder(const fs::path& path)
{
    std::error_code error;
    return fs::is_directory(path, error);
}

class Search {
public:
    Search(const std::string& folder, const std::vector<std::string>& sections, const FilesRead& read)
        : folder_(folder),
          sections_(sections),
          read_(read)
    {}

    FilesNotRead all() &&
    {
        folders();
        endings(folder_, "headgate");
        for (const auto& connector : entries_of(folder_ / "connectors"))
            if (is_folder(connector))
                look_at(connector);
        fragments(folder_ / "mappings" / "fragments");
        return std::move(found_);
    }

private:
    /// What else lies there is the user's own: notes, secrets, git.
    void folders()
    {
        const auto refuse = [&](const std::string& name, std::string hint) {
            if (is_folder(folder_ / name))
                not_read(folder_ / name, "a folder of this name is not read in this version", std::move(hint));
        };
        DeploymentConfig keys;
        std::istringstream lines(config::reference([&](config::Schema& schema) { keys.describe(schema); }));
        for (std::string line; std::getline(lines, line);) {
            const std::string name = line.substr(0, line.find_first_of(".[\t"));
            const bool section = line.starts_with(name + "\tsection") || line.starts_with(name + "\tnot yet") ||
                                 line.starts_with(name + "[]\t");
            if (section && std::ranges::find(sections_, name) == sections_.end())
                refuse(name, "`" + name + "` stands in headgate.yaml; only channels/ and systems/ may be folders");
        }
        for (const std::string name : {"presets", "canonical"})
            refuse(name, "what ships under this name cannot be added to");
    }

    void not_read(const fs::path& path, std::string message, std::string hint)
    {
        found_.problems.push_back({path.string(), 0, 0, "not_read", std::move(message), std::move(hint)});
    }
    void not_used(const fs::path& path, std::string message, std::string hint)
    {
        found_.notes.push_back({path.string(), 0, 0, "not_used", std::move(message), std::move(hint)});
    }

    /// Files that would be read if they ended in .yaml; of one name when one is given.
    void endings(const fs::path& folder, const std::string& name = {})
    {
        for (const auto& path : entries_of(folder)) {
            const std::string extension = lower(path.extension().string());
            const bool meant = extension == ".yml" || (extension == ".yaml" && path.extension() != ".yaml");
            if (meant && !is_folder(path) && (name.empty() || path.stem() == name))
                not_read(path, "only files that end in .yaml are read here",
                         "rename it to " + path.stem().string() + ".yaml");
        }
    }

    void look_at(const fs::path& connector)
    {
        std::error_code error;
        const std::string name = connector.filename().string();
        endings(connector, "connector");
        if (!fs::exists(connector / "connector.yaml", error) && !read_.connectors.contains(name))
            not_used(connector, "this folder has no connector.yaml, so it is no connector",
                     "add the file or remove the folder");
        if (is_folder(connector / "vocabularies"))
            not_read(connector / "vocabularies", "a folder of this name is not read here",
                     "vocabularies stand beside headgate.yaml: vocabularies/NAME.yaml");
        if (is_folder(connector / "fragments"))
            not_read(connector / "fragments", "a folder of this name is not read here",
                     "fragments stand in mappings/fragments/NAME.yaml");
        endings(connector / "cases");
        mappings(connector / "mappings", read_.connectors.contains(name));
    }

    void mappings(const fs::path& folder, bool in_use)  // NOLINT(misc-no-recursion)
    {
        endings(folder);
        for (const auto& path : entries_of(folder)) {
            if (is_folder(path) && path.filename() == "fragments")
                fragments(path);
            else if (is_folder(path))
                mappings(path, in_use);
            else if (path.extension() == ".yaml" && in_use && !read_.has(path))
                not_used(
                    path, "no topic names this mapping, and no mapping extends it",
                    "name it in connector.yaml: `topics: { TOPIC: { mappings: [" + path.stem().string() + "] } }`");
        }
    }

    void fragments(const fs::path& folder)
    {
        endings(folder);
        for (const auto& path : entries_of(folder))
            if (path.extension() == ".yaml" && !read_.has(path))
                not_used(path, "no mapping that is loaded uses this fragment", "`use: " + path.stem().string() + "`");
    }

    fs::path folder_;
    const std::vector<std::string>& sections_;
    const FilesRead& read_;
    FilesNotRead found_;
};

}  // namespace

void FilesRead::add(const std::string& file)
{
    files.insert(plain(file));
}

bool FilesRead::has(const std::string& file) const
{
    return files.contains(plain(file));
}

FilesNotRead files_not_read(const std::string& folder, const std::vector<std::string>& sections, const FilesRead& read)
{
    return Search(folder, sections, read).all();
}

}  // namespace headgate::gateway
