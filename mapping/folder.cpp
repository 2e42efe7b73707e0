#include "mapping/folder.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace headgate::mapping {

namespace {

/// ".YML" is meant as ".yaml".
std::string meant(std::string_view extension)
{
    std::string small = lower(extension);
    return small == ".yml" ? ".yaml" : small;
}

}  // namespace

std::vector<std::string> files_of(const std::string& folder, std::string_view extension, Problems& problems,
                                  std::vector<std::string>* folders)
{
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::filesystem::path& path = entry.path();
        if (path.filename().string().starts_with('.'))
            continue;
        std::error_code unknown;
        if (folders != nullptr && entry.is_directory(unknown))
            folders->push_back(path);
        else if (entry.is_directory(unknown))
            problems.push_back(
                {path, 0, 0, "not_read", "a folder in this folder is not read", "put its files beside it"});
        else if (path.extension() == extension)
            files.push_back(path);
        else if (meant(path.extension().string()) == extension)
            problems.push_back({path, 0, 0, "not_read",
                                "only files that end in " + std::string(extension) + " are read here",
                                "rename it to " + path.stem().string() + std::string(extension)});
    }
    if (error)
        problems.push_back({folder, 0, 0, "unreadable", "the folder cannot be read", ""});
    std::ranges::sort(files);
    if (folders != nullptr)
        std::ranges::sort(*folders);
    return files;
}

}  // namespace headgate::mapping
