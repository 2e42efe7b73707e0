#include "gateway/tools/watcher.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace headgate::gateway {

namespace {

/// Reads what there is; whether one of it matters.
bool matters(int notices, std::string_view name)
{
    alignas(inotify_event) std::array<char, 16384> bytes{};
    const auto got = ::read(notices, bytes.data(), bytes.size());
    bool found = false;
    for (long at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, bytes.data() + at, sizeof event);
        const std::string_view file = event.len > 0 ? bytes.data() + at + sizeof event : "";
        found =
            found || file == name || file.ends_with(".yaml") || file.ends_with(".json") || (event.mask & IN_ISDIR) != 0;
        at += static_cast<long>(sizeof event + event.len);
    }
    return found;
}

bool readable(int notices, int timeout_ms)
{
    pollfd waiting{notices, POLLIN, 0};
    int ready = 0;
    do
        ready = ::poll(&waiting, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

}  // namespace

Watcher::Watcher() : notices_(::inotify_init1(IN_CLOEXEC))
{
    if (notices_ < 0)
        throw std::runtime_error("files cannot be watched: " + std::string(std::strerror(errno)));
}

Watcher::~Watcher()
{
    ::close(notices_);
}

void Watcher::folder(const std::string& path)
{
    ::inotify_add_watch(notices_, path.c_str(),
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR);
}

void Watcher::tree(const std::string& path)  // NOLINT(misc-no-recursion)
{
    folder(path);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
        if (std::error_code unknown; entry.is_directory(unknown) && !entry.path().filename().string().starts_with('.'))
            tree(entry.path());
}

void Watcher::wait(std::string_view name) const
{
    constexpr int for_ever = -1;
    constexpr int moment_ms = 60;  // an editor writes, renames and touches in one go
    bool changed = false;
    while (!changed)
        changed = readable(notices_, for_ever) && matters(notices_, name);
    while (readable(notices_, moment_ms))
        matters(notices_, name);
}

}  // namespace headgate::gateway
