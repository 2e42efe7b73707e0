#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/configuration.hpp"

namespace headgate::gateway {

/// The folders of a channel with `receive`.
struct FolderPaths {
    std::filesystem::path folder;
    std::filesystem::path work;  // files that are being read
    std::filesystem::path archive;
    std::filesystem::path error;
};

/// `base`: the configuration's folder.
[[nodiscard]] inline FolderPaths folder_paths(const Channel& channel, const std::filesystem::path& base)
{
    const auto& receive = *channel.config.receive;
    FolderPaths paths;
    paths.folder = base / receive.folder;
    paths.work = paths.folder / "work";
    paths.archive = receive.archive.empty() ? paths.folder / "archive" : base / receive.archive;
    paths.error = receive.error.empty() ? paths.folder / "error" : base / receive.error;
    return paths;
}

/// Whether a name in such a folder is that of no file to read: a marker, or one that somebody still writes.
[[nodiscard]] inline bool is_aside(std::string_view name)
{
    return name.empty() || name.front() == '.' || name.ends_with(".done") || name.ends_with(".tmp") ||
           name.ends_with(".part") || name.ends_with(".filepart");
}

}  // namespace headgate::gateway
