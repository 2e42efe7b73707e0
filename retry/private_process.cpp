#include "retry/private_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace headgate::retry {

namespace {

std::unexpected<Failure> system_failure(const char* code, const std::string& what)
{
    return fail(FailureClass::transient, code, what + ": " + std::strerror(errno));
}

bool is_redis_server(int pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str().find("redis-server") != std::string::npos;
}

/// In the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, int lock_fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(126);  // it ended before the line above
    setpgid(0, 0);   // a Ctrl-C is for us: we stop Redis when nothing needs it any more

    std::array<char, 16> digits{};
    std::size_t at = digits.size();
    for (auto pid = getpid(); pid > 0; pid /= 10)
        digits[--at] = static_cast<char>('0' + pid % 10);
    if (ftruncate(lock_fd, 0) != 0 ||
        pwrite(lock_fd, digits.data() + at, digits.size() - at, 0) != static_cast<ssize_t>(digits.size() - at))
        _exit(125);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    // The lock at 3, and nothing else of ours.
    if (lock_fd != 3)
        dup2(lock_fd, 3);
    else
        fcntl(3, F_SETFD, 0);
    syscall(SYS_close_range, 4U, ~0U, 0U);
    execv(argv[0], argv);
    _exit(127);
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& path)
{
    int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return system_failure("lock_failed", path.string());
    bool held = flock(fd, LOCK_EX | LOCK_NB) == 0;
    std::array<char, 16> digits{};
    int owner = 0;
    if (!held && pread(fd, digits.data(), digits.size() - 1, 0) > 0)
        owner = std::atoi(digits.data());
    return FolderLock(fd, held, owner);
}

FolderLock::~FolderLock()
{
    if (fd_ >= 0)
        close(fd_);
}

Result<Process> start_process(const std::vector<std::string>& command, const FolderLock& lock)
{
    std::vector<char*> argv;
    for (const auto& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);

    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return system_failure("fork_failed", command.front());
    if (pid == 0)
        become(argv.data(), lock.fd(), parent);
    auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) {
        auto failure = system_failure("fork_failed", "pidfd_open");
        discard({pid, -1});
        return failure;
    }
    return Process{pid, pidfd};
}

void discard(const Process& process)
{
    kill(process.pid, SIGKILL);
    waitpid(process.pid, nullptr, 0);
    if (process.pidfd >= 0)
        close(process.pidfd);
}

void terminate_server(int pid)
{
    if (pid > 0)
        kill(pid, SIGTERM);
}

void kill_server(int pid)
{
    if (pid > 0 && is_redis_server(pid))
        kill(pid, SIGKILL);
}

std::string reap(int pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        return "unknown end";
    if (WIFSIGNALED(status))
        return "signal " + std::to_string(WTERMSIG(status));
    return "exit status " + std::to_string(WEXITSTATUS(status));
}

std::string find_program(const std::string& name)
{
    if (name.find('/') != std::string::npos)
        return access(name.c_str(), X_OK) == 0 ? name : std::string();
    const char* path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto candidate = folder + "/" + name;
        if (access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return {};
}

Result<std::string> fresh_runtime_folder()
{
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    std::string pattern = std::string(runtime != nullptr && *runtime != '\0' ? runtime : "/tmp") + "/headgate-XXXXXX";
    if (pattern.size() + sizeof "/redis.sock" > 107)
        pattern = "/tmp/headgate-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
        return system_failure("lock_failed", pattern);
    return pattern;
}

}  // namespace headgate::retry
