#include "gateway/data_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>

namespace headgate::gateway {

namespace fs = std::filesystem;

Result<DataFolder> DataFolder::open(const std::string& path)
{
    std::error_code error;
    const bool made = fs::create_directories(path, error);
    const std::string why = error ? error.message() : "";
    const fs::path folder = fs::absolute(path, error).lexically_normal();
    if (!fs::is_directory(folder, error))
        return fail(
            FailureClass::permanent, "data_folder_unusable",
            folder.string() + (fs::exists(folder, error) ? " is a file and no folder" : " cannot be made: " + why));
    if (made)
        fs::permissions(folder, fs::perms::owner_all, error);
    const int lock = ::open((folder / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock < 0)
        return fail(FailureClass::permanent, "data_folder_unusable",
                    (folder / "lock").string() + " cannot be opened: " + std::strerror(errno));
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return fail(FailureClass::permanent, "data_folder_in_use",
                    "another Headgate works in " + folder.string() + "; one folder belongs to one process");
    }
    return DataFolder(folder, lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1))
{}

DataFolder::~DataFolder()
{
    if (lock_ >= 0)
        ::close(lock_);
}

void sync_folder(const fs::path& folder)
{
    if (const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); file >= 0) {
        ::fsync(file);
        ::close(file);
    }
}

Result<void> write_file(const fs::path& path, std::string_view text, unsigned mode)
{
    const std::string draft = path.string() + ".new";
    const int file = ::open(draft.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode);
    const bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    if (file >= 0)
        ::close(file);
    if (!written || ::rename(draft.c_str(), path.c_str()) != 0)
        return fail(FailureClass::transient, "file_unwritable",
                    path.string() + " cannot be written: " + std::strerror(errno));
    sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
    return {};
}

Result<std::string> read_file(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(FailureClass::permanent, "file_unreadable", path.string() + " cannot be read");
    return std::string{std::istreambuf_iterator<char>(file), {}};
}

Result<void> write_running(const DataFolder& folder, const RunningInfo& info)
{
    const boost::json::object out{{"pid", info.pid},
                                  {"version", HEADGATE_VERSION},
                                  {"public", info.public_address},
                                  {"admin", info.admin_address},
                                  {"admin_token_file", info.admin_token_file},
                                  {"config", info.config},
                                  {"data", info.data}};
    return write_file(folder / "run.json", boost::json::serialize(out) + "\n", 0600);
}

void remove_running(const DataFolder& folder)
{
    const auto info = read_running(folder.path());
    if (info && info->pid != ::getpid())
        return;  // another process has taken the folder over: the lock file was removed by hand
    std::error_code ignored;
    fs::remove(folder / "run.json", ignored);
}

Result<RunningInfo> read_running(const fs::path& data)
{
    const auto not_running = [&](const std::string& why) {
        return fail(FailureClass::permanent, "not_running",
                    "no Headgate runs in " + data.string() + ": " + why + " (start one with `headgate run --data " +
                        data.string() + "`)");
    };
    const auto text = read_file(data / "run.json");
    if (!text)
        return not_running("there is no run.json");
    boost::system::error_code error;
    const auto parsed = boost::json::parse(*text, error);
    if (error || !parsed.is_object())
        return not_running("its run.json is not readable");
    const auto& fields = parsed.as_object();
    const auto field = [&](std::string_view name) {
        const auto* value = fields.if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string{};
    };
    RunningInfo info;
    if (const auto* pid = fields.if_contains("pid"); pid != nullptr && pid->is_int64())
        info.pid = static_cast<int>(pid->as_int64());
    info.public_address = field("public");
    info.admin_address = field("admin");
    info.admin_token_file = field("admin_token_file");
    info.config = field("config");
    info.data = field("data");
    if (info.pid <= 0 || (::kill(info.pid, 0) != 0 && errno == ESRCH))
        return not_running("its process " + std::to_string(info.pid) + " is gone");
    return info;
}

}  // namespace headgate::gateway
