#include "tests/support/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace headgate::test {

namespace fs = std::filesystem;

namespace {

bool said(std::string& why, const char* what)
{
    why = std::string(what) + ": " + std::strerror(errno);
    return false;
}

/// A mount namespace of our own; who is not root gets a user namespace in which it may mount.
bool leave_the_mounts_of_others(std::string& why)
{
    if (::unshare(CLONE_NEWNS) != 0) {
        const auto user = std::to_string(::getuid()), group = std::to_string(::getgid());
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return said(why, "unshare");
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << user + " " + user + " 1";
        std::ofstream("/proc/self/gid_map") << group + " " + group + " 1";
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 || said(why, "making mounts private");
}

}  // namespace

std::unique_ptr<SmallDisk> SmallDisk::mount(const fs::path& folder, std::size_t bytes, std::string& why)
{
    fs::create_directories(folder);
    const std::string options = "mode=0700,size=" + std::to_string(bytes);
    if (!leave_the_mounts_of_others(why))
        return nullptr;
    if (::mount("none", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
        said(why, "mounting a tmpfs");
        return nullptr;
    }
    return std::unique_ptr<SmallDisk>(new SmallDisk(folder));
}

SmallDisk::~SmallDisk()
{
    ::umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::fill()
{
    const int file = ::open((folder_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        throw std::runtime_error("the disk is so full that it takes no file");
    const std::vector<char> bytes(std::size_t{1} << 20U);
    for (std::size_t size = bytes.size(); size > 0;)
        if (::write(file, bytes.data(), size) <= 0)
            size /= 2;
    ::close(file);
}

void SmallDisk::make_room()
{
    fs::remove(folder_ / "filler");
}

}  // namespace headgate::test
