#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace headgate::retry {

// The Unix side of ManagedRedis: what forks, locks, signals and reaps. Blocking, but never for long.

/// flock of a file whose lock a server inherits: held as long as any process has the file open, so it is free exactly
/// when no server of the folder lives. The file names the server's pid.
class FolderLock {
public:
    /// `lock_failed` when the file cannot be opened; taken by another is no failure.
    static Result<FolderLock> take(const std::filesystem::path& path);
    FolderLock(FolderLock&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          held_(other.held_),
          owner_(other.owner_)
    {}
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock();

    [[nodiscard]] bool held() const { return held_; }
    [[nodiscard]] int owner() const { return owner_; }  // the pid of who has it, 0 when unknown
    [[nodiscard]] int fd() const { return fd_; }

private:
    FolderLock(int fd, bool held, int owner) : fd_(fd), held_(held), owner_(owner) {}
    int fd_;
    bool held_;
    int owner_;
};

struct Process {
    int pid = 0;
    int pidfd = -1;  // readable when it has ended; the caller closes it
};

/// fork and exec: own process group, SIGTERM when the calling thread ends, no files of ours but the lock.
/// `fork_failed` (transient).
Result<Process> start_process(const std::vector<std::string>& command, const FolderLock& lock);

/// Kills and collects a process that nobody will watch.
void discard(const Process& process);

/// Signals `pid` if it (still) is a redis-server by /proc/PID/cmdline.
void terminate_server(int pid);
void kill_server(int pid);
/// Collects an ended child: "exit status 1", "signal 9".
std::string reap(int pid);

/// The program's path by PATH; empty when there is none.
std::string find_program(const std::string& name);
/// A new folder, mode 0700, below $XDG_RUNTIME_DIR or /tmp.
Result<std::string> fresh_runtime_folder();

}  // namespace headgate::retry
