#pragma once

#include <filesystem>
#include <string>

#include "core/result.hpp"

namespace headgate::gateway {

/// The data folder of one deployment, locked: at most one process works in it (flock, released by the kernel when
/// the process ends, however it ends).
class DataFolder {
public:
    /// Makes the folder (mode 0700) when it is missing. `data_folder_in_use` or `data_folder_unusable`.
    static Result<DataFolder> open(const std::string& path);
    DataFolder(DataFolder&& other) noexcept;
    DataFolder& operator=(DataFolder&&) = delete;
    ~DataFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    DataFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::filesystem::path path_;
    int lock_ = -1;
};

/// Makes sure that names in it are on disk: what was renamed stays so when power is cut.
void sync_folder(const std::filesystem::path& folder);
/// Replaces a file as a whole: written under another name, synced, renamed, and its folder synced.
Result<void> write_file(const std::filesystem::path& path, std::string_view text, unsigned mode);
/// `file_unreadable`.
Result<std::string> read_file(const std::filesystem::path& path);

/// What `headgate run` tells the other commands, in DATA/run.json.
struct RunningInfo {
    int pid = 0;
    std::string public_address;
    std::string admin_address;
    std::string admin_token_file;
    std::string config;
    std::string data;
};
Result<void> write_running(const DataFolder& folder, const RunningInfo& info);
/// Nothing when it is another process's.
void remove_running(const DataFolder& folder);
/// `not_running` when there is no run.json or its process is gone.
Result<RunningInfo> read_running(const std::filesystem::path& data);

}  // namespace headgate::gateway
