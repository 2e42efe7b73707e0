#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <boost/json.hpp>

namespace headgate::test {

namespace fs = std::filesystem;

/// A folder in /tmp that goes with the object.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] fs::path operator/(std::string_view name) const { return path_ / name; }

private:
    fs::path path_;
};

/// A real `headgate run` on free ports, with its managed Redis, in a data folder of the test's.
class HeadgateProcess {
public:
    struct Options {
        fs::path config;
        fs::path data;
        std::map<std::string, std::string> environment;
        std::string listen = "127.0.0.1:0";
    };
    explicit HeadgateProcess(Options options) : options_(std::move(options)) {}
    ~HeadgateProcess();
    HeadgateProcess(const HeadgateProcess&) = delete;
    HeadgateProcess& operator=(const HeadgateProcess&) = delete;

    /// Starts it and waits for run.json. False when it ended first (a fault point may sit before readiness).
    bool start(std::chrono::seconds limit = std::chrono::seconds(60));
    void environment(const std::string& name, const std::string& value) { options_.environment[name] = value; }
    void unset(const std::string& name) { options_.environment.erase(name); }
    void listen(std::string address) { options_.listen = std::move(address); }

    void kill_hard();                                                       // SIGKILL, reaped
    bool terminate(std::chrono::seconds limit = std::chrono::seconds(40));  // SIGTERM; true when it exited by itself
    [[nodiscard]] bool running();                                           // reaps when it has ended
    bool wait_until_ended(std::chrono::seconds limit);                      // by itself; true when it has
    [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] pid_t redis_pid() const;

    [[nodiscard]] std::string host() const { return "127.0.0.1"; }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string redis_socket() const;
    [[nodiscard]] const fs::path& data() const { return options_.data; }
    [[nodiscard]] std::string secret(const std::string& channel) const;
    [[nodiscard]] std::string log() const;

    /// A request to the admin API with the token: status and body.
    std::pair<int, std::string> admin(const std::string& method, const std::string& target,
                                      const std::string& body = {}) const;
    /// The same with another token; without any when it is empty.
    std::pair<int, std::string> admin_as(const std::string& token, const std::string& method, const std::string& target,
                                         const std::string& body = {}) const;
    /// Is told every answer of the admin API to any of these processes.
    using Watcher =
        std::function<void(const std::string& method, const std::string& target, int status, const std::string& body)>;
    static void watch(Watcher watcher);
    boost::json::value admin_json(const std::string& target) const;
    /// A series of /metrics, labels and all as it is written there; 0 when it has not begun.
    [[nodiscard]] double metric(std::string_view series) const;
    /// Asks the admin API until its answer has, or has no more, these words; false past the limit.
    [[nodiscard]] bool wait_until_told(const std::string& target, std::string_view words, std::chrono::seconds limit,
                                       bool there = true) const;
    /// Asks `verify` until nothing waits and history has everything; false past the limit.
    bool wait_until_quiet(std::chrono::seconds limit) const;

private:
    Options options_;
    pid_t pid_ = 0;
    int port_ = 0;
    int admin_port_ = 0;
    std::string token_;
    std::optional<int> exit_code_;
};

/// Runs the binary to its end: exit code and what it printed on both streams.
struct CommandResult {
    int code = -1;
    std::string out;
    std::string err;
};
CommandResult run_headgate(const std::vector<std::string>& arguments,
                           const std::map<std::string, std::string>& environment = {}, const std::string& input = {});

/// Makes the folders on the way.
void write_file(const fs::path& path, const std::string& text);

/// Looks again and again until it is so; false past the limit.
bool happens(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(60));

fs::path source_folder();
fs::path headgate_binary();

}  // namespace headgate::test
