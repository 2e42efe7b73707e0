#include "tests/support/headgate_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "net/http/client.hpp"

extern char** environ;

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// What a file holds; nothing when it is not there, or is gone while it is read (/proc of a process that ends).
std::string contents(const fs::path& path)
{
    std::string text;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return text;
    std::array<char, 65536> buffer{};
    for (auto count = ::read(file, buffer.data(), buffer.size()); count > 0;
         count = ::read(file, buffer.data(), buffer.size()))
        text.append(buffer.data(), static_cast<std::size_t>(count));
    ::close(file);
    return text;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& extra)
{
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!extra.contains(text.substr(0, text.find('='))))
            all.push_back(text);
    }
    for (const auto& [name, value] : extra)
        all.push_back(name + "=" + value);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> list;
    for (auto& text : texts)
        list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

HeadgateProcess::Watcher& watcher()
{
    static HeadgateProcess::Watcher one;
    return one;
}

/// What a test waits for has no handle to wait on; the limit only ends a test that has failed.
void pause_briefly()
{
    ::poll(nullptr, 0, 5);
}

}  // namespace

TemporaryFolder::TemporaryFolder()
{
    std::string name = (fs::temp_directory_path() / "headgate-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no temporary folder");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    if (std::getenv("HEADGATE_KEEP") == nullptr)
        fs::remove_all(path_, ignored);
}

fs::path source_folder()
{
    const char* folder = std::getenv("HEADGATE_SOURCE");
    return folder != nullptr ? fs::path(folder) : fs::current_path();
}

fs::path headgate_binary()
{
    const char* binary = std::getenv("HEADGATE_BINARY");
    return binary != nullptr ? fs::path(binary) : fs::read_symlink("/proc/self/exe").parent_path() / "headgate";
}

HeadgateProcess::~HeadgateProcess()
{
    kill_hard();
    // Its Redis ends by itself when its parent is gone; the folder can only go after it.
    for (int i = 0; i < 2000 && redis_pid() > 0; ++i)
        pause_briefly();
}

bool HeadgateProcess::start(std::chrono::seconds limit)
{
    std::error_code ignored;
    fs::create_directories(options_.data);
    fs::remove(options_.data / "run.json", ignored);
    std::vector<std::string> arguments{headgate_binary().string(),
                                       "run",
                                       "--config",
                                       options_.config.string(),
                                       "--data",
                                       options_.data.string(),
                                       "--listen",
                                       options_.listen,
                                       "--admin",
                                       "127.0.0.1:0"};
    auto variables = environment_with(options_.environment);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string log = (options_.data / "test.log").string();
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    auto argv = pointers(arguments);
    auto envp = pointers(variables);
    exit_code_.reset();
    const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        throw std::runtime_error("cannot start " + arguments[0]);

    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        if (!running())
            return false;
        const auto text = contents(options_.data / "run.json");
        boost::system::error_code error;
        const auto parsed = boost::json::parse(text, error);
        if (!error && parsed.is_object() && parsed.at("pid").to_number<int>() == pid_) {
            const auto port_of = [&](const char* name) {
                const std::string address(parsed.at(name).as_string());
                return std::atoi(address.c_str() + address.rfind(':') + 1);
            };
            port_ = port_of("public");
            admin_port_ = port_of("admin");
            token_ = contents(std::string(parsed.at("admin_token_file").as_string()));
            while (token_.ends_with('\n'))
                token_.pop_back();
            return true;
        }
        pause_briefly();
    }
    throw std::runtime_error("headgate did not become ready:\n" + this->log());
}

bool HeadgateProcess::running()
{
    if (pid_ == 0)
        return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_)
        return true;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = 0;
    return false;
}

bool HeadgateProcess::wait_until_ended(std::chrono::seconds limit)
{
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (process >= 0) {
        pollfd ended{process, POLLIN, 0};
        ::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(limit).count()));
        ::close(process);
    }
    return !running();
}

void HeadgateProcess::kill_hard()
{
    if (pid_ == 0)
        return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    exit_code_ = 128 + SIGKILL;
    pid_ = 0;
}

bool HeadgateProcess::terminate(std::chrono::seconds limit)
{
    if (pid_ == 0)
        return false;
    ::kill(pid_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (running()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        pause_briefly();
    }
    return true;
}

pid_t HeadgateProcess::redis_pid() const
{
    {
        const auto text = contents(options_.data / "redis/redis.lock");
        const pid_t pid = std::atoi(text.c_str());
        const auto command = contents("/proc/" + std::to_string(pid) + "/cmdline");
        if (pid > 0 && command.find("redis-server") != std::string::npos)
            return pid;
    }
    return 0;
}

std::string HeadgateProcess::redis_socket() const
{
    return (options_.data / "redis/redis.sock").string();
}

std::string HeadgateProcess::secret(const std::string& channel) const
{
    auto text = contents(options_.data / "secrets" / channel);
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

std::string HeadgateProcess::log() const
{
    return contents(options_.data / "test.log");
}

std::pair<int, std::string> HeadgateProcess::admin(const std::string& method, const std::string& target,
                                                   const std::string& body) const
{
    return admin_as(token_, method, target, body);
}

std::pair<int, std::string> HeadgateProcess::admin_as(const std::string& token, const std::string& method,
                                                      const std::string& target, const std::string& body) const
{
    net::ClientRequest request;
    request.host = "127.0.0.1";
    request.port = static_cast<std::uint16_t>(admin_port_);
    request.method = method;
    request.target = target;
    request.body = body;
    if (!token.empty())
        request.fields.emplace_back("Authorization", "Bearer " + token);
    const auto answer = net::exchange(request);
    if (!answer)
        return {0, answer.error().detail};
    if (watcher())
        watcher()(method, target, answer->status, answer->body);
    return {answer->status, answer->body};
}

void HeadgateProcess::watch(Watcher watching)
{
    watcher() = std::move(watching);
}

boost::json::value HeadgateProcess::admin_json(const std::string& target) const
{
    const auto [status, body] = admin("GET", target);
    boost::system::error_code error;
    auto parsed = boost::json::parse(body, error);
    if (status != 200 || error)
        return nullptr;
    return parsed;
}

double HeadgateProcess::metric(std::string_view series) const
{
    const std::string text = "\n" + admin("GET", "/metrics").second;
    const std::string line = "\n" + std::string(series) + " ";
    const auto at = text.find(line);
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + line.size(), nullptr);
}

bool HeadgateProcess::wait_until_told(const std::string& target, std::string_view words, std::chrono::seconds limit,
                                      bool there) const
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (; std::chrono::steady_clock::now() < deadline; pause_briefly())
        if (admin("GET", target).second.contains(words) == there)
            return true;
    return false;
}

bool HeadgateProcess::wait_until_quiet(std::chrono::seconds limit) const
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        const auto state = admin_json("/api/v1/verify");
        if (state.is_object() && state.at("waiting").to_number<int>() == 0 && state.at("frames").to_number<int>() == 0)
            return true;
        pause_briefly();
    }
    return false;
}

void write_file(const fs::path& path, const std::string& text)
{
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

bool happens(const std::function<bool()>& condition, std::chrono::seconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline)
            return false;
        pause_briefly();
    }
    return true;
}

CommandResult run_headgate(const std::vector<std::string>& arguments,
                           const std::map<std::string, std::string>& environment, const std::string& input)
{
    TemporaryFolder folder;
    std::ofstream(folder / "in") << input;
    std::vector<std::string> all{headgate_binary().string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    auto variables = environment_with(environment);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string in = (folder / "in").string(), out = (folder / "out").string(), err = (folder / "err").string();
    posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_CREAT | O_WRONLY, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_CREAT | O_WRONLY, 0600);
    auto argv = pointers(all);
    auto envp = pointers(variables);
    pid_t pid = 0;
    if (::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), envp.data()) != 0)
        throw std::runtime_error("cannot start " + all[0]);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(out), contents(err)};
}

}  // namespace headgate::test
